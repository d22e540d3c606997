// SPDX-License-Identifier: MPL-2.0
//! Caps of protected elementary streams, in the form of qtdemux.

use cenc_types::Scheme;

use super::clear_caps;

/// The media type of every protected stream.
pub(super) const PROTECTED: &str = "application/x-cenc";
const ORIGINAL_MEDIA_TYPE: &str = "original-media-type";
const CIPHER_MODE: &str = "cipher-mode";
const PROTECTION_SYSTEM: &str = "protection-system";

/// The systems whose content can be decrypted with a given key: PlayReady, W3C common and DASH-IF ClearKey.
const SYSTEMS: [&str; 3] = [
    "9a04f079-9840-4286-ab92-e65be0885f95",
    "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b",
    "e2719d58-a985-b3c9-781a-b030af78d30e",
];

/// Fields that qtdemux and other demuxers add to those of the clear stream.
const ADDED: [&str; 5] = [
    PROTECTION_SYSTEM,
    ORIGINAL_MEDIA_TYPE,
    "encryption-algorithm",
    "encoding-scope",
    CIPHER_MODE,
];

/// Fields that differ among the representations of one stream; requiring them would keep upstream from switching between them.
const CHANGING: [&str; 9] = [
    "base-profile",
    "codec_data",
    "height",
    "framerate",
    "level",
    "pixel-aspect-ratio",
    "profile",
    "rate",
    "width",
];

/// The protection named in caps.
pub(super) struct CapsProtection {
    pub(super) scheme: Scheme,
    /// The SystemID of the first system with a protection event, if there is one.
    pub(super) system: Option<[u8; 16]>,
}

impl CapsProtection {
    /// Sets the fields of the protection.
    fn name_in(&self, structure: &mut gst::StructureRef) {
        structure.set(CIPHER_MODE, self.scheme.name());
        if let Some(system) = self.system {
            let system = uuid::Uuid::from_bytes(system).to_string();
            structure.set(PROTECTION_SYSTEM, system);
        }
    }
}

/// Returns the caps of the protected stream for those of the clear one.
pub(super) fn protect(clear: &gst::CapsRef, protection: &CapsProtection) -> gst::Caps {
    let protect = |clear: &gst::StructureRef| {
        let mut protected = clear.to_owned();
        protected.set(ORIGINAL_MEDIA_TYPE, clear.name().as_str());
        protection.name_in(&mut protected);
        protected.set_name(PROTECTED);
        protected
    };
    clear.iter().map(protect).collect()
}

/// Returns the caps of the clear streams for those of protected ones.
pub(super) fn unprotect(protected: &gst::CapsRef) -> gst::Caps {
    let mut clear = gst::Caps::new_empty();
    let clear_structures = clear.make_mut();
    for structure in protected.iter() {
        for media_type in original_media_types(structure) {
            let mut structure = structure.to_owned();
            structure.remove_fields(ADDED);
            structure.set_name(&media_type);
            clear_structures.append_structure(structure);
        }
    }
    clear
}

/// Returns those caps accepted downstream that fit the protection of this encryptor.
pub(super) fn fitting(protected: &gst::CapsRef, protection: &CapsProtection) -> gst::Caps {
    let mut ours = gst::Structure::new_empty(PROTECTED);
    protection.name_in(&mut ours);
    protected
        .iter()
        .filter(|structure| structure.can_intersect(&ours))
        .map(ToOwned::to_owned)
        .collect()
}

/// Returns the protected caps that a decryptor accepts for the caps accepted downstream.
pub(super) fn wanted(clear: &gst::CapsRef) -> gst::Caps {
    let protect = |clear: &gst::StructureRef| {
        let mut protected = clear.to_owned();
        protected.remove_fields(CHANGING);
        protected.set(ORIGINAL_MEDIA_TYPE, clear.name().as_str());
        protected.set_name(PROTECTED);
        protected
    };
    clear.iter().map(protect).collect()
}

/// Intersects `caps` with `filter`, in the order of the filter.
pub(super) fn filtered(caps: gst::Caps, filter: Option<&gst::Caps>) -> gst::Caps {
    match filter {
        Some(filter) => filter.intersect_with_mode(&caps, gst::CapsIntersectMode::First),
        None => caps,
    }
}

/// Returns the caps that a decryptor with given keys accepts; qtdemux looks for a system of the file in them.
pub(super) fn decryptable() -> gst::Caps {
    let of_system = |system| {
        gst::Structure::builder(PROTECTED)
            .field(PROTECTION_SYSTEM, system)
            .build()
    };
    // A stream without pssh has no system.
    let bare = gst::Structure::new_empty(PROTECTED);
    SYSTEMS.into_iter().map(of_system).chain([bare]).collect()
}

/// Returns the scheme in fixed caps, or `cenc` if there is none, as for Smooth Streaming.
///
/// # Errors
/// An unknown scheme.
pub(super) fn scheme(protected: &gst::CapsRef) -> Result<Scheme, cenc_types::Error> {
    let structure = protected.structure(0);
    structure
        .and_then(|structure| structure.get::<&str>(CIPHER_MODE).ok())
        .map_or(Ok(Scheme::Cenc), str::parse)
}

/// Returns the media type before protection in fixed caps.
pub(super) fn original_media_type(protected: &gst::CapsRef) -> Option<&str> {
    protected.structure(0)?.get(ORIGINAL_MEDIA_TYPE).ok()
}

/// Returns the media types that a structure allows.
fn original_media_types(structure: &gst::StructureRef) -> Vec<String> {
    let Ok(value) = structure.value(ORIGINAL_MEDIA_TYPE) else {
        return clear_caps::media_types();
    };
    match value.get::<gst::List>() {
        Ok(list) => list.iter().filter_map(|one| one.get().ok()).collect(),
        Err(_) => value.get().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn caps(text: &str) -> gst::Caps {
        gst::init().unwrap();
        gst::Caps::from_str(text).unwrap()
    }

    // The caps that qtdemux 1.22 gave for a file of isofmp4mux protected by Bento4; codec_data shortened.
    const GOLDEN: &str = "application/x-cenc, stream-format=(string)avc, alignment=(string)au, \
        level=(string)2, profile=(string)high, codec_data=(buffer)01640014, width=(int)320, height=(int)240, \
        framerate=(fraction)30/1, pixel-aspect-ratio=(fraction)1/1, colorimetry=(string)bt601, \
        original-media-type=(string)video/x-h264, cipher-mode=(string)cenc, \
        protection-system=(string)9a04f079-9840-4286-ab92-e65be0885f95";
    const CLEAR: &str = "video/x-h264, stream-format=(string)avc, alignment=(string)au, \
        level=(string)2, profile=(string)high, codec_data=(buffer)01640014, width=(int)320, height=(int)240, \
        framerate=(fraction)30/1, pixel-aspect-ratio=(fraction)1/1, colorimetry=(string)bt601";

    const fn playready(scheme: Scheme) -> CapsProtection {
        CapsProtection {
            scheme,
            system: Some(drm_signaling::System::PlayReady.id()),
        }
    }

    #[test]
    fn protected_caps_are_those_of_qtdemux() {
        assert_eq!(
            protect(&caps(CLEAR), &playready(Scheme::Cenc)),
            caps(GOLDEN)
        );
        assert_eq!(unprotect(&caps(GOLDEN)), caps(CLEAR));
        assert_eq!(scheme(&caps(GOLDEN)), Ok(Scheme::Cenc));
        assert_eq!(original_media_type(&caps(GOLDEN)), Some("video/x-h264"));
    }

    #[test]
    fn caps_without_a_type_may_be_of_any() {
        let clear = unprotect(&caps(PROTECTED));
        for media_type in ["video/x-h264", "video/x-vp8", "audio/mpeg", "audio/x-flac"] {
            assert!(clear.can_intersect(&caps(media_type)), "{media_type}");
        }
        let some =
            "application/x-cenc, original-media-type={ (string)audio/mpeg, (string)video/x-av1 }";
        assert_eq!(unprotect(&caps(some)), caps("audio/mpeg; video/x-av1"));
    }

    #[test]
    fn downstream_can_ask_for_another_scheme_or_system_in_vain() {
        let fits = |text: &str| !fitting(&caps(text), &playready(Scheme::Cbcs)).is_empty();
        assert!(fits("application/x-cenc"));
        assert!(fits("application/x-cenc, cipher-mode=(string)cbcs"));
        assert!(!fits("application/x-cenc, cipher-mode=(string)cenc"));
        assert!(!fits(
            "application/x-cenc, protection-system=(string)edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
        ));
    }

    #[test]
    fn what_downstream_wants_leaves_representations_free_to_change() {
        let wanted = wanted(&caps(CLEAR));
        let golden = caps(&GOLDEN.replace("320", "1920"));
        assert!(wanted.can_intersect(&golden), "{wanted}");
        assert!(golden.is_subset(&decryptable()));
    }
}
