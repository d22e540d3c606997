// SPDX-License-Identifier: MPL-2.0
//! Sources of content keys, and the choice of a key for each track.
//!
//! ```
//! use cenc_types::{ContentKey, Media, Scheme, Track};
//! use content_keys::{ContentRequest, open_key_file};
//! # use std::io::Write;
//! # use std::os::unix::fs::OpenOptionsExt;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lines = "video 0c1d2e3f-4051-6273-8495-a6b7c8d9eafb 00112233445566778899aabbccddeeff\n\
//!              audio 5a461e69-2b5c-4d0f-9c37-1f0d6a7c1b2e ffeeddccbbaa99887766554433221100\n";
//! # let path = std::env::temp_dir().join(format!("content-keys-{}.keys", std::process::id()));
//! # let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
//! # file.write_all(lines.as_bytes())?;
//! // `path` is that of a file with these lines, mode 0600.
//! let mut source = open_key_file(
//!     &format!("file://{}", path.display()),
//!     &ContentRequest::new(Scheme::Cenc),
//!     &host_access::Host::system(),
//! )?;
//! # std::fs::remove_file(&path)?;
//!
//! let period_keys = source.period_keys(0)?;
//! let audio = Track { track_id: 2, media: Media::Audio };
//! let entry = period_keys.select(&audio, 0)?.ok_or("audio is protected")?;
//! assert_eq!(entry.kid.to_string(), "5a461e69-2b5c-4d0f-9c37-1f0d6a7c1b2e");
//! assert_eq!(entry.key.as_bytes(), ContentKey::parse("ffeeddccbbaa99887766554433221100")?.as_bytes());
//! # Ok(())
//! # }
//! ```
//!
//! A source (one given key, a key seed, a `.keys` file, a CPIX file, a SPEKE server) implements [`KeyProvider`], which returns the
//! [`PeriodKeys`] of each crypto period. [`KeyRequests`] requests them ahead on a thread of its own, and the streaming thread gets them
//! by its [`KeyPrefetcher`]. A [`KeyCache`] keeps them for the next stream.

mod cancel;
mod cpix_file;
mod derived_key_id;
mod error;
mod file;
mod key_cache;
mod key_requests;
mod key_source;
mod leaf_licence;
mod prefetch_state;
mod prefetcher;
mod provider;
mod request;
mod ring;
mod seed;
mod selector;
mod signaling_check;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "speke")]
mod speke_keys;

pub use cancel::CancelRequests;
pub use cpix_file::CpixFile;
pub use derived_key_id::key_id_for;
pub use error::{Error, LineError};
pub use file::KeyFile;
pub use key_cache::KeyCache;
pub use key_requests::KeyRequests;
pub use key_source::{KeySource, OpenSource, SourceFacts};
pub use leaf_licence::LeafLicence;
pub use prefetcher::{FirstKeys, KeyChannel, KeyPrefetcher, KeyWaker, PeriodFailure};
pub use provider::{FixedKeys, KeyProvider, PeriodKeys, PeriodRules};
pub use request::{ContentRequest, check_key_file_uri, load_keys, open_key_file};
pub use ring::{KeyEntry, KeyRing};
pub use seed::{SeedKeys, period_kid};
pub use selector::{Selector, VideoClass};
#[cfg(feature = "speke")]
pub use speke_keys::SpekeKeys;
