// SPDX-License-Identifier: MPL-2.0
//! Protection of a Smooth Streaming client manifest, MS-SSTR 2.2.2: PlayReady is its only system in use.

use playready_header::xml::Element;
use playready_header::{PlayReadyObject, SYSTEM_ID};

use super::Drm;

/// The Protection element with the object in it, without licence stores, which this manifest must not carry.
///
/// Several KIDs need a header of version 4.2.
pub fn protection(object: &PlayReadyObject) -> String {
    element(&object.without_license_stores().to_base64())
}

/// The element of a DRM system: what the source of its keys gives, or else that of its object. None: the system has none.
pub fn protection_of(drm: &Drm) -> Option<String> {
    let given = drm.texts().and_then(|texts| texts.smooth.as_deref());
    given
        .map(element)
        .or_else(|| drm.playready_object().map(protection))
}

fn element(object: &str) -> String {
    let system = format!("{:X}", uuid::Uuid::from_bytes(SYSTEM_ID));
    let header = Element::of_text("ProtectionHeader", object);
    Element::new("Protection")
        .with_child(header.with_attribute("SystemID", &system))
        .to_xml()
}

#[cfg(test)]
mod tests {
    use playready_header::LicenseStore;

    use super::*;

    // Form of the Smooth sample in Microsoft's list of MP4-based formats.
    #[test]
    fn licence_store_is_left_out() {
        let mut object = PlayReadyObject::default();
        object.push_license_store(LicenseStore::Empty(16)).unwrap();
        assert_eq!(
            protection(&object),
            "<Protection><ProtectionHeader SystemID=\"9A04F079-9840-4286-AB92-E65BE0885F95\">\
             BgAAAAAA</ProtectionHeader></Protection>"
        );
    }
}
