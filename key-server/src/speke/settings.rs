// SPDX-License-Identifier: MPL-2.0
//! The fields of a content's PlayReady Headers besides the KIDs.

use content_key_store::Content;
use playready_header::header::{AbsoluteUrl, CustomAttributes, HeaderFields, ServiceId};
use playready_header::{Error, KeyIds, VersionChoice};

/// The settings of a content for its PlayReady Headers.
#[derive(Debug, Clone, Default)]
pub struct HeaderSettings {
    version: VersionChoice,
    la_url: Option<AbsoluteUrl>,
    lui_url: Option<AbsoluteUrl>,
    ds_id: Option<ServiceId>,
    custom_attributes: Option<CustomAttributes>,
}

impl HeaderSettings {
    /// Reads the settings of a content in the store.
    ///
    /// # Errors
    /// If a setting is not a version, an absolute URL, a GUID or XML.
    pub fn of(content: &Content) -> Result<Self, Error> {
        let parse_url = |url: &Option<String>| url.as_deref().map(str::parse).transpose();
        Ok(Self {
            version: content
                .header_version
                .as_deref()
                .map(str::parse)
                .transpose()?
                .unwrap_or_default(),
            la_url: parse_url(&content.la_url)?,
            lui_url: parse_url(&content.lui_url)?,
            ds_id: content.ds_id.as_deref().map(str::parse).transpose()?,
            custom_attributes: content
                .custom_attributes
                .as_deref()
                .map(str::parse)
                .transpose()?,
        })
    }

    /// Returns the fields of a header with these KIDs.
    pub(super) fn fields(&self, key_ids: KeyIds) -> HeaderFields {
        HeaderFields {
            version: self.version,
            key_ids,
            la_url: self.la_url.clone(),
            lui_url: self.lui_url.clone(),
            ds_id: self.ds_id,
            custom_attributes: self.custom_attributes.clone(),
            ..HeaderFields::default()
        }
    }
}
