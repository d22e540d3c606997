// SPDX-License-Identifier: MPL-2.0
//! Applies an operator's protection settings to the tracks of a stream: keys, IVs, crypto periods and DRM signaling.
//!
//! ```
//! use cenc_types::{ContentKey, Media, Scheme, Track};
//! use content_keys::{FixedKeys, KeyRing};
//! use host_access::Host;
//! use protection_policy::{Config, Controls, Packaging, SampleKeys};
//! # use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The KID and key of Microsoft's PlayReady test content.
//! let kid = "09e091ab-f838-41d2-9e35-58531fd19ec7".parse()?;
//! let keys = KeyRing::single(kid, ContentKey::parse("nLBhFktwE+rvzH1tGEJMLA==")?);
//! let mut packaging = Packaging::open(
//!     Config::new(Scheme::Cenc, Host::system()),
//!     Box::new(FixedKeys::new(keys)),
//!     SampleKeys::default(),
//!     Arc::<Controls>::default(),
//! )?;
//! let audio = Track { track_id: 1, media: Media::Audio };
//! let init = packaging.protect_tracks(&[audio])?;
//! assert!(init.tracks[0].is_some());
//! assert_eq!(init.pssh.len(), 1); // PlayReady
//! assert_eq!(packaging.signals().unwrap().kids, [kid]);
//! # Ok(())
//! # }
//! ```
//!
//! [`PropertyValues`] holds the values of the properties listed in [`properties`], [`Config`] the settings read from them.
//! [`Packaging`] applies the settings to each stream and fragment.

mod changes;
mod choices;
mod config;
mod config_choices;
mod constant_iv;
mod controls;
mod cue_input;
mod cues;
mod drms;
pub mod duration;
mod error;
mod iv_runs;
mod key_task;
mod key_uri;
mod period_keys;
mod periods;
mod piff_changes;
pub mod properties;
mod property_spec;
mod property_values;
mod protection;
mod published;
mod ready_period;
mod sample_keys;
mod timeline;
mod track_keys;
mod warning;

pub use changes::{KeyChange, ProtectionChange};
pub use choices::ChoiceType;
pub use config::{Config, HeaderConfig};
pub use config_choices::{
    ClearSignaling, CueAction, IvConfig, KeyChangeForm, OnKeyMissing, PeriodClock, PsshPlaces,
};
pub use controls::{Controls, Switch};
pub use cues::CuePlace;
pub use error::Error;
pub use iv_runs::IvRuns;
pub use key_task::KeyTask;
pub use key_uri::{check_location, open};
pub use period_keys::StopCheck;
pub use property_spec::{
    CommandOption, OptionGroup, PropertyKind, PropertySpec, PropertyValue, ValueError, system_names,
};
pub use property_values::PropertyValues;
pub use protection::{Packaging, PackagingSetup, PreparedPackaging, Signals};
pub use published::Published;
pub use sample_keys::SampleKeys;
pub use warning::Warning;
