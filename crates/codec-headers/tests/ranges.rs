// SPDX-License-Identifier: MPL-2.0
//! Compares protectable ranges with the subsample maps of other packagers: ../shared/vectors.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use codec_headers::{Codec, ProtectableRange};

use test_support::manifest::{self, SampleFact, Vector};
use test_support::movie::{Movie, Track};
use test_support::tools::{self, skip};

/// A slice with less data than a cipher block may be clear.
const BLOCK: usize = 16;

/// The pairs whose subsample maps follow the slice headers.
const PAIRS: [&str; 12] = [
    "o-peer-av1-cbcs",
    "o-peer-av1-cenc",
    "o-cbcs-avc",
    "o-cenc-avc-aac",
    "o-peer-avc-cbc1",
    "o-peer-avc-cbcs",
    "o-peer-avc-cenc",
    "o-peer-avc-cens",
    "o-peer-hevc-cbcs",
    "o-peer-hevc-cenc",
    "o-peer-rotation-cbcs",
    "o-peer-rotation-cenc",
];

fn vectors(class: &str, test: &str) -> Vec<Vector> {
    let vectors = manifest::of_class(class);
    if vectors.is_empty() {
        skip(test, "no ../shared/vectors");
    }
    vectors
}

#[test]
fn ranges_are_those_of_other_packagers() {
    let mut pairs = vectors("pair", "ranges_are_those_of_other_packagers");
    pairs.retain(|pair| PAIRS.contains(&pair.id.as_str()));
    for pair in pairs {
        let clear = Movie::parse(pair.clear_bytes());
        let facts = &pair.facts()[0];
        let track = clear.tracks.iter().find(|track| track.id == facts.clear_id);
        let mut codec = codec_of(track.unwrap()).unwrap();
        for (index, fact) in facts.samples.iter().enumerate() {
            let bytes = &clear.file[fact.clear_offset..fact.clear_offset + fact.size];
            let mut ranges = Vec::new();
            codec.protectable_ranges(bytes, &mut ranges).unwrap();
            compare(&facts.scheme, &protected(fact), &ranges)
                .unwrap_or_else(|difference| panic!("{} sample {index}: {difference}", pair.id));
        }
    }
}

#[test]
fn every_sample_of_a_clear_file_has_something_to_protect() {
    let test = "every_sample_of_a_clear_file_has_something_to_protect";
    let mut samples = 0;
    let vectors = vectors("clear", test);
    for vector in &vectors {
        let movie = vector.movie();
        for track in &movie.tracks {
            let Some(mut codec) = codec_of(track) else {
                continue;
            };
            for sample in &track.samples {
                let mut ranges = Vec::new();
                let found = codec.protectable_ranges(movie.bytes(sample), &mut ranges);
                let has_data = found.is_ok() && ranges.iter().any(|range| range.len > 0);
                assert!(has_data, "{}: {found:?}", vector.id);
                samples += 1;
            }
        }
    }
    assert!(
        vectors.is_empty() || samples >= 746,
        "only {samples} samples"
    );
}

/// Opens ../shared/field-cases/`name`.
fn field_case(name: &str) -> Option<Movie> {
    let path = tools::vectors()?.parent()?.join("field-cases").join(name);
    path.exists().then(|| Movie::open(&path))
}

#[test]
fn both_layers_of_hevc_are_protectable() {
    let Some(movie) = field_case("11-hevc-two-layers.mp4") else {
        skip(
            "both_layers_of_hevc_are_protectable",
            "no ../shared/field-cases",
        );
        return;
    };
    let track = &movie.tracks[0];
    let mut codec = codec_of(track).unwrap();
    for sample in &track.samples {
        let mut ranges = Vec::new();
        codec
            .protectable_ranges(movie.bytes(sample), &mut ranges)
            .unwrap();
        // The file has each slice twice, in the base layer and in layer 1.
        assert_eq!(ranges.len(), 2);
        assert_eq!(ranges[0].len, ranges[1].len);
    }
}

#[test]
fn slices_under_an_extension_type_are_refused() {
    let Some(movie) = field_case("19-avc-slices-as-nal-type-20.mp4") else {
        let test = "slices_under_an_extension_type_are_refused";
        skip(test, "no ../shared/field-cases");
        return;
    };
    let track = &movie.tracks[0];
    let sample = movie.bytes(&track.samples[0]);
    let found = codec_of(track)
        .unwrap()
        .protectable_ranges(sample, &mut Vec::new());
    let error = found.unwrap_err().to_string();
    // The bytes after the NAL unit type have svc_extension_flag set.
    assert!(
        error.contains("SVC") && error.contains("encode it without"),
        "{error}"
    );
}

fn codec_of(track: &Track) -> Option<Codec> {
    let entry = &track.entries[0];
    let config = entry.config.as_deref()?;
    Some(Codec::new(entry.format, Some(config)).unwrap())
}

/// Compares the protected runs of another packager with ours, as its scheme partitions them.
fn compare(
    scheme: &str,
    theirs: &[ProtectableRange],
    ours: &[ProtectableRange],
) -> Result<(), String> {
    let agree = |theirs: &ProtectableRange, ours: &ProtectableRange| match scheme {
        "cbcs" => theirs == ours,
        // The remainder modulo the block is clear, before or after the protected run.
        _ => {
            theirs.len == ours.len / BLOCK * BLOCK
                && (theirs.start == ours.start
                    || theirs.start + theirs.len == ours.start + ours.len)
        }
    };
    let mut rest = theirs.iter().peekable();
    for range in ours {
        if rest.next_if(|theirs| agree(theirs, range)).is_none() && range.len >= BLOCK {
            return Err(format!("{theirs:?}, but ours are {ours:?}"));
        }
    }
    match rest.next() {
        Some(extra) => Err(format!("{extra:?} is not in ours, {ours:?}")),
        None => Ok(()),
    }
}

/// Returns the protected runs of a subsample map.
fn protected(fact: &SampleFact) -> Vec<ProtectableRange> {
    let (mut ranges, mut at) = (Vec::new(), 0);
    for &(clear, protected) in &fact.subsamples {
        let (start, len) = (at + usize::from(clear), protected as usize);
        if len > 0 {
            ranges.push(ProtectableRange { start, len });
        }
        at = start + len;
    }
    ranges
}
