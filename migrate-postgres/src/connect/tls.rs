//! TLS, as `sslmode` means it: `require` encrypts and looks at no certificate, `verify-ca` wants it signed by somebody
//! we trust, `verify-full` wants it to be for this host, too.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrate_core::{Cause, CauseKind};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InconsistentKeys, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::environment::{Environment, Server};
use crate::error::in_full;

pub(super) fn connector(environment: &Environment<'_>, direct: bool) -> Result<MakeRustlsConnect, Cause> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| Cause::new(CauseKind::Access, error.to_string()))?;
    let builder = match verifier(environment, Arc::clone(&provider))? {
        Check::Host(roots) => builder.with_root_certificates(roots),
        Check::Other(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
    };
    let mut config = match client_certificate(environment)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => certified(chain, key, &provider)
            .map(|certified| builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
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

/// A certificate that rustls can't read, of version 1 for instance, is for the server to judge.
fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Error> {
    let certified = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    match certified.keys_match() {
        Err(error) if unread(&error) => {
            let of_key = certified.key.public_key();
            match certified.end_entity_cert().ok().and_then(|certificate| public_key(certificate)) == of_key {
                true => Ok(certified),
                false => Err(InconsistentKeys::KeyMismatch.into()),
            }
        }
        Err(error) => Err(error),
        Ok(()) => Ok(certified),
    }
}

/// Whether the certificate is in a form that rustls does not know.
fn unread(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(_)))
}

/// The public key of a certificate in whatever version.
fn public_key<'c>(certificate: &'c CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'c>> {
    const VERSION: u8 = 0xa0;
    let signed = Der::read(Der::read(certificate)?.value)?.value;
    let mut field = Der::read(signed)?;
    if field.whole.first() == Some(&VERSION) {
        field = Der::read(field.rest)?;
    }
    // Behind the number, the algorithm, the issuer, the time and the subject.
    for _ in 0..5 {
        field = Der::read(field.rest)?;
    }
    Some(field.whole.into())
}

/// A value of DER.
struct Der<'d> {
    whole: &'d [u8],
    value: &'d [u8],
    rest: &'d [u8],
}

impl<'d> Der<'d> {
    fn read(bytes: &'d [u8]) -> Option<Self> {
        let (_, behind) = bytes.split_first()?;
        let (first, behind) = behind.split_first()?;
        let (length, behind) = match first.checked_sub(0x80) {
            None => (usize::from(*first), behind),
            Some(size @ 1..=3) => {
                let (digits, behind) = behind.split_at_checked(usize::from(size))?;
                (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), behind)
            }
            Some(_) => return None,
        };
        let (value, rest) = behind.split_at_checked(length)?;
        let whole = bytes.get(..bytes.len() - rest.len())?;
        Some(Der { whole, value, rest })
    }
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
        if words.contains("UnsupportedCertVersion") {
            return super::open::why_not(error, server).hint(
                "the server's certificate is of X.509's version 1, which can't be checked: make it again with extensions \
                 (`openssl x509 -req -extfile`, with a subjectAltName)",
            );
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

impl Anybody {
    /// Also whom we don't check must have the key of the certificate, for SCRAM binds itself to it.
    fn by_its_key(
        &self,
        error: Error,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match public_key(certificate).filter(|_| unread(&error)) {
            Some(key) => {
                let algorithms = &self.0.signature_verification_algorithms;
                verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
            }
            None => Err(error),
        }
    }
}

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
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
            .or_else(|error| self.by_its_key(error, message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
            .or_else(|error| self.by_its_key(error, message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::{others_may_read, public_key};

    #[test]
    fn a_key_is_found_in_a_whole_certificate_only() {
        let pem = include_str!("../../tests/version-1.pem");
        let whole = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        assert!(public_key(&whole).is_some());
        for end in 0..whole.len() {
            assert!(public_key(&whole.get(..end).unwrap_or_default().into()).is_none(), "{end}");
        }
    }

    #[test]
    fn a_key_of_the_systems_may_be_for_a_group() {
        assert!(!others_may_read(0, 0o100_640) && !others_may_read(0, 0o100_600) && !others_may_read(1000, 0o100_600));
        assert!(others_may_read(0, 0o100_644) && others_may_read(0, 0o100_660) && others_may_read(1000, 0o100_640));
    }
}
