// SPDX-License-Identifier: MPL-2.0
//! Texts of any bytes, as WebVTT and as TTML.

use std::time::Duration;

use timed_text::{
    TIMESCALE, TextFormat, TextSample, TextTrack, TtmlDocument, TtmlReader, WebVttBlock,
    WebVttReader, pango_text, plain_text,
};

/// The length of a segment.
const SEGMENT: Duration = Duration::from_secs(2);
/// Nanoseconds by which documents are moved.
const SHIFTS: [i128; 3] = [0, 3_600_000_000_000, -1_500_000_000];

/// Reads `data` as WebVTT and as TTML, whole and in pieces, and makes segments of it.
pub fn text(data: &[u8]) {
    web_vtt(data);
    ttml(data);
    let text = String::from_utf8_lossy(data);
    for cue_text in [plain_text(&text), pango_text(&text)] {
        assert!(!cue_text.contains("\n\n") && !cue_text.contains("-->"));
    }
}

fn web_vtt(data: &[u8]) {
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut reader, mut blocks) = (WebVttReader::default(), Vec::new());
        for piece in pieces {
            reader.push(piece, &mut blocks)?;
        }
        reader.end(&mut blocks)?;
        Ok::<_, timed_text::Error>(blocks)
    };
    let Ok(blocks) = read(&mut std::iter::once(data)) else {
        return;
    };
    assert_eq!(
        read(&mut data.chunks(3)),
        Ok(blocks.clone()),
        "WebVTT in pieces"
    );
    let mut track = TextTrack::new(TextFormat::WebVtt);
    for block in blocks {
        if let WebVttBlock::Cue(cue) = block {
            assert!(cue.start < cue.end);
            track.push_cue(cue.start..cue.end, cue);
        }
    }
    segments(&mut track);
}

fn ttml(data: &[u8]) {
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut reader, mut documents) = (TtmlReader::default(), Vec::new());
        for piece in pieces {
            reader.push(piece, &mut documents)?;
        }
        Ok::<_, timed_text::Error>(documents)
    };
    let Ok(documents) = read(&mut std::iter::once(data)) else {
        return;
    };
    assert_eq!(
        read(&mut data.chunks(3)),
        Ok(documents.clone()),
        "TTML in pieces"
    );
    for text in documents {
        for shift in SHIFTS {
            let Ok(document) = TtmlDocument::read(text.clone(), shift) else {
                continue;
            };
            let part = document.part(&(Duration::ZERO..SEGMENT));
            assert!(TtmlDocument::read(part, 0).is_ok(), "a part is a document");
            let mut track = TextTrack::new(TextFormat::Ttml);
            if let Some((start, end)) = document.shown() {
                track.push_document(start, end, document);
            }
            segments(&mut track);
        }
    }
}

/// Makes some segments, which the samples must fill.
fn segments(track: &mut TextTrack) {
    track.end();
    let mut end = 0;
    for segment in 0..4 {
        for sample in track.take(SEGMENT * segment..SEGMENT * (segment + 1)) {
            let TextSample {
                start,
                duration,
                media,
            } = sample;
            assert_eq!(start, end, "samples follow each other");
            assert!(duration > 0 && !media.is_empty());
            end += u64::from(duration);
        }
        assert_eq!(
            end,
            u64::from(segment + 1) * SEGMENT.as_secs() * u64::from(TIMESCALE)
        );
    }
}
