// SPDX-License-Identifier: MPL-2.0
//! The certificates that HTTPS trusts, and the client's own certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use zeroize::Zeroizing;

use host_access::{SecretFiles, read_regular_file};

use super::{Error, Server};

/// Certificates in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// In a file.
    File(PathBuf),
    /// In a text.
    Text(String),
}

/// Returns the TLS configuration for a server's address and credentials.
pub(super) fn config(server: &Server, files: &dyn SecretFiles) -> Result<TlsConfig, Error> {
    let roots = match &server.ca {
        Some(pem) => certificates(pem)?,
        None if server.is_https() => system_roots(),
        None => Vec::new(),
    };
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(client_certificate(server, files)?)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// Returns the system's certificates that can be read. If there are none, the connection fails with that cause.
fn system_roots() -> Vec<Certificate<'static>> {
    rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect()
}

fn client_certificate(
    server: &Server,
    files: &dyn SecretFiles,
) -> Result<Option<ClientCert>, Error> {
    let credentials = &server.credentials;
    let (Some(chain), Some(key)) = (&credentials.client_certificate, &credentials.client_key)
    else {
        return Ok(None);
    };
    let text: Zeroizing<String> = files.read(key)?;
    let private_key = PrivateKey::from_pem(text.as_bytes())
        .map_err(|_| file_error(key, "no private key in pem: give one without passphrase"))?;
    Ok(Some(ClientCert::new_with_certs(
        &read_certificate_file(chain)?,
        private_key,
    )))
}

/// Reads certificates, of which there must be at least one.
///
/// # Errors
/// [`Error::Certificates`] for a file, [`Error::CertificateText`] for a text.
pub fn certificates(pem: &Pem) -> Result<Vec<Certificate<'static>>, Error> {
    match pem {
        Pem::File(path) => read_certificate_file(path),
        Pem::Text(text) => parse_certificates(text.as_bytes()).map_err(Error::CertificateText),
    }
}

fn read_certificate_file(path: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    read_regular_file(path)
        .map_err(|_| "it cannot be read")
        .and_then(|bytes| parse_certificates(&bytes))
        .map_err(|reason| file_error(path, reason))
}

fn parse_certificates(bytes: &[u8]) -> Result<Vec<Certificate<'static>>, &'static str> {
    let certificates: Vec<_> = parse_pem(bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(_) => Some(Err("it is not pem")),
        })
        .collect::<Result<_, _>>()?;
    match certificates.is_empty() {
        true => Err("no certificate in it"),
        false => Ok(certificates),
    }
}

fn file_error(path: &Path, reason: &'static str) -> Error {
    Error::Certificates {
        path: path.to_owned(),
        reason,
    }
}
