// SPDX-License-Identifier: MPL-2.0
//! ContentProtection of a DASH MPD, ISO/IEC 23009-1, 5.8.4.1, with the elements of ISO/IEC 23001-7, 11.2.
//!
//! Each element declares its own namespaces, so that it can be pasted anywhere in an MPD.

use crate::cenc::{KeyId, Scheme};
use crate::playready::xml::Element;

use super::Drm;

/// The generic element: the scheme and the default KID of an AdaptationSet.
pub fn mp4_protection(scheme: Scheme, default_kid: &KeyId) -> String {
    Element::new("ContentProtection")
        .with_attribute("xmlns:cenc", "urn:mpeg:cenc:2013")
        .with_attribute("schemeIdUri", "urn:mpeg:dash:mp4protection:2011")
        .with_attribute("value", scheme.name())
        .with_attribute("cenc:default_KID", &default_kid.to_string())
        .to_xml()
}

/// The element of one DRM system. The MPD takes precedence over what the init segment says.
pub fn content_protection(drm: &Drm) -> String {
    let system = uuid::Uuid::from_bytes(drm.system_id());
    let mut element = Element::new("ContentProtection")
        .with_attribute("schemeIdUri", &format!("urn:uuid:{system}"))
        .with_attribute("value", drm.dash_value());
    for child in drm.dash_children() {
        element = element
            .with_attribute(&format!("xmlns:{}", child.prefix), child.namespace)
            .with_child(Element::of_text(child.name, &child.text));
    }
    element.to_xml()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Form of the DASH sample in Microsoft's list of MP4-based formats; KID of its public test content.
    #[test]
    fn generic_element_names_scheme_and_default_kid() {
        let kid = "10000000-1000-1000-1000-100000000001".parse().unwrap();
        assert_eq!(
            mp4_protection(Scheme::Cbcs, &kid),
            "<ContentProtection xmlns:cenc=\"urn:mpeg:cenc:2013\" \
             cenc:default_KID=\"10000000-1000-1000-1000-100000000001\" \
             schemeIdUri=\"urn:mpeg:dash:mp4protection:2011\" value=\"cbcs\"></ContentProtection>"
        );
    }

    #[test]
    fn playready_element_has_the_box_and_the_object() {
        let drm = Drm::PlayReady {
            pssh: b"box".to_vec(),
            object: Default::default(),
        };
        assert_eq!(
            content_protection(&drm),
            "<ContentProtection xmlns:cenc=\"urn:mpeg:cenc:2013\" xmlns:mspr=\"urn:microsoft:playready\" \
             schemeIdUri=\"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95\" value=\"MSPR 2.0\">\
             <cenc:pssh>Ym94</cenc:pssh><mspr:pro>BgAAAAAA</mspr:pro></ContentProtection>"
        );
    }
}
