// SPDX-License-Identifier: MPL-2.0
//! The sources of keys, by their URIs.

use content_keys::{ContentRequest, Error, KeyProvider, open_key_file};
use host_access::Host;

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
    match uri.split_once(':').map(|(scheme, _)| scheme) {
        #[cfg(any(feature = "sqlite", feature = "postgres"))]
        Some("sqlite" | "postgresql" | "postgres") => Ok(Box::new(
            content_key_store::StoreKeys::open(uri, request, host)?,
        )),
        #[cfg(feature = "speke")]
        Some("speke+http" | "speke+https") => {
            Ok(Box::new(content_keys::SpekeKeys::open(uri, request, host)?))
        }
        _ => open_key_file(uri, request.scheme, host),
    }
}
