// SPDX-License-Identifier: MPL-2.0
//! Files that are cut, moved and read again.

use isobmff_boxes::{BoxTree, FourCc};

use super::*;
use crate::Error;
use crate::memory::Memory;

const FRAGMENTED: &[u8] = include_bytes!("../../../../fuzz/corpus/mp4/ffmpeg-av");

fn open(bytes: &[u8]) -> Result<SourceMovie, Error> {
    SourceMovie::open(&mut Memory(bytes.to_vec()))
}

/// Cuts all tracks and returns a file with their fragments.
fn cut(bytes: &[u8], target: std::time::Duration) -> Vec<u8> {
    let mut input = Memory(bytes.to_vec());
    let movie = SourceMovie::open(&mut input).unwrap();
    let sources: Vec<&SourceTrack> = movie.tracks.iter().collect();
    let starts = SegmentStarts::choose(&sources, target).unwrap();
    let mut cuts: Vec<CutTrack> = (1..)
        .zip(movie.tracks)
        .map(|(track_id, source)| CutTrack::new(source, track_id, &starts).unwrap())
        .collect();
    let references: Vec<&CutTrack> = cuts.iter().collect();
    let mut out = init_segment(&references).unwrap();
    for cut in &mut cuts {
        while let Some(fragment) = cut.next_fragment().unwrap() {
            out.extend(&fragment.boxes);
            for range in fragment.media() {
                let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
                out.extend(&bytes[start..end]);
            }
        }
    }
    out
}

// A file that was cut has the same samples at the same times when it is read again, whatever the target.
#[test]
fn cut_file_has_the_samples_of_its_source() {
    let source = open(FRAGMENTED).unwrap();
    for milliseconds in [100, 1000, 60_000] {
        let target = std::time::Duration::from_millis(milliseconds);
        let found = open(&cut(FRAGMENTED, target)).unwrap();
        assert_eq!(found.tracks.len(), source.tracks.len());
        for (found, source) in found.tracks.iter().zip(&source.tracks) {
            assert!(found.has_samples_of(source), "{milliseconds} ms");
            let times = |track: &SourceTrack| -> Vec<_> {
                let samples = track.samples();
                samples
                    .map(|s| (s.decode_time, s.start, s.is_sync))
                    .collect()
            };
            assert_eq!(times(found), times(source), "{milliseconds} ms");
        }
    }
}

#[test]
fn moving_a_track_changes_times_only() {
    let mut movie = open(FRAGMENTED).unwrap();
    let track = &mut movie.tracks[0];
    let start = track.start();
    for ticks in [1000, -400, -5000] {
        let before = track.start();
        track.move_by(ticks);
        assert_eq!(track.start(), before + ticks);
    }
    track.move_by(4400);
    assert_eq!(track.start(), start);
}

// 14496-12 clause 8.6.6: an empty edit delays the media, and media_time is presented first. Other edits cannot be cut.
#[test]
fn edit_lists_delay_and_skip() {
    let edits = |edits: &[[u32; 3]]| {
        let mut fields = u32::try_from(edits.len()).unwrap().to_be_bytes().to_vec();
        fields.extend(
            edits
                .as_flattened()
                .iter()
                .flat_map(|field| field.to_be_bytes()),
        );
        let elst = BoxTree::full(FourCc::ELST, Default::default(), &fields);
        BoxTree::container(
            FourCc::TRAK,
            vec![BoxTree::container(FourCc::EDTS, vec![elst])],
        )
    };
    let read = |list: &[[u32; 3]]| {
        let mut bytes = Vec::new();
        edits(list).write(&mut bytes).unwrap();
        let trak = BoxTree::parse(&bytes).unwrap();
        crate::media_start::MediaStart::read(&trak, 1, 48_000, 1000)
            .map(|start| (start.delay, start.skipped))
    };
    const RATE: u32 = 0x0001_0000;
    assert_eq!(read(&[]).unwrap(), (0, 0));
    assert_eq!(read(&[[0, 1024, RATE]]).unwrap(), (0, 1024));
    assert_eq!(
        read(&[[500, u32::MAX, RATE], [0, 7, RATE]]).unwrap(),
        (24_000, 7)
    );
    for refused in [
        [[0, 0, 2 * RATE], [0, u32::MAX, RATE]],
        [[10, 0, RATE], [10, 960, RATE]],
    ] {
        assert!(matches!(read(&refused), Err(Error::Edits { track_id: 1 })));
    }
}

#[test]
fn protected_and_damaged_files_are_errors() {
    let protected = include_bytes!("../../../../fuzz/corpus/mp4/ffmpeg-av").to_vec();
    let with_senc = replace(&protected, b"tfdt", b"senc");
    assert!(matches!(
        open(&with_senc),
        Err(Error::AlreadyProtected { .. })
    ));
    assert!(matches!(open(b"no MP4"), Err(Error::NotMp4(_))));
    assert!(matches!(open(b""), Err(Error::NoMoov)));
    for len in (0..FRAGMENTED.len()).step_by(7) {
        // Nothing is read beyond the end, and nothing panics.
        let _ = open(&FRAGMENTED[..len]);
    }
}

fn replace(bytes: &[u8], name: &[u8; 4], by: &[u8; 4]) -> Vec<u8> {
    let at = bytes.windows(4).position(|window| window == name).unwrap();
    let mut replaced = bytes.to_vec();
    replaced[at..at + 4].copy_from_slice(by);
    replaced
}
