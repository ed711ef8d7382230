//! TLS, as `sslmode` means it: `require` encrypts and looks at no certificate, `verify-ca` wants it signed by somebody
//! we trust, `verify-full` wants it to be for this host, too.

use std::path::PathBuf;
use std::sync::Arc;

use migrate_core::{Cause, CauseKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::environment::Environment;

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
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(environment.wrong(&["sslrootcert"], "this system has no root certificates"));
        }
        return Ok(Some(Arc::new(store)));
    }
    let path = given.map(PathBuf::from).or_else(|| in_home(environment, "root.crt"));
    let Some(path) = path.filter(|path| path.exists()) else {
        let message = "there is no file of root certificates: give one with `sslrootcert`, or `sslrootcert=system`";
        return if needed { Err(environment.wrong(&["sslrootcert"], message)) } else { Ok(None) };
    };
    let unreadable = |why: String| environment.wrong(&["sslrootcert"], &format!("{}: {why}", path.display()));
    let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(error.to_string()))?;
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

fn client_certificate(environment: &Environment<'_>) -> Result<Option<ClientCertificate>, Cause> {
    let path = |keyword, name| environment.get(keyword).map(PathBuf::from).or_else(|| in_home(environment, name));
    let given = environment.get("sslcert").is_some();
    let Some(certificate) = path("sslcert", "postgresql.crt").filter(|path| given || path.exists()) else {
        return Ok(None);
    };
    let Some(key) = path("sslkey", "postgresql.key") else { return Ok(None) };
    let wrong =
        |keyword, path: &PathBuf, why: String| environment.wrong(&[keyword], &format!("{}: {why}", path.display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(&key).is_ok_and(|file| file.permissions().mode() & 0o007 != 0) {
            return Err(wrong("sslkey", &key, "everybody may read this private key: chmod 600".into()));
        }
    }
    let chain = CertificateDer::pem_file_iter(&certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong("sslcert", &certificate, error.to_string()))?;
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| wrong("sslkey", &key, error.to_string()))?;
    Ok(Some((chain, secret)))
}

fn in_home(environment: &Environment<'_>, name: &str) -> Option<PathBuf> {
    environment.home().map(|home| home.join(".postgresql").join(name)).filter(|path| path.exists())
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
