// SPDX-License-Identifier: MPL-2.0
//! The sources of keys, by their URIs.

use content_keys::{ContentRequest, Error, KeyProvider, check_key_file_uri, open_key_file};
use host_access::Host;

/// Checks what can be said of the URI of a source, and of the request to it, without opening the source.
///
/// # Errors
/// [`Error::BadUri`], [`Error::NoContentId`].
pub fn check_location(uri: &str, request: &ContentRequest) -> Result<(), Error> {
    let is_store = matches!(
        scheme_of(uri),
        Some("sqlite" | "postgresql" | "postgres")
            if cfg!(any(feature = "sqlite", feature = "postgres"))
    );
    let is_server =
        matches!(scheme_of(uri), Some("speke+http" | "speke+https") if cfg!(feature = "speke"));
    match is_store || is_server {
        true if request.content_id.is_none() => Err(Error::NoContentId),
        true => Ok(()),
        false => check_key_file_uri(uri),
    }
}

fn scheme_of(uri: &str) -> Option<&str> {
    uri.split_once(':').map(|(scheme, _)| scheme)
}

/// Opens the source of keys at a URI: `file:///path/x.keys` or `.cpix`, and with the features of this crate `sqlite:///path/keys.db`,
/// `postgresql://…` and `speke+https://…`. It may read files, and creates a `.keys` file that does not exist.
///
/// # Errors
/// [`Error::BadUri`], [`Error::NoContentId`], and those of the source.
pub fn open(
    uri: &str,
    request: &ContentRequest,
    host: &Host,
) -> Result<Box<dyn KeyProvider>, Error> {
    match scheme_of(uri) {
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        Some("sqlite" | "postgresql" | "postgres") => Ok(Box::new(
            content_key_store::StoreKeys::open(uri, request, host)?,
        )),
        #[cfg(feature = "speke")]
        Some("speke+http" | "speke+https") => {
            Ok(Box::new(content_keys::SpekeKeys::open(uri, request, host)?))
        }
        _ => open_key_file(uri, request, host),
    }
}
