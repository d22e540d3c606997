// SPDX-License-Identifier: MPL-2.0
//! Options that several commands take; they are named and mean what the properties of `playreadyenc` do.

use std::collections::BTreeSet;
use std::str::FromStr;

use cenc_types::Scheme;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use common_encryption::Flavor;
use drm_signaling::System;
use playready_header::VersionChoice;
use playready_header::header::{AbsoluteUrl, CustomAttributes, ServiceId};
use protection_policy::HeaderConfig;

/// What the PlayReady Header says beside the KIDs.
#[derive(Debug, Args)]
#[command(next_help_heading = "PlayReady Header")]
pub struct HeaderOptions {
    /// Version: the lowest that holds what is asked, or this one
    #[arg(long, value_name = "VERSION", default_value = "auto", value_parser = version())]
    pub header_version: VersionChoice,
    /// LA_URL: absolute URL at which players ask for a licence
    #[arg(long, value_name = "URL")]
    pub la_url: Option<AbsoluteUrl>,
    /// LUI_URL: absolute URL of a page where the user gets a licence
    #[arg(long, value_name = "URL")]
    pub lui_url: Option<AbsoluteUrl>,
    /// DS_ID: service ID of the domain service, base64 of 16 bytes
    #[arg(long, value_name = "BASE64")]
    pub ds_id: Option<ServiceId>,
    /// Content of CUSTOMATTRIBUTES: well-formed XML, under 1 KB
    #[arg(long, value_name = "XML")]
    pub custom_attributes: Option<CustomAttributes>,
    /// DECRYPTORSETUP ONDEMAND: licences come with the stream
    #[arg(long)]
    pub on_demand: bool,
    /// Version of the PlayReady pssh box; version 1 lists the KIDs beside the PlayReady Object
    #[arg(long, value_name = "VERSION", default_value = "0", value_parser = ["0", "1"])]
    pub pssh_version: String,
}

impl HeaderOptions {
    /// The same as the library takes it.
    pub fn config(&self) -> HeaderConfig {
        HeaderConfig {
            version: self.header_version,
            la_url: self.la_url.clone(),
            lui_url: self.lui_url.clone(),
            ds_id: self.ds_id,
            custom_attributes: self.custom_attributes.clone(),
            on_demand: self.on_demand,
            pssh_lists_kids: self.pssh_version == "1",
            ..HeaderConfig::default()
        }
    }
}

/// Takes the names of the schemes.
pub fn scheme() -> impl TypedValueParser<Value = Scheme> {
    PossibleValuesParser::new(Scheme::ALL.map(Scheme::name)).try_map(|name| name.parse::<Scheme>())
}

/// Takes the names of the flavors.
pub fn flavor() -> impl TypedValueParser<Value = Flavor> {
    PossibleValuesParser::new(["cenc", "piff"]).map(|name| match name.as_str() {
        "piff" => Flavor::Piff,
        _ => Flavor::Cenc,
    })
}

fn version() -> impl TypedValueParser<Value = VersionChoice> {
    PossibleValuesParser::new(["auto", "4.0", "4.1", "4.2", "4.3"])
        .try_map(|name| name.parse::<VersionChoice>())
}

/// DRM systems by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Systems(pub BTreeSet<System>);

/// A name that no system has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown DRM system {0:?}: give playready, widevine, common, fairplay, marlin or several of them, such as \
     playready+widevine"
)]
pub struct UnknownSystem(String);

impl FromStr for Systems {
    type Err = UnknownSystem;

    /// Reads names with `+`, as gst-launch writes flags, or commas between them.
    fn from_str(text: &str) -> Result<Self, UnknownSystem> {
        let names = text.split(['+', ',']).map(str::trim);
        let systems = names.map(|name| match name {
            "playready" => Ok(System::PlayReady),
            "widevine" => Ok(System::Widevine),
            "common" => Ok(System::Common),
            "fairplay" => Ok(System::FairPlay),
            "marlin" => Ok(System::Marlin),
            other => Err(UnknownSystem(other.to_owned())),
        });
        systems.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_read_as_gst_launch_writes_them() {
        let both: Systems = "playready+widevine".parse().unwrap();
        assert_eq!(both.0, [System::PlayReady, System::Widevine].into());
        assert_eq!("widevine,playready".parse(), Ok(both));
        assert!("playready+".parse::<Systems>().is_err());
    }
}
