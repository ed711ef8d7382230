# syntax=docker/dockerfile:1
# The command line as a static image of nothing but itself and the root certificates:
#
#   docker build -f examples/docker/cli.Dockerfile -t example/migrate .
#
# and, for a project, with its migrations in it:
#
#   FROM example/migrate
#   COPY migrations /migrations
FROM rust:1.95-alpine AS build
WORKDIR /src
COPY . .
# SQLite and ring are C: cc is in the image, musl's headers are in this package. On Alpine Rust links statically by default.
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev ca-certificates
# What was compiled stays in the caches, not in a layer; so the binary is copied out in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package migrate-cli && \
    cp target/release/migrate /migrate

FROM scratch
# For sslmode=verify-full with sslrootcert=system, and for ssl-mode=VERIFY_CA.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /migrate /migrate
ENV MIGRATIONS_DIR=/migrations
# A number, for there is no /etc/passwd here, and runAsNonRoot of Kubernetes wants to see that it is not 0.
USER 65532:65532
ENTRYPOINT ["/migrate"]
CMD ["--help"]
