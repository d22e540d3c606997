// SPDX-License-Identifier: MPL-2.0
//! Protection of a Smooth Streaming client manifest, MS-SSTR 2.2.2. PlayReady is the only system that uses it.

use playready_header::xml::Element;

use super::Drm;

/// Returns the text of a ProtectionHeader, from the source of the keys or else from the system, or None if there is none.
///
/// Several KIDs need a PlayReady Header of version 4.2.
pub fn header(drm: &Drm) -> Option<String> {
    drm.source_texts()
        .and_then(|texts| texts.smooth.clone())
        .or_else(|| drm.smooth_header())
}

/// Returns the Protection element of a DRM system, or None if it has none.
pub fn protection_of(drm: &Drm) -> Option<String> {
    let system = format!("{:X}", uuid::Uuid::from_bytes(drm.system_id()));
    let header =
        Element::of_text("ProtectionHeader", &header(drm)?).with_attribute("SystemID", &system);
    Some(Element::new("Protection").with_child(header).to_xml())
}

#[cfg(test)]
mod tests {
    use playready_header::{LicenseStore, PlayReadyObject};

    use super::*;

    // Form of the Smooth sample in Microsoft's list of MP4-based formats.
    #[test]
    fn licence_store_is_left_out() {
        let mut object = PlayReadyObject::default();
        object.push_license_store(LicenseStore::Empty(16)).unwrap();
        assert_eq!(
            protection_of(&Drm::playready(object, Vec::new())).unwrap(),
            "<Protection><ProtectionHeader SystemID=\"9A04F079-9840-4286-AB92-E65BE0885F95\">\
             BgAAAAAA</ProtectionHeader></Protection>"
        );
    }
}
