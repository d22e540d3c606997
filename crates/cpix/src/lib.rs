// SPDX-License-Identifier: MPL-2.0
//! CPIX documents of DASH-IF, versions 2.0 to 2.4: content keys, what DRM systems signal for them, and the tracks and periods that
//! each key is for.
//!
//! [`Document::from_bytes`] reads what is in the field: children in any order, `master` or `multiVariant`, three shapes of MAC
//! keys, SPEKE 1.0's own elements. [`Document::to_xml`] writes what the schemas of 2.3 and 2.4 hold valid. Signatures are neither
//! verified nor kept.

mod content_key;
mod delivery;
mod document;
mod drm_system;
mod encryption;
mod error;
mod filter;
mod matching;
mod period;
mod recipient;
#[cfg(feature = "rsa")]
mod rsa;
mod time;
mod usage_rule;
mod xml;

pub use content_key::{ContentKey, EncryptionScheme, Hdcp, KeyData};
pub use delivery::{Delivery, WrappedKey};
pub use document::{Document, Version};
pub use drm_system::{ContentProtection, DrmSystem, HlsSignaling, Playlist};
pub use encryption::EncryptedKey;
pub use error::Error;
pub use filter::{AudioFilter, BitrateFilter, VideoFilter};
pub use matching::{FrameRate, TrackFacts, TrackKind};
pub use period::{Bounds, Period, Position};
pub use recipient::{UnwrapKey, WrapKey};
#[cfg(feature = "rsa")]
pub use rsa::{RsaPrivateKey, RsaRecipient, WeakKey};
pub use time::{Offset, Timestamp};
pub use usage_rule::UsageRule;
