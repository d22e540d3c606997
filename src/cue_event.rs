// SPDX-License-Identifier: MPL-2.0
//! The event by which upstream or the application sends a cue of SCTE 35.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use protection_policy::CuePlace;

/// The name of the event's structure.
const NAME: &str = "playready-cue";

/// A cue from upstream.
pub(super) struct CueFromUpstream {
    /// The whole splice_info_section. Whatever else upstream gives is no section, of which the stream warns.
    pub(super) section: Vec<u8>,
    pub(super) place: CuePlace,
}

impl CueFromUpstream {
    /// Reads the structure of an event; None if it is another event.
    pub(super) fn read(structure: Option<&gst::StructureRef>) -> Option<Self> {
        let structure = structure.filter(|structure| structure.name() == NAME)?;
        Some(Self {
            section: section(structure).unwrap_or_default(),
            place: match structure.get::<gst::ClockTime>("running-time") {
                Ok(time) => CuePlace::RunningTime(time.into()),
                Err(_) => CuePlace::OwnTime,
            },
        })
    }
}

/// Reads the bytes, or their base64.
fn section(structure: &gst::StructureRef) -> Option<Vec<u8>> {
    if let Ok(text) = structure.get::<&str>("data") {
        return STANDARD.decode(text.trim()).ok();
    }
    let buffer = structure.get::<gst::Buffer>("data").ok()?;
    Some(buffer.map_readable().ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(structure: &gst::Structure) -> Option<(Vec<u8>, CuePlace)> {
        CueFromUpstream::read(Some(structure)).map(|cue| (cue.section, cue.place))
    }

    #[test]
    fn bytes_and_base64_are_read() {
        gst::init().unwrap();
        let builder = || gst::Structure::builder(NAME);
        let at = gst::ClockTime::from_seconds(3);
        let bytes = builder()
            .field("data", gst::Buffer::from_slice(b"\xfc0"))
            .field("running-time", at);
        let place = CuePlace::RunningTime(at.into());
        assert_eq!(read(&bytes.build()), Some((b"\xfc0".to_vec(), place)));
        let text = builder().field("data", "/DA=").build();
        let expected = (b"\xfc0".to_vec(), CuePlace::OwnTime);
        assert_eq!(read(&text), Some(expected));
        let wrong = builder().field("data", 7u32).build();
        assert_eq!(read(&wrong), Some((Vec::new(), CuePlace::OwnTime)));
        assert_eq!(read(&gst::Structure::new_empty("scte-sit")), None);
    }
}
