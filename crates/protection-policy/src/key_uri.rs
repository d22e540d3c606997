// SPDX-License-Identifier: MPL-2.0
//! Sources of keys by their locations.

use content_keys::{ContentRequest, Error, KeyProvider, open_key_file};
use host_access::Host;

/// The source at a location: `file:///path/x.keys` or `.cpix`; `sqlite:///path/keys.db`, `postgresql://…` and `speke+https://…`
/// where the features are built in. It may read files, and makes a `.keys` file that does not exist.
///
/// # Errors
/// [`Error::BadUri`], [`Error::NoContentId`], and those of the source.
pub fn open(
    uri: &str,
    request: &ContentRequest,
    host: &Host,
) -> Result<Box<dyn KeyProvider>, Error> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
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
