// SPDX-License-Identifier: MPL-2.0
//! What the operator asked for, applied to the tracks that a stream has: keys are chosen and made ready, the PlayReady Object
//! and the `pssh` boxes of all DRM systems are built.

mod choices;
mod config;
mod controls;
mod drms;
pub mod duration;
mod error;
mod iv_runs;
mod key_uri;
mod periods;
pub mod properties;
mod property_spec;
mod property_values;
mod protection;
mod published;
mod sample_keys;
mod source;
mod timeline;

pub use choices::ChoiceType;
pub use config::{Config, HeaderConfig, IvConfig, OnKeyMissing, PeriodClock};
pub use controls::Controls;
pub use error::Error;
pub use iv_runs::IvRuns;
pub use key_uri::open;
pub use periods::KeyChange;
pub use property_spec::{
    CommandOption, OptionGroup, PropertyKind, PropertySpec, PropertyValue, ValueError, system_names,
};
pub use property_values::PropertyValues;
pub use protection::{Packaging, Signals};
pub use published::Published;
pub use sample_keys::SampleKeys;
