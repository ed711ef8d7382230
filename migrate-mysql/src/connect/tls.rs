//! TLS, as `ssl-mode` means it: `REQUIRED` encrypts and looks at no certificate, `VERIFY_CA` wants it signed by
//! somebody we trust, `VERIFY_IDENTITY` wants it to be for this host, too.

use std::path::{Path, PathBuf};

use migrate_core::{Cause, CauseKind};
use mysql::{ClientIdentity, SslOpts};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::environment::{Environment, SslMode};

pub(super) fn options(environment: &Environment<'_>, mode: SslMode) -> Result<SslOpts, Cause> {
    // The client library asks rustls for the process's choice, which panics where several are compiled in and nobody
    // has chosen. An application that has chosen keeps its own.
    if CryptoProvider::get_default().is_none() {
        // It fails only when somebody has chosen meanwhile.
        let _ = ring::default_provider().install_default();
    }
    let options = SslOpts::default().with_client_identity(client_certificate(environment)?);
    if mode < SslMode::VerifyCa {
        return Ok(options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true));
    }
    let roots = roots(environment, mode)?;
    Ok(options.with_root_cert_path(Some(roots)).with_danger_skip_domain_validation(mode == SslMode::VerifyCa))
}

/// Whom to trust. Read here as well: the client library takes what is no certificate for one, or for none.
fn roots(environment: &Environment<'_>, mode: SslMode) -> Result<PathBuf, Cause> {
    let path = environment.get("ssl-ca").map(PathBuf::from);
    let path = path.ok_or_else(|| {
        Cause::new(CauseKind::Access, format!("ssl-mode={mode} needs to know whom to trust"))
            .hint("give the file of its certificates with `ssl-ca`")
    })?;
    certificates(&path)?;
    Ok(path)
}

fn client_certificate(environment: &Environment<'_>) -> Result<Option<ClientIdentity>, Cause> {
    let path = |keyword| environment.get(keyword).map(PathBuf::from);
    let (Some(certificate), Some(key)) = (path("ssl-cert"), path("ssl-key")) else { return Ok(None) };
    certificates(&certificate)?;
    PrivateKeyDer::from_pem_file(&key).map_err(|error| unusable(&key, &error.to_string()))?;
    Ok(Some(ClientIdentity::new(certificate, key)))
}

fn certificates(path: &Path) -> Result<(), Cause> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(unusable(path, "there is no certificate in it")),
        Ok(_) => Ok(()),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}

fn unusable(path: &Path, why: &str) -> Cause {
    super::environment::settings(&format!("{}: {why}", path.display()))
}
