// SPDX-License-Identifier: MPL-2.0
//! The key server of `playready-packager serve`: its page, REST, SPEKE, accounts and delivery to licence servers.
//!
//! ```
//! use cenc_types::{ContentKey, Scheme};
//! use host_access::SystemRandom;
//! use key_server::speke::{HeaderSettings, SpekeRequest, ResponseKey};
//!
//! // A packager requests one key for all tracks of a film, and PlayReady's `pssh` box with it.
//! let document = r#"<CPIX xmlns="urn:dashif:org:cpix" contentId="film" version="2.3">
//!   <ContentKeyList>
//!     <ContentKey kid="09e091ab-f838-41d2-9e35-58531fd19ec7" commonEncryptionScheme="cenc"/>
//!   </ContentKeyList>
//!   <DRMSystemList>
//!     <DRMSystem kid="09e091ab-f838-41d2-9e35-58531fd19ec7" systemId="9a04f079-9840-4286-ab92-e65be0885f95">
//!       <PSSH/>
//!     </DRMSystem>
//!   </DRMSystemList>
//!   <ContentKeyUsageRuleList>
//!     <ContentKeyUsageRule kid="09e091ab-f838-41d2-9e35-58531fd19ec7" intendedTrackType="ALL">
//!       <VideoFilter/><AudioFilter/>
//!     </ContentKeyUsageRule>
//!   </ContentKeyUsageRuleList>
//! </CPIX>"#;
//! let request = SpekeRequest::read(document.as_bytes(), Some("2.0"))?;
//! let slots = request.slots(Scheme::Cenc)?;
//! assert_eq!((&*slots[0].slot.content_id, &*slots[0].slot.label), ("film", "ALL"));
//!
//! // The server takes the key from its store; this one belongs to the KID in Microsoft's PlayReady Header specification.
//! let key = ContentKey::parse("nLBhFktwE+rvzH1tGEJMLA==")?;
//! let keys = [ResponseKey { kid: slots[0].kid.unwrap(), key: &key }];
//! let answer = request.answer(Scheme::Cenc, &HeaderSettings::default(), &keys, &SystemRandom)?;
//! assert!(answer.contains("nLBhFktwE+rvzH1tGEJMLA==") && !answer.contains("<PSSH/>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`server`] runs it: connections, sign-in, and the routes of page, REST and SPEKE; [`speke`] reads and fills the
//!   documents of SPEKE.
//! - [`accounts`] and [`tokens`] identify people and programs, [`idempotency`] keeps the responses of requests that may be repeated,
//!   and [`audit`] lists the actions.
//! - [`targets`] are the licence servers, [`deliveries`] the outbox of keys for them, and [`delivery`] posts the keys.
//! - [`operations`] are the tasks that pages, REST and command line share; [`store_health`] has the figures of the store.
//!
//! Everything works on a [`KeyStore`](content_key_store::KeyStore), which holds the keys. Time, random bytes and files of secrets come
//! from the store's [`Host`](host_access::Host).

pub mod accounts;
pub mod audit;
pub mod deliveries;
pub mod delivery;
mod fingerprints;
pub mod idempotency;
pub mod operations;
#[cfg(test)]
mod query_plans;
pub mod server;
pub mod speke;
pub mod store_health;
pub mod targets;
pub mod tokens;
