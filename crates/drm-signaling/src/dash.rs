// SPDX-License-Identifier: MPL-2.0
//! ContentProtection of a DASH MPD, ISO/IEC 23009-1, 5.8.4.1, with the elements of ISO/IEC 23001-7, 11.2.
//!
//! Each element declares its own namespaces, so that it can be pasted anywhere in an MPD.

use cenc_types::{KeyId, Scheme};
use playready_header::xml::Element;

use super::Drm;
use super::system_facts::DashChild;

/// Returns the generic element: the scheme and the default KID of an AdaptationSet.
///
/// ```
/// use cenc_types::Scheme;
/// use drm_signaling::dash;
///
/// let kid = "10000000-1000-1000-1000-100000000001".parse()?;
/// assert_eq!(
///     dash::mp4_protection(Scheme::Cbcs, &kid),
///     "<ContentProtection xmlns:cenc=\"urn:mpeg:cenc:2013\" \
///      cenc:default_KID=\"10000000-1000-1000-1000-100000000001\" \
///      schemeIdUri=\"urn:mpeg:dash:mp4protection:2011\" value=\"cbcs\"></ContentProtection>"
/// );
/// # Ok::<(), cenc_types::Error>(())
/// ```
pub fn mp4_protection(scheme: Scheme, default_kid: &KeyId) -> String {
    Element::new("ContentProtection")
        .with_attribute("xmlns:cenc", "urn:mpeg:cenc:2013")
        .with_attribute("schemeIdUri", "urn:mpeg:dash:mp4protection:2011")
        .with_attribute("value", scheme.name())
        .with_attribute("cenc:default_KID", &default_kid.to_string())
        .to_xml()
}

/// Returns the element of one DRM system. Clients prefer it to the `pssh` box of the init segment.
pub fn content_protection(drm: &Drm) -> String {
    if let Some(content) = drm
        .source_texts()
        .and_then(|texts| texts.content_protection.as_ref())
    {
        return source_protection(drm, content);
    }
    element_of(drm, |_| true)
}

/// Returns the element of one DRM system for content whose keys change in the segments: it names the system and the URL of its licence
/// server, but no key.
///
/// Clients prefer keys in an MPD to those in segments, and some then stall at the first change.
pub fn content_protection_without_keys(drm: &Drm) -> String {
    element_of(drm, |child| !child.names_keys)
}

fn element_of(drm: &Drm, has_child: fn(&DashChild) -> bool) -> String {
    let mut element =
        Element::new("ContentProtection").with_attribute("schemeIdUri", &drm.dash_scheme());
    if let Some(value) = drm.dash_value() {
        element = element.with_attribute("value", value);
    }
    for child in drm.dash_children().into_iter().filter(has_child) {
        element = element
            .with_attribute(&format!("xmlns:{}", child.prefix), child.namespace)
            .with_child(child.element);
    }
    element.to_xml()
}

/// Returns the content of a DRM system's element, each part with its own namespace, or an empty text if there is none.
///
/// CPIX calls it ContentProtectionData.
pub fn protection_data(drm: &Drm) -> String {
    if let Some(content) = drm
        .source_texts()
        .and_then(|texts| texts.content_protection.as_ref())
    {
        return content.clone();
    }
    drm.dash_children()
        .into_iter()
        .map(|child| {
            child
                .element
                .with_attribute(&format!("xmlns:{}", child.prefix), child.namespace)
                .to_xml()
        })
        .collect()
}

/// Writes the element around the content that the source of the keys supplies, which is unchanged.
fn source_protection(drm: &Drm, content: &str) -> String {
    let scheme = drm.dash_scheme();
    let value = drm
        .dash_value()
        .map_or_else(String::new, |value| format!(" value=\"{value}\""));
    format!("<ContentProtection schemeIdUri=\"{scheme}\"{value}>{content}</ContentProtection>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system_facts::DrmData;
    use crate::{DrmContent, PlayReadyContent, SourceTexts, System};

    fn of_kids(system: System, kids: &[KeyId]) -> Drm {
        Drm::new(system, DrmData::from_kids(kids))
    }

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
        let drm = Drm::playready(Default::default(), b"box".to_vec());
        assert_eq!(
            content_protection(&drm),
            "<ContentProtection xmlns:cenc=\"urn:mpeg:cenc:2013\" xmlns:mspr=\"urn:microsoft:playready\" \
             schemeIdUri=\"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95\" value=\"MSPR 2.0\">\
             <cenc:pssh>Ym94</cenc:pssh><mspr:pro>BgAAAAAA</mspr:pro></ContentProtection>"
        );
    }

    // Form of the children in SPEKE's ContentProtectionData.
    #[test]
    fn parts_of_the_protection_data_declare_their_namespaces() {
        let drm = Drm::playready(Default::default(), b"box".to_vec());
        assert_eq!(
            protection_data(&drm),
            "<cenc:pssh xmlns:cenc=\"urn:mpeg:cenc:2013\">Ym94</cenc:pssh>\
             <mspr:pro xmlns:mspr=\"urn:microsoft:playready\">BgAAAAAA</mspr:pro>"
        );
        assert_eq!(protection_data(&of_kids(System::FairPlay, &[])), "");
    }

    // Form of the example in clause ClearKey of DASH-IF's Guidelines-Security.
    #[test]
    fn clear_key_has_the_url_of_its_licence_server() {
        let kid = "9eb4050d-e44b-4802-932e-27d75083e266".parse().unwrap();
        let clear_key = |url| {
            System::ClearKey
                .signal(&DrmContent {
                    kids: &[kid],
                    scheme: Scheme::Cenc,
                    content_id: None,
                    playready: PlayReadyContent::default(),
                    clear_key_url: url,
                })
                .unwrap()
        };
        let start =
            "schemeIdUri=\"urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e\" value=\"ClearKey1.0\">";
        let drm = clear_key(Some("https://clearkey.example/license?a=1&b=2"));
        let with_url = format!(
            "<ContentProtection xmlns:dashif=\"https://dashif.org/CPS\" {start}\
             <dashif:Laurl licenseType=\"EME-1.0\">https://clearkey.example/license?a=1&amp;b=2</dashif:Laurl>\
             </ContentProtection>"
        );
        assert_eq!(content_protection(&drm), with_url);
        assert_eq!(content_protection_without_keys(&drm), with_url);
        assert_eq!(
            content_protection(&clear_key(None)),
            format!("<ContentProtection {start}</ContentProtection>")
        );
        assert_eq!(drm.pssh(), None);
    }

    #[test]
    fn where_keys_change_no_key_is_named() {
        let kids = ["10000000-1000-1000-1000-100000000001".parse().unwrap()];
        let drm = Drm::playready(Default::default(), b"box".to_vec());
        assert_eq!(
            content_protection_without_keys(&drm),
            "<ContentProtection schemeIdUri=\"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95\" value=\"MSPR 2.0\">\
             </ContentProtection>"
        );
        assert_eq!(
            content_protection_without_keys(&of_kids(System::Marlin, &kids)),
            "<ContentProtection schemeIdUri=\"urn:uuid:5E629AF5-38DA-4063-8977-97FFBD9902D4\"></ContentProtection>"
        );
    }

    #[test]
    fn texts_of_the_source_are_unchanged() {
        let made = Drm::playready(Default::default(), b"box".to_vec());
        let texts = SourceTexts {
            content_protection: Some("<a xmlns=\"b\"/>".to_owned()),
            ..SourceTexts::default()
        };
        assert_eq!(
            content_protection(&made.with_source_texts(texts)),
            "<ContentProtection schemeIdUri=\"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95\" value=\"MSPR 2.0\">\
             <a xmlns=\"b\"/></ContentProtection>"
        );
    }

    // Form of the elements in the MPDs of Shaka Packager and Bento4.
    #[test]
    fn each_system_has_its_own_content() {
        let kids = vec!["10000000-1000-1000-1000-100000000001".parse().unwrap(); 2];
        assert_eq!(
            content_protection(&Drm::unknown([0xab; 16], b"box".to_vec())),
            "<ContentProtection xmlns:cenc=\"urn:mpeg:cenc:2013\" \
             schemeIdUri=\"urn:uuid:abababab-abab-abab-abab-abababababab\">\
             <cenc:pssh>Ym94</cenc:pssh></ContentProtection>"
        );
        assert_eq!(
            content_protection(&of_kids(System::Marlin, &kids)),
            "<ContentProtection xmlns:mas=\"urn:marlin:mas:1-0:services:schemas:mpd\" \
             schemeIdUri=\"urn:uuid:5E629AF5-38DA-4063-8977-97FFBD9902D4\"><mas:MarlinContentIds>\
             <mas:MarlinContentId>urn:marlin:kid:10000000100010001000100000000001</mas:MarlinContentId>\
             <mas:MarlinContentId>urn:marlin:kid:10000000100010001000100000000001</mas:MarlinContentId>\
             </mas:MarlinContentIds></ContentProtection>"
        );
        assert_eq!(
            content_protection(&of_kids(System::FairPlay, &kids)),
            "<ContentProtection schemeIdUri=\"urn:uuid:94ce86fb-07ff-4f43-adb8-93d2fa968ca2\"></ContentProtection>"
        );
    }
}
