//! TLS, as `sslmode` means it: `require` encrypts and looks at no certificate, `verify-ca` wants it signed by somebody
//! we trust, `verify-full` wants it to be for this host, too.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrate_core::{Cause, CauseKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::environment::{Environment, Server};
use crate::error::in_full;

pub(super) fn connector(environment: &Environment<'_>, direct: bool) -> Result<MakeRustlsConnect, Cause> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| Cause::new(CauseKind::Access, error.to_string()))?;
    let builder = match verifier(environment, provider)? {
        Check::Host(roots) => builder.with_root_certificates(roots),
        Check::Other(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
    };
    let mut config = match client_certificate(environment)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| format!("the client's certificate and its key can't be used: {error}"))
            .map_err(|message| environment.wrong(&["sslcert", "sslkey"], &message))?,
    };
    if direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

enum Check {
    /// The chain and the host's name.
    Host(Arc<RootCertStore>),
    /// Less.
    Other(Arc<dyn ServerCertVerifier>),
}

fn verifier(environment: &Environment<'_>, provider: Arc<CryptoProvider>) -> Result<Check, Cause> {
    let mode = environment.ssl_mode()?;
    let roots = roots(environment, mode.starts_with("verify-"))?;
    Ok(match (roots, mode.as_str()) {
        (Some(roots), "verify-full") => Check::Host(roots),
        // As libpq has it: where there are certificates to trust, `require` means verify-ca.
        (Some(roots), "verify-ca" | "require") => {
            let chain = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            let message = |error| format!("the root certificates can't be used: {error}");
            let chain = chain.map_err(|error| environment.wrong(&["sslrootcert"], &message(error)))?;
            Check::Other(Arc::new(AnyHost(chain)))
        }
        _ => Check::Other(Arc::new(Anybody(provider))),
    })
}

/// Whom to trust; `None` = no file says so, and none is needed.
fn roots(environment: &Environment<'_>, needed: bool) -> Result<Option<Arc<RootCertStore>>, Cause> {
    let mut store = RootCertStore::empty();
    let given = environment.get("sslrootcert");
    if given.as_deref() == Some("system") {
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            let why = found.errors.first().map_or_else(String::new, |error| format!(": {error}"));
            return Err(environment.wrong(&["sslrootcert"], &format!("this system has no root certificates{why}")));
        }
        return Ok(Some(Arc::new(store)));
    }
    let path = given.map(PathBuf::from).or_else(|| in_home(environment, "root.crt"));
    let Some(path) = path.as_ref().filter(|path| !is_missing(path)) else {
        if !needed {
            return Ok(None);
        }
        let place = path.map_or_else(String::new, |path| format!(" at {}", path.display()));
        let message = format!("there is no file of root certificates{place}; `sslrootcert=system` takes the system's");
        return Err(environment.wrong(&["sslrootcert"], &message));
    };
    let unreadable = |why: String| environment.wrong(&["sslrootcert"], &format!("{}: {why}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        store.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(unreadable("there is no certificate in it".into()));
    }
    Ok(Some(Arc::new(store)))
}

type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// As libpq has it, a certificate that is not there is none, for not every server wants one; but a certificate needs its
/// key.
fn client_certificate(environment: &Environment<'_>) -> Result<Option<ClientCertificate>, Cause> {
    let wrong = |keyword, path: &Path, why: &str| environment.wrong(&[keyword], &format!("{}: {why}", path.display()));
    let Some(certificate) = client_file(environment, "sslcert", "postgresql.crt").filter(|path| !is_missing(path))
    else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong("sslcert", &certificate, &error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("sslcert", &certificate, "there is no certificate in it"));
    }
    let Some(key) = client_file(environment, "sslkey", "postgresql.key") else {
        return Err(wrong("sslkey", &certificate, "this certificate has no key"));
    };
    if is_missing(&key) {
        let why = format!("there is no such file, which is the key of {}", certificate.display());
        return Err(wrong("sslkey", &key, &why));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if std::fs::metadata(&key).is_ok_and(|file| others_may_read(file.uid(), file.mode())) {
            return Err(wrong("sslkey", &key, "others may read this private key: chmod 600 (640 where root owns it)"));
        }
    }
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| {
        let locked = || std::fs::read_to_string(&key).is_ok_and(|text| text.contains("ENCRYPTED"));
        match error {
            pem::Error::NoItemsFound if locked() => {
                wrong("sslkey", &key, "a key with a passphrase is not understood here")
            }
            pem::Error::NoItemsFound => wrong("sslkey", &key, "there is no private key in it"),
            error => wrong("sslkey", &key, &error.to_string()),
        }
    })?;
    Ok(Some((chain, secret)))
}

fn client_file(environment: &Environment<'_>, keyword: &str, name: &str) -> Option<PathBuf> {
    environment.get(keyword).map(PathBuf::from).or_else(|| in_home(environment, name))
}

/// Not: whether it may be read.
fn is_missing(path: &Path) -> bool {
    let missing = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    std::fs::metadata(path).is_err_and(|error| missing.contains(&error.kind()))
}

/// libpq's rule: a key of the system's may be for a group.
#[cfg(unix)]
fn others_may_read(owner: u32, mode: u32) -> bool {
    mode & if owner == 0 { 0o037 } else { 0o077 } != 0
}

fn in_home(environment: &Environment<'_>, name: &str) -> Option<PathBuf> {
    environment.home().map(|home| home.join(".postgresql").join(name))
}

/// Why a server was not reached over TLS, or would not have us.
pub(super) fn why_not(environment: &Environment<'_>, server: &Server, error: postgres::Error) -> Cause {
    let shown = || client_certificate(environment).is_ok_and(|certificate| certificate.is_some());
    if error.as_db_error().is_none() {
        let words = in_full(&error);
        if words.contains("server does not support TLS") {
            return no_tls(environment, server);
        }
        let direct = environment.get("sslnegotiation").as_deref() == Some("direct");
        if direct && words.contains("TLS handshake") && !words.contains("certificate") && !words.contains("fatal alert")
        {
            let message = format!("{server}: it takes no TLS from the first byte on ({words})");
            let place = environment.place_of("sslnegotiation");
            return Cause::new(CauseKind::Access, message).hint(format!(
                "`sslnegotiation=direct` needs PostgreSQL 17 or newer, with TLS switched on: take it out of {place}"
            ));
        }
        if words.contains("fatal alert") && shown() {
            let message =
                format!("{server}: the server refused the client's certificate, and its log says why ({words})");
            return environment.wrong(&["sslcert"], &message);
        }
        return super::open::why_not(error, server);
    }
    let mut cause = super::open::why_not(error, server);
    if cause.code.as_deref() != Some("28000") {
        return cause;
    }
    if shown() {
        return cause.hint(
            "the client's certificate was shown: where pg_hba.conf says `cert` or `clientcert=verify-full`, its common \
             name is the user's, or pg_ident.conf says whose it is; else see to the user of the URL",
        );
    }
    if cause.message.contains("client certificate") {
        let missing = environment.get("sslcert").map(PathBuf::from).filter(|path| is_missing(path));
        cause.hint = Some(match missing {
            Some(path) => format!("there is no file {}, which `sslcert` names", path.display()),
            None => "give it with `sslcert` and `sslkey`, or in ~/.postgresql/postgresql.crt and postgresql.key".into(),
        });
    }
    cause
}

fn no_tls(environment: &Environment<'_>, server: &Server) -> Cause {
    let mode = environment.ssl_mode().unwrap_or_default();
    if ["allow", "prefer"].contains(&mode.as_str()) {
        return Cause::new(CauseKind::Access, format!("{server}: the server has no TLS"));
    }
    let instead = match environment.get("sslmode") {
        Some(_) => format!("say `sslmode=prefer` or `sslmode=disable` in {}", environment.place_of("sslmode")),
        None => format!("take `sslrootcert=system` out of {}", environment.place_of("sslrootcert")),
    };
    Cause::new(CauseKind::Access, format!("{server}: the server has no TLS, which `sslmode={mode}` wants"))
        .hint(format!("switch TLS on at the server (`ssl = on`), or {instead}"))
}

/// `verify-ca`: the chain, whatever the host is called.
#[derive(Debug)]
struct AnyHost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `require` and below: encrypted, to whoever answers.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::others_may_read;

    #[test]
    fn a_key_of_the_systems_may_be_for_a_group() {
        assert!(!others_may_read(0, 0o100_640) && !others_may_read(0, 0o100_600) && !others_may_read(1000, 0o100_600));
        assert!(others_may_read(0, 0o100_644) && others_may_read(0, 0o100_660) && others_may_read(1000, 0o100_640));
    }
}
