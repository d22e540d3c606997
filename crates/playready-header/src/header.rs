// SPDX-License-Identifier: MPL-2.0
//! The PlayReady Header (WRMHEADER), PlayReady Header specification, versions 4.0 to 4.3.
//!
//! A [`Header`] is for writing and always valid; a [`FoundHeader`] is an existing header that was read.

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

/// The fields of a header. Empty fields are not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFields {
    /// The version, or the choice of the lowest one that has the other fields.
    pub version: VersionChoice,
    /// The KIDs and their one algorithm.
    pub key_ids: KeyIds,
    /// LA_URL: the URL for licence requests.
    pub la_url: Option<AbsoluteUrl>,
    /// LUI_URL: the page that a client may show when it gets no licence.
    pub lui_url: Option<AbsoluteUrl>,
    /// DS_ID: the domain service.
    pub ds_id: Option<ServiceId>,
    /// CUSTOMATTRIBUTES: the packager's own XML.
    pub custom_attributes: Option<CustomAttributes>,
    /// DECRYPTORSETUP ONDEMAND: the keys follow later, with the media.
    pub on_demand: bool,
    /// LICENSEREQUESTED: true if the client must request at least one licence. None means true.
    pub license_requested: Option<bool>,
}

/// A PlayReady Header whose version has all of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    version: HeaderVersion,
    fields: HeaderFields,
}

impl Header {
    /// Creates a header with the requested version, or the lowest that has all fields.
    ///
    /// # Errors
    /// [`Error::VersionCannotHold`], [`Error::NilKeyId`] or [`Error::DuplicateKeyId`].
    pub fn new(fields: HeaderFields) -> Result<Self, Error> {
        fields.key_ids.check()?;
        Ok(Self {
            version: fields.choose_version()?,
            fields,
        })
    }

    /// Returns the version.
    pub const fn version(&self) -> HeaderVersion {
        self.version
    }

    /// Returns the fields.
    pub const fn fields(&self) -> &HeaderFields {
        &self.fields
    }
}
