// SPDX-License-Identifier: MPL-2.0
//! TLS: the certificate of the server, from files or self-signed, and the certificates of clients.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_access::{Host, SecretFiles, read_regular_file};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::settings::{CertificateSource, ServerSettings};
use crate::fingerprints::hex;

/// The PEM files of a certificate and its private key.
struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// The TLS of a server, and the certificate by which its clients know it.
pub struct ServerTls {
    pub acceptor: TlsAcceptor,
    /// The SHA-256 of the certificate, in hexadecimal digits.
    pub fingerprint: String,
}

/// Makes the TLS; None for plain HTTP.
pub fn acceptor(settings: &ServerSettings, host: &Host) -> Result<Option<ServerTls>, Error> {
    let files = match &settings.certificate {
        Some(CertificateSource::Files { certificate, key }) => CertificateFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        Some(CertificateSource::SelfSigned(folder)) => self_signed(folder, settings)?,
        None => return Ok(None),
    };
    let chain = certificates(&files.certificate)?;
    let fingerprint = hex(&chain.first().map(fingerprint).unwrap_or_default());
    let provider = Arc::new(ring::default_provider());
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    let mut config = match &settings.client_ca {
        Some(path) => versions.with_client_cert_verifier(clients(path, provider)?),
        None => versions.with_no_client_auth(),
    }
    .with_single_cert(chain, private_key(&files.key, &*host.files)?)
    .map_err(Error::Tls)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(ServerTls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        fingerprint,
    }))
}

/// Returns the SHA-256 of the DER form of a certificate, by which accounts name it.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// Makes the verifier of client certificates. It accepts clients without a certificate, which may have a token.
fn clients(
    path: &Path,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(Error::Tls)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(Error::ClientCa)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bytes = read_regular_file(path).map_err(|source| file_error(path, source))?;
    CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| Error::Pem {
            path: path.to_owned(),
            what: "certificate",
        })
}

fn private_key(path: &Path, files: &dyn SecretFiles) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(files.read(path)?.as_bytes()).map_err(|_| Error::Pem {
        path: path.to_owned(),
        what: "private key",
    })
}

/// Returns the files of the self-signed certificate, which names the listening and the public address. Creates missing files.
fn self_signed(folder: &Path, settings: &ServerSettings) -> Result<CertificateFiles, Error> {
    let files = CertificateFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    if !files.certificate.exists() || !files.key.exists() {
        let made =
            rcgen::generate_simple_self_signed(names(settings)).map_err(Error::SelfSigned)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| file_error(folder, source))?;
        let private = zeroize::Zeroizing::new(made.signing_key.serialize_pem());
        write(&files.key, private.as_bytes(), 0o600)?;
        write(&files.certificate, made.cert.pem().as_bytes(), 0o644)?;
    }
    let certificates = certificates(&files.certificate)?;
    let digest = hex(&certificates.first().map(fingerprint).unwrap_or_default());
    tracing::info!(sha256 = digest, file = %files.certificate.display(), "self-signed certificate");
    Ok(files)
}

fn names(settings: &ServerSettings) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if !settings.listen.ip().is_unspecified() {
        names.push(settings.listen.ip().to_string());
    }
    names.extend(
        settings
            .public_url
            .as_ref()
            .and_then(|url| url.host_str())
            .map(str::to_owned),
    );
    names.sort();
    names.dedup();
    names
}

/// Writes a file, over one that an interrupted start has left.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}
