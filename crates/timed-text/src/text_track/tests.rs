// SPDX-License-Identifier: MPL-2.0
//! Tests of the samples of text tracks.

use super::*;

const fn milliseconds(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn push(track: &mut TextTrack, start: u64, end: u64, text: &str) {
    let (start, end) = (milliseconds(start), milliseconds(end));
    track.push_cue(start..end, Cue::new(start, end, text.to_owned()));
}

fn push_open(track: &mut TextTrack, start: u64, text: &str) {
    let start = milliseconds(start);
    track.push_open_cue(start, Cue::new(start, start, text.to_owned()));
}

/// The start and duration of samples in milliseconds.
fn times(samples: &[TextSample]) -> Vec<(u64, u32)> {
    let times = samples.iter();
    times
        .map(|sample| (sample.start / 90, sample.duration / 90))
        .collect()
}

/// A box with 32 bits of size.
fn boxed(box_type: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(8 + body.len()).unwrap();
    [&size.to_be_bytes(), &box_type[..], body].concat()
}

// 14496-30: a sample for each time in which the same cues are shown; the parts of a cue have the same source ID.
#[test]
fn overlapping_cues_are_divided_where_one_starts_or_ends() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    push(&mut track, 500, 1500, "A");
    push(&mut track, 1000, 3000, "B");
    push(&mut track, 3200, 3400, "C");
    let first = track.take(milliseconds(0)..milliseconds(2000));
    assert_eq!(
        times(&first),
        [(0, 500), (500, 500), (1000, 500), (1500, 500)]
    );
    let part = |source_id: u32, text: &[u8]| {
        let source_id = boxed(b"vsid", &source_id.to_be_bytes());
        boxed(b"vttc", &[source_id, boxed(b"payl", text)].concat())
    };
    let (a, b) = (part(0, b"A"), part(1, b"B"));
    let expected = [boxed(b"vtte", &[]), a.clone(), [a, b.clone()].concat(), b];
    for (sample, expected) in first.iter().zip(expected) {
        assert_eq!(sample.media, expected);
    }
    let second = track.take(milliseconds(2000)..milliseconds(4000));
    assert_eq!(
        times(&second),
        [(2000, 1000), (3000, 200), (3200, 200), (3400, 600)]
    );
    // C is in one sample only, and needs no source ID.
    let third = boxed(b"vttc", &boxed(b"payl", b"C"));
    assert_eq!(second[2].media, third);
}

#[test]
fn late_cue_shows_what_is_left_of_it() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    track.take(milliseconds(0)..milliseconds(2000));
    push(&mut track, 1000, 2000, "lost");
    push(&mut track, 1000, 3000, "late");
    assert_eq!((track.take_lost(), track.take_lost()), (1, 0));
    let left = track.take(milliseconds(2000)..milliseconds(4000));
    assert_eq!(times(&left), [(2000, 1000), (3000, 1000)]);
}

#[test]
fn open_cue_is_shown_until_the_next() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    push_open(&mut track, 1000, "A");
    assert_eq!(track.take(milliseconds(0)..milliseconds(2000)).len(), 2);
    assert!(!track.is_complete_until(milliseconds(3000)));
    push_open(&mut track, 3000, "B");
    assert!(track.is_complete_until(milliseconds(3000)));
    // A gap only says that nothing starts.
    track.reach(milliseconds(4500));
    track.push_silence(milliseconds(5000));
    let rest = track.take(milliseconds(2000)..milliseconds(6000));
    assert_eq!(times(&rest), [(2000, 1000), (3000, 2000), (5000, 1000)]);
}

#[test]
fn document_is_in_each_segment_in_which_it_is_shown() {
    let document = |text: &str| {
        let text =
            format!("<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>{text}</div></body></tt>");
        TtmlDocument::read(text, 0).unwrap()
    };
    let mut track = TextTrack::new(TextFormat::Ttml);
    let long = "<p begin=\"1s\" end=\"3s\">A</p><p begin=\"3s\" end=\"5s\">B</p>";
    track.push_document(milliseconds(1000), Some(milliseconds(5000)), document(long));
    track.push_document(milliseconds(4000), None, document("<p>C</p>"));
    let texts: Vec<String> = [0..2000, 2000..4000, 4000..6000]
        .into_iter()
        .flat_map(|part: Range<u64>| track.take(milliseconds(part.start)..milliseconds(part.end)))
        .map(|sample| {
            let text = String::from_utf8(sample.media.to_vec()).unwrap();
            let letters = text.chars().filter(char::is_ascii_uppercase);
            format!(
                "{} {} {}",
                sample.start / 90,
                sample.duration / 90,
                letters.collect::<String>()
            )
        })
        .collect();
    assert_eq!(
        texts,
        ["0 1000 ", "1000 1000 A", "2000 2000 AB", "4000 2000 C"]
    );
}

#[test]
fn times_of_one_tick_are_equal() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    let (end, start) = (Duration::from_nanos(1_000_000_003), milliseconds(1000));
    track.push_cue(
        milliseconds(500)..end,
        Cue::new(start, start, "A".to_owned()),
    );
    push(&mut track, 1000, 2000, "B");
    let samples = track.take(milliseconds(500)..milliseconds(2000));
    let [a, b] = [b"A", b"B"].map(|text| boxed(b"vttc", &boxed(b"payl", text)));
    assert_eq!(samples.len(), 2);
    assert_eq!([&samples[0].media[..], &samples[1].media[..]], [a, b]);
}

#[test]
fn text_that_jumps_back_leaves_the_others() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    push_open(&mut track, 3000, "C");
    push(&mut track, 1000, 2000, "D");
    let samples = track.take(milliseconds(0)..milliseconds(4000));
    assert_eq!(
        times(&samples),
        [(0, 1000), (1000, 1000), (2000, 1000), (3000, 1000)]
    );
}

// 14496-30: the time in the cue at the start of its sample.
#[test]
fn times_in_a_text_count_from_its_own_start() {
    let mut track = TextTrack::new(TextFormat::WebVtt);
    let text = "a <00:00:02.000>b".to_owned();
    let cue = Cue::new(milliseconds(1000), milliseconds(3000), text);
    track.push_cue(milliseconds(5000)..milliseconds(7000), cue);
    let times = [5000..6000, 6000..7000].map(|part: Range<u64>| {
        let samples = track.take(milliseconds(part.start)..milliseconds(part.end));
        let sample = String::from_utf8_lossy(&samples[0].media).into_owned();
        sample.split("ctim").nth(1).unwrap()[..12].to_owned()
    });
    assert_eq!(times, ["00:00:01.000", "00:00:02.000"]);
}
