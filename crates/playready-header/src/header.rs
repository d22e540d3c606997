// SPDX-License-Identifier: MPL-2.0
//! The PlayReady Header (WRMHEADER), PlayReady Header specification, versions 4.0 to 4.3.
//!
//! [`Header`] is one that we write and always valid; [`FoundHeader`] is what somebody else wrote.

mod key_ids;
mod read;
mod values;
mod version;
mod write;

pub use key_ids::{HeaderKeyId, KeyIds};
pub use read::{FoundHeader, FoundKeyId};
pub use values::{AbsoluteUrl, CustomAttributes, ServiceId};
pub use version::{Feature, HeaderVersion, VersionChoice};

use super::Error;

/// The namespace of WRMHEADER.
const NAMESPACE: &str = "http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader";

/// What a header is to say. Empty fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFields {
    /// The version, or the choice of the lowest that holds the rest.
    pub version: VersionChoice,
    /// The KIDs and their one algorithm.
    pub key_ids: KeyIds,
    /// LA_URL: where a client asks for a licence.
    pub la_url: Option<AbsoluteUrl>,
    /// LUI_URL: the page that a client may show when it gets no licence.
    pub lui_url: Option<AbsoluteUrl>,
    /// DS_ID: the domain service.
    pub ds_id: Option<ServiceId>,
    /// CUSTOMATTRIBUTES: the packager's own XML.
    pub custom_attributes: Option<CustomAttributes>,
    /// DECRYPTORSETUP ONDEMAND: the keys come later, with the media.
    pub on_demand: bool,
    /// LICENSEREQUESTED: whether the client is to ask for at least one licence; absent means yes.
    pub license_requested: Option<bool>,
}

/// A PlayReady Header that its version can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    version: HeaderVersion,
    fields: HeaderFields,
}

impl Header {
    /// Settles the version: the one asked for, or the lowest that holds all fields.
    ///
    /// # Errors
    /// [`Error::VersionCannotHold`], [`Error::NilKeyId`] or [`Error::DuplicateKeyId`].
    pub fn new(fields: HeaderFields) -> Result<Self, Error> {
        fields.key_ids.check()?;
        let version = fields.settle_version()?;
        Ok(Self { version, fields })
    }

    /// The version that was settled.
    pub const fn version(&self) -> HeaderVersion {
        self.version
    }

    /// What the header says.
    pub const fn fields(&self) -> &HeaderFields {
        &self.fields
    }
}
