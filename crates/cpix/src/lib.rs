// SPDX-License-Identifier: MPL-2.0
//! CPIX documents of DASH-IF, versions 2.0 to 2.4: content keys, their DRM signaling, and the tracks and periods that they protect.
//!
//! ```
//! use cpix::Document;
//!
//! // The KID and key of Microsoft's public test content.
//! let xml = br#"<cpix:CPIX xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">
//!   <cpix:ContentKeyList>
//!     <cpix:ContentKey kid="10000000-1000-1000-1000-100000000001" commonEncryptionScheme="cenc">
//!       <cpix:Data><pskc:Secret><pskc:PlainValue>OiobaN0r2bLusl6ExHdmaA==</pskc:PlainValue></pskc:Secret></cpix:Data>
//!     </cpix:ContentKey>
//!   </cpix:ContentKeyList>
//! </cpix:CPIX>"#;
//! let document = Document::from_bytes(xml)?;
//! let key = document.content_keys[0].key()?;
//! assert_eq!(key.as_bytes()[..4], [0x3a, 0x2a, 0x1b, 0x68]);
//! # Ok::<(), cpix::Error>(())
//! ```
//!
//! [`Document::from_bytes`] reads documents as they occur in practice: children in any order, `master` or `multiVariant`, three forms
//! of MAC keys, the elements of SPEKE 1.0. [`Document::to_xml`] writes documents that are valid by the schemas of 2.3 and 2.4.
//! Signatures are neither verified nor kept; [`Document::refuse_signature`] is for programs that must not ignore them.

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
pub use matching::{TrackFacts, TrackKind};
pub use period::{Bounds, Period, Position};
pub use recipient::{UnwrapKey, WrapKey};
#[cfg(feature = "rsa")]
pub use rsa::{RsaPrivateKey, RsaRecipient, WeakKey};
pub use time::{Offset, Timestamp};
pub use usage_rule::UsageRule;
