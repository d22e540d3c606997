// SPDX-License-Identifier: MPL-2.0
//! MPDs of live presentations against ISO/IEC 23009-1, 5.3.1 and 5.4, and its schema.

use std::time::Duration;

use presentation::model::Presentation;
use presentation::writer::WriteError;
use presentation::writer::dash::{MpdOptions, UtcScheme, UtcTiming, mpd};
use test_support::scratch::Scratch;
use test_support::{dash_schema, tools};

use crate::models::kid;

use super::{CHANNEL, Channel, ChannelKeys, live_combinations, times, windows};

fn options() -> MpdOptions {
    MpdOptions {
        utc_timing: Some(UtcTiming {
            scheme: UtcScheme::HttpHead,
            value: "time".to_owned(),
        }),
        ..MpdOptions::default()
    }
}

fn written(presentation: &Presentation) -> String {
    mpd(presentation, &options()).unwrap()
}

/// Returns the presentation with the first track alone.
fn only_first(mut presentation: Presentation) -> Presentation {
    presentation.tracks.truncate(1);
    presentation
}

const CLEAR: Channel = Channel {
    keys: ChannelKeys::Clear,
    ..CHANNEL
};

// 5.3.1.2: the attributes of a dynamic MPD. 5.3.9.6: S@t after a gap. Times count from availabilityStartTime in all Periods.
#[test]
fn running_channel_is_dynamic() {
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="2026-11-30T12:00:00.250Z" publishTime="2026-11-30T12:00:25.750Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT8S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT2S">
  <Period id="1" start="PT6S">
    <AdaptationSet id="VIDEO" contentType="video" mimeType="video/mp4" maxWidth="1920" maxHeight="1080" maxFrameRate="30000/1001" par="16:9" segmentAlignment="true" startWithSAP="1">
      <Representation id="hd" bandwidth="1000000" codecs="avc1.64001f" width="1920" height="1080" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate timescale="30000" presentationTimeOffset="180000" initialization="hd-init-1.mp4" media="hd-$Number$.m4s" startNumber="4">
          <SegmentTimeline>
            <S t="180000" d="60000"/>
            <S t="270000" d="60000" r="1"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
  <Period id="2" start="PT23S">
    <AdaptationSet id="VIDEO" contentType="video" mimeType="video/mp4" maxWidth="1920" maxHeight="1080" maxFrameRate="30000/1001" par="16:9" segmentAlignment="true" startWithSAP="1">
      <Representation id="hd" bandwidth="1000000" codecs="avc1.64001f" width="1920" height="1080" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate timescale="30000" presentationTimeOffset="690000" initialization="hd-init-2.mp4" media="hd-$Number$.m4s" startNumber="7">
          <SegmentTimeline>
            <S t="690000" d="60000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-head:2014" value="time"/>
</MPD>
"#;
    let text = written(&only_first(CLEAR.listing(4..=7)));
    let expected = expected.replace("VIDEO", set_ids(&text)[0]);
    assert_eq!(text, expected);
    let mut presentation = CLEAR.listing(1..=2);
    times(&mut presentation).window = None;
    assert!(!written(&presentation).contains("timeShiftBufferDepth"));
}

// 5.3.1.2: a static MPD has no attributes of a dynamic one. 5.4, and DASH-IF's timing model, 13.6: the times of an update are those
// before, also if the type changes.
#[test]
fn ended_channel_is_static_with_the_same_times() {
    let expected = |attributes: &str| {
        format!(
            "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019\" \
             {attributes} minBufferTime=\"PT2S\" maxSegmentDuration=\"PT2S\">"
        )
    };
    // Segments 5 to 8, from 9 s to 27 s.
    let [running, ended] =
        [CLEAR.listing(5..=8), CLEAR.ended(5..=8)].map(|channel| written(&channel));
    assert_eq!(
        root(&ended),
        expected("type=\"static\" mediaPresentationDuration=\"PT27S\"")
    );
    let periods = |text: &str| {
        let start = text.find("<Period").unwrap();
        text[start..=text.rfind("</Period>").unwrap()].to_owned()
    };
    assert_eq!(periods(&ended), periods(&running));
    assert!(running.contains("<UTCTiming"), "{running}");
    assert!(!ended.contains("<UTCTiming"), "{ended}");
    let all = Channel {
        window: None,
        ..CLEAR
    };
    assert_eq!(
        root(&written(&all.ended(1..=9))),
        expected("type=\"static\" mediaPresentationDuration=\"PT29S\"")
    );
}

/// Returns the line of the MPD element.
fn root(mpd: &str) -> &str {
    mpd.lines().find(|line| line.starts_with("<MPD")).unwrap()
}

// DASH-IF's timing model, 13.6: the sets of a Period keep their ids.
#[test]
fn sets_keep_their_ids_without_their_first_track() {
    let mut presentation = CHANNEL.listing(3..=6);
    let text = written(&presentation);
    let [video, audio] = [set_ids(&text)[0], set_ids(&text)[1]];
    assert_ne!(video, audio);
    assert_eq!(set_ids(&text), [video, audio, video, audio]);
    // The first quality has lost its segment in the first Period, and the sound all of its own.
    let hd = &mut presentation.tracks[0];
    hd.segments.remove(0);
    hd.first_number += 1;
    hd.later_parts[0].first_segment = 0;
    let text = written(&presentation);
    assert_eq!(set_ids(&text), [video, audio, video, audio]);
    assert!(!text.contains("segmentAlignment=\"false\""), "{text}");
    let en = &mut presentation.tracks[2];
    en.segments.clear();
    en.later_parts[0].first_segment = 0;
    assert_eq!(set_ids(&written(&presentation)), [video, video]);
    // Both qualities have gone.
    let mut presentation = CHANNEL.listing(3..=6);
    presentation.tracks.drain(..2);
    assert_eq!(set_ids(&written(&presentation)), [audio, audio]);
    // The first quality ended in the first Period.
    let mut presentation = CHANNEL.listing(3..=6);
    let hd = &mut presentation.tracks[0];
    hd.segments.truncate(1);
    hd.later_parts.clear();
    let text = written(&presentation);
    assert_eq!(set_ids(&text), [video, audio, video, audio]);
    assert_eq!(text.matches("<Representation id=\"hd\"").count(), 1);
}

// Qualities with a key of their own are sets of their own, which differ in nothing else.
#[test]
fn sets_that_differ_in_their_keys_have_other_ids() {
    let mut presentation = CHANNEL.listing(1..=3);
    presentation.tracks.truncate(2);
    let hd = presentation.tracks[0].protection.as_mut().unwrap();
    hd.default_kid = kid(9);
    let text = written(&presentation);
    let [hd, sd] = set_ids(&text)[..] else {
        panic!("{text}");
    };
    let number = |id: &str| id.parse::<u32>().unwrap();
    assert_eq!(number(sd), number(hd) + 1);
}

fn set_ids(mpd: &str) -> Vec<&str> {
    mpd.lines()
        .filter_map(|line| line.split("<AdaptationSet id=\"").nth(1)?.split('"').next())
        .collect()
}

#[test]
fn period_without_segments_is_not_listed() {
    let mut presentation = CLEAR.listing(1..=3);
    let listed = written(&presentation);
    times(&mut presentation)
        .periods
        .push(presentation::model::LivePeriod {
            number: 1,
            start: Duration::from_secs(6),
        });
    assert_eq!(written(&presentation), listed);
    // The MPD waits for a Period that the playlists have already.
    let mut presentation = CLEAR.listing(1..=4);
    times(&mut presentation).periods.pop();
    let text = written(&presentation);
    assert!(!text.contains("<Period id=\"1\""), "{text}");
    times(&mut presentation).periods.clear();
    assert_eq!(mpd(&presentation, &options()), Err(WriteError::NoPeriods));
}

#[test]
fn time_sources_have_their_schemes() {
    for (scheme, expected) in [
        (UtcScheme::HttpXsDate, "urn:mpeg:dash:utc:http-xsdate:2014"),
        (UtcScheme::HttpIso, "urn:mpeg:dash:utc:http-iso:2014"),
        (UtcScheme::Direct, "urn:mpeg:dash:utc:direct:2014"),
    ] {
        let options = MpdOptions {
            utc_timing: Some(UtcTiming {
                scheme,
                value: "2026-11-30T12:00:00Z".to_owned(),
            }),
            ..MpdOptions::default()
        };
        let text = mpd(&CLEAR.listing(1..=1), &options).unwrap();
        let element =
            format!("<UTCTiming schemeIdUri=\"{expected}\" value=\"2026-11-30T12:00:00Z\"/>");
        assert!(text.contains(&element), "{text}");
    }
}

#[test]
fn live_mpds_are_valid_by_the_schema() {
    const NAME: &str = "live_mpds_are_valid_by_the_schema";
    let folder = Scratch::new(NAME);
    let mut count = 0;
    for keys in [
        ChannelKeys::Clear,
        ChannelKeys::Init,
        ChannelKeys::ClearLead,
    ] {
        for window in [CHANNEL.window, None] {
            let channel = Channel {
                keys,
                window,
                ..CHANNEL
            };
            for listed in windows() {
                for presentation in [channel.listing(listed.clone()), channel.ended(listed)] {
                    folder.write(&format!("{count}.mpd"), written(&presentation));
                    count += 1;
                }
            }
        }
    }
    for combination in live_combinations() {
        folder.write(
            &format!("{}.mpd", combination.name),
            written(&combination.presentation),
        );
        count += 1;
    }
    match dash_schema::validate(folder.path()) {
        Ok(verdict) => assert_eq!(verdict, count.to_string()),
        Err(why) => tools::skip(NAME, why),
    }
}
