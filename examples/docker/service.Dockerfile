# syntax=docker/dockerfile:1
# A service with its migrations compiled in: nothing but the binary is needed to migrate.
#
#   docker build -f examples/docker/service.Dockerfile -t example/shop .
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --example service && \
    cp target/release/examples/service /service

# The same release of Debian as above, for its C library.
FROM debian:bookworm-slim
COPY --from=build /service /service
USER 65532:65532
# Inside a container 127.0.0.1 is nobody else's. RUN_DATABASE_MIGRATIONS is left to the deployment: unset, the database is not
# touched.
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/service"]
