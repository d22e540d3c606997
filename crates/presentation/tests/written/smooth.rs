// SPDX-License-Identifier: MPL-2.0
//! Client manifests of Smooth Streaming.

use cenc_types::Scheme;
use drm_signaling::Drm;
use playready_header::{Header, HeaderFields, KeyIds, PlayReadyObject};
use presentation::model::{Presentation, PresentedTrack, SmoothCodec, TrackFiles};
use presentation::writer::smooth::{client_manifest, tracks};

use crate::models::{Form, audio, change, drms, kid, signaling, video};

fn codec(four_cc: &str, private_data: &[u8]) -> Option<SmoothCodec> {
    Some(SmoothCodec {
        four_cc: four_cc.to_owned(),
        private_data: private_data.to_vec(),
    })
}

fn film() -> Presentation {
    let all = [kid(1), kid(2)];
    let mut tracks = vec![
        video(Form::Segments, "hd", 1920, 1080),
        video(Form::Segments, "sd", 640, 360),
        audio(Form::Segments, "en", "en"),
        audio(Form::Segments, "en-2", "en"),
    ];
    for (track, kid) in tracks.iter_mut().zip([kid(1), kid(2), kid(2), kid(2)]) {
        track.protection = Some(signaling(Scheme::Cenc, kid, &all));
    }
    tracks[0].smooth = codec("H264", &[0, 0, 0, 1, 0x67, 0xab]);
    tracks[1].smooth = codec("H264", &[0, 0, 0, 1, 0x67, 0xac]);
    for track in &mut tracks[2..] {
        track.timescale = 10_000_000;
        track.smooth = codec("AACL", &[0x11, 0x90]);
    }
    Presentation {
        tracks,
        drms: drms(Scheme::Cenc, &all),
        live: None,
    }
}

// Form and attributes of MS-SSTR, 2.2.2, and of the example in its clause 4.1.
#[test]
fn streams_have_their_qualities_and_fragments() {
    let presentation = film();
    let header = Header::new(HeaderFields {
        key_ids: KeyIds::for_mode(Scheme::Cenc.cipher_mode(), [(kid(1), None), (kid(2), None)]),
        ..HeaderFields::default()
    });
    let object = PlayReadyObject::with_header(&header.unwrap())
        .unwrap()
        .to_base64();
    // Average rates: (1,920,000 + … + 1,924,000) bytes in 20.02 s; those of audio, whose segments are 0.0192192 s long at 10 MHz.
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"0\" TimeScale=\"10000000\" Duration=\"200200000\">
  <Protection><ProtectionHeader SystemID=\"9A04F079-9840-4286-AB92-E65BE0885F95\">{object}</ProtectionHeader></Protection>
  <StreamIndex Type=\"video\" Name=\"video\" TimeScale=\"30000\" Chunks=\"5\" QualityLevels=\"2\" MaxWidth=\"1920\" MaxHeight=\"1080\" Url=\"QualityLevels({{bitrate}})/Fragments(video={{start time}})\">
    <QualityLevel Index=\"0\" Bitrate=\"3840160\" FourCC=\"H264\" CodecPrivateData=\"0000000167AB\" MaxWidth=\"1920\" MaxHeight=\"1080\"/>
    <QualityLevel Index=\"1\" Bitrate=\"1282718\" FourCC=\"H264\" CodecPrivateData=\"0000000167AC\" MaxWidth=\"640\" MaxHeight=\"360\"/>
    <c t=\"0\" d=\"120120\"/>
    <c d=\"120120\"/>
    <c d=\"120120\"/>
    <c d=\"120120\"/>
    <c d=\"120120\"/>
  </StreamIndex>
  <StreamIndex Type=\"audio\" Name=\"audio_en\" Language=\"en\" Chunks=\"5\" QualityLevels=\"2\" Url=\"QualityLevels({{bitrate}})/Fragments(audio_en={{start time}})\">
    <QualityLevel Index=\"0\" Bitrate=\"25807526\" FourCC=\"AACL\" CodecPrivateData=\"1190\" SamplingRate=\"48000\" Channels=\"2\" BitsPerSample=\"16\" PacketSize=\"4\" AudioTag=\"255\"/>
    <QualityLevel Index=\"1\" Bitrate=\"25807527\" FourCC=\"AACL\" CodecPrivateData=\"1190\" SamplingRate=\"48000\" Channels=\"2\" BitsPerSample=\"16\" PacketSize=\"4\" AudioTag=\"255\"/>
    <c t=\"0\" d=\"192192\"/>
    <c d=\"192192\"/>
    <c d=\"192192\"/>
    <c d=\"192192\"/>
    <c d=\"192192\"/>
  </StreamIndex>
</SmoothStreamingMedia>
"
    );
    assert_eq!(client_manifest(&presentation).unwrap(), expected);
    let named = tracks(&presentation).unwrap();
    assert_eq!(
        named[3].fragment_name(192_192),
        "QualityLevels(25807527)/Fragments(audio_en=192192)"
    );
}

// A client replaces {bitrate} and {start time}, and resolves the URL at that of the manifest: MS-SSTR 2.2.2.3, 3.1.5.
#[test]
fn fragments_may_be_in_a_folder() {
    let mut presentation = film();
    for track in &mut presentation.tracks {
        track.folder = Some("v 2".to_owned());
    }
    let manifest = client_manifest(&presentation).unwrap();
    let url = "Url=\"v%202/QualityLevels({bitrate})/Fragments(video={start time})\"";
    assert!(manifest.contains(url), "{manifest}");
}

#[test]
fn clear_presentation_has_no_protection() {
    let mut presentation = film();
    for track in &mut presentation.tracks {
        track.protection = None;
    }
    assert!(
        !client_manifest(&presentation)
            .unwrap()
            .contains("Protection")
    );
}

/// Changes the first track of the film and returns the error.
fn refusal(edit: fn(&mut PresentedTrack)) -> String {
    let mut presentation = film();
    edit(&mut presentation.tracks[0]);
    client_manifest(&presentation).unwrap_err().to_string()
}

#[test]
fn what_clients_cannot_play_is_refused_with_the_remedy() {
    assert_eq!(
        refusal(|track| track.protection = Some(signaling(Scheme::Cbcs, kid(1), &[kid(1)]))),
        "track hd: Smooth Streaming takes the scheme cenc only, not cbcs: protect with cenc"
    );
    assert_eq!(
        refusal(|track| track.smooth = None),
        "track hd: Smooth Streaming has no name for its codec \"avc1.64001f\": leave the track out of that manifest, or write an MPD"
    );
    assert_eq!(
        refusal(|track| track.segments[1].start += 1),
        "tracks hd and sd are qualities of one stream, but have other fragments: cut them at the same times, with one timescale"
    );
    let changing = |track: &mut PresentedTrack| {
        let protection = track.protection.as_mut().unwrap();
        protection.key_changes = vec![change(Scheme::Cenc, 1, kid(3))];
    };
    assert_eq!(
        refusal(changing),
        "track hd: clients of Smooth Streaming follow a key change only with an ONDEMAND header and licences in the fragments: use one key"
    );
    let mut presentation = film();
    changing(&mut presentation.tracks[0]);
    let on_demand = Header::new(HeaderFields {
        on_demand: true,
        ..HeaderFields::default()
    });
    let object = PlayReadyObject::with_header(&on_demand.unwrap()).unwrap();
    presentation.drms = vec![Drm::playready(object, Vec::new())];
    assert!(client_manifest(&presentation).is_ok());
    presentation.drms = Vec::new();
    presentation.tracks[0].protection = Some(signaling(Scheme::Cenc, kid(1), &[]));
    assert_eq!(
        client_manifest(&presentation).unwrap_err().to_string(),
        "Smooth Streaming can name none of the DRM systems of track hd: add playready to the systems"
    );
}

#[test]
fn names_of_streams_are_unique() {
    let mut presentation = film();
    presentation.tracks[3].label = Some("Commentary".to_owned());
    // A WebVTT file has no name in Smooth Streaming, whatever its name is.
    presentation.tracks[3].files = TrackFiles::Segments {
        init: "i".to_owned(),
        media: "$Number$".to_owned(),
    };
    let names: Vec<_> = tracks(&presentation)
        .unwrap()
        .into_iter()
        .map(|track| track.stream)
        .collect();
    assert_eq!(names, ["video", "video", "audio_en", "audio_en_2"]);
}
