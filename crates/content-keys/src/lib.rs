// SPDX-License-Identifier: MPL-2.0
//! Sources of content keys, and the choice of a key for each track.
//!
//! ```
//! use cenc_types::{ContentKey, Media, Track};
//! use content_keys::{KeyProvider, SeedKeys};
//! use playready_header::KeySeed;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The key seed of Microsoft's public test server, and a KID with the key that it derives.
//! let seed = KeySeed::parse("XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I")?;
//! let mut source = SeedKeys::new("10000000-1000-1000-1000-100000000001".parse()?, seed);
//!
//! let period_keys = source.period_keys(0)?;
//! let audio = Track { track_id: 2, media: Media::Audio };
//! let entry = period_keys.select(&audio, 0)?.ok_or("audio is protected")?;
//! assert_eq!(entry.key.as_bytes(), ContentKey::parse("OiobaN0r2bLusl6ExHdmaA==")?.as_bytes());
//! # Ok(())
//! # }
//! ```
//!
//! A source (one given key, a key seed, a `.keys` file, a CPIX file, a SPEKE server) implements [`KeyProvider`], which returns the
//! [`PeriodKeys`] of each crypto period. A [`KeyPrefetcher`] requests them ahead on a thread of its own, so that the streaming
//! thread only runs [`PeriodKeys::select`].

mod cpix_file;
mod error;
mod file;
mod prefetcher;
mod provider;
mod request;
mod ring;
mod seed;
mod selector;
#[cfg(feature = "speke")]
pub mod speke;
#[cfg(feature = "speke")]
mod speke_keys;

pub use cpix_file::CpixFile;
pub use error::{Error, LineError};
pub use file::KeyFile;
pub use prefetcher::{KeyPrefetcher, PeriodFailure};
pub use provider::{FixedKeys, KeyProvider, PeriodKeys, PeriodRules};
pub use request::{ContentRequest, load_keys, open_key_file};
pub use ring::{KeyEntry, KeyRing};
pub use seed::{SeedKeys, period_kid};
pub use selector::{Selector, VideoClass};
#[cfg(feature = "speke")]
pub use speke_keys::SpekeKeys;
