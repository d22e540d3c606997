// SPDX-License-Identifier: MPL-2.0
//! Whom HTTPS trusts, and the client's own certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use zeroize::Zeroizing;

use host_access::SecretFiles;

use super::{Error, Server};

/// Certificates in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// In a file.
    File(PathBuf),
    /// As they are.
    Text(String),
}

/// What the server's address and credentials ask for.
pub(super) fn config(server: &Server, files: &dyn SecretFiles) -> Result<TlsConfig, Error> {
    let roots = match &server.ca {
        Some(pem) => certificates(pem)?,
        None if server.is_https() => system_roots(),
        None => Vec::new(),
    };
    let provider = rustls::crypto::ring::default_provider();
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(client_certificate(server, files)?)
        .unversioned_rustls_crypto_provider(Arc::new(provider))
        .build())
}

/// Those that can be read; a connection that finds none of them says so.
fn system_roots() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found
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
    let private = PrivateKey::from_pem(text.as_bytes());
    let private =
        private.map_err(|_| bad(key, "no private key in pem: give one without passphrase"))?;
    Ok(Some(ClientCert::new_with_certs(
        &certificates_of_file(chain)?,
        private,
    )))
}

/// Certificates, at least one.
pub fn certificates(pem: &Pem) -> Result<Vec<Certificate<'static>>, Error> {
    match pem {
        Pem::File(path) => certificates_of_file(path),
        Pem::Text(text) => parse(text.as_bytes()).map_err(Error::CertificateText),
    }
}

fn certificates_of_file(path: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    let bytes = fs::read(path).map_err(|_| bad(path, "it cannot be read"))?;
    parse(&bytes).map_err(|reason| bad(path, reason))
}

fn parse(bytes: &[u8]) -> Result<Vec<Certificate<'static>>, &'static str> {
    let items = parse_pem(bytes).map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Ok(Some(certificate)),
        Ok(_) => Ok(None),
        Err(_) => Err("it is not pem"),
    });
    let found: Vec<_> = items
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    match found.is_empty() {
        true => Err("no certificate in it"),
        false => Ok(found),
    }
}

fn bad(path: &Path, reason: &'static str) -> Error {
    let path = path.to_owned();
    Error::Certificates { path, reason }
}
