// SPDX-License-Identifier: MPL-2.0
//! The model of the presentation, from the files that were written and the keys in them.

use std::time::Duration;

use presentation::model::{
    LaterPart, Presentation, PresentedTrack, TrackFiles, TrackMedia, TrackSignaling,
};
use segment_packaging::{DescribedTrack, PartKeys, PresentationKeys, SegmentKey, TrackNames};

use super::Error;
use super::folder::NewVersion;
use super::inputs::Inputs;

use super::written_track::{WrittenPart, WrittenTrack};

/// A track as the manifests show it.
pub struct ShownTrack {
    /// Its name.
    pub name: String,
    /// Its description.
    pub described: DescribedTrack,
}

/// A track whose files are complete.
pub struct FinishedTrack {
    /// How the manifests show it.
    pub shown: ShownTrack,
    /// Its files.
    pub written: WrittenTrack,
    /// The KIDs of its segments.
    pub segment_keys: Vec<SegmentKey>,
}

/// The keys of one track.
struct TrackKeys<'a> {
    /// Those of the presentation.
    keys: &'a PresentationKeys,
    /// Index of the track.
    track: usize,
    /// Those of its segments.
    segments: &'a [SegmentKey],
}

/// Returns the model of tracks in the order of their track_IDs.
pub fn present(
    keys: &PresentationKeys,
    version: &NewVersion,
    tracks: Vec<FinishedTrack>,
) -> Presentation {
    let present = |(index, track): (usize, FinishedTrack)| {
        let keys = TrackKeys {
            keys,
            track: index,
            segments: &track.segment_keys,
        };
        track.shown.present(version, track.written, &keys)
    };
    Presentation {
        tracks: tracks.into_iter().enumerate().map(present).collect(),
        drms: keys.drms(),
        live: None,
    }
}

impl TrackKeys<'_> {
    /// Returns the signaling of a part that ends before the segment with index `end`; None if it is clear.
    fn signaling(&self, part: &WrittenPart, end: usize) -> Option<TrackSignaling> {
        self.keys.signaling(&PartKeys {
            track: self.track,
            init: self.keys.inits.get(part.init_index)?,
            segments: part.first_segment..end,
            keys: self.segments,
        })
    }
}

impl ShownTrack {
    /// Returns the track of the model.
    fn present(
        self,
        version: &NewVersion,
        written: WrittenTrack,
        keys: &TrackKeys<'_>,
    ) -> PresentedTrack {
        let end = written
            .segments
            .last()
            .map_or(0, |last| last.start.saturating_add(last.duration));
        let starts = written.later.iter().map(|part| part.first_segment);
        let ends: Vec<usize> = starts.chain([written.segments.len()]).collect();
        let mut ends = ends.into_iter();
        let mut signaling = |part: &WrittenPart| keys.signaling(part, ends.next()?);
        let protection = signaling(&written.first);
        let later_parts = written
            .later
            .into_iter()
            .zip(1..)
            .map(|(part, period)| LaterPart {
                protection: signaling(&part),
                first_segment: part.first_segment,
                period,
                discontinuities: 0,
                media: self.described.media,
                codecs: self.described.codecs.clone(),
                files: part.files,
            })
            .collect();
        PresentedTrack {
            name: self.name,
            media: self.described.media,
            codecs: self.described.codecs,
            language: self.described.language,
            label: self.described.label,
            roles: self.described.roles,
            folder: Some(version.name().to_owned()),
            files: written.first.files,
            timescale: written.timescale,
            duration: Duration::from_nanos(
                u64::try_from(
                    u128::from(end) * 1_000_000_000 / u128::from(written.timescale.max(1)),
                )
                .unwrap_or(u64::MAX),
            ),
            segments: written.segments,
            first_number: 1,
            discontinuities: 0,
            bandwidth: None,
            key_frame_bandwidth: None,
            period: 0,
            protection,
            later_parts,
            is_ended: false,
            smooth: self.described.smooth,
        }
    }
}

/// Copies the WebVTT files, and writes the part of each for the Periods that start at `later_periods`.
///
/// # Errors
/// [`Error::Output`].
pub fn write_texts(
    inputs: &Inputs,
    version: &NewVersion,
    names: &mut TrackNames,
    later_periods: &[Duration],
) -> Result<Vec<PresentedTrack>, Error> {
    inputs
        .texts
        .iter()
        .map(|file| {
            let properties = file.properties.clone();
            let name = names.choose(&TrackMedia::Text, properties.language.as_deref(), &[]);
            let file_name = format!("{name}.vtt");
            version.write(&file_name, &file.text.bytes)?;
            let mut period_names = Vec::new();
            for (index, start) in later_periods.iter().enumerate() {
                let period_name = format!("{name}-{}.vtt", index + 2);
                let end = later_periods.get(index + 1).copied();
                version.write(&period_name, file.text.part(*start, end).as_bytes())?;
                period_names.push(period_name);
            }
            Ok(PresentedTrack {
                name,
                media: TrackMedia::Text,
                codecs: String::new(),
                language: properties.language,
                label: properties.label,
                roles: properties.roles,
                folder: Some(version.name().to_owned()),
                files: TrackFiles::WebVtt {
                    name: file_name,
                    size: file.text.bytes.len() as u64,
                    later_periods: period_names,
                },
                timescale: 1000,
                segments: Vec::new(),
                first_number: 1,
                discontinuities: 0,
                duration: file.text.duration,
                bandwidth: None,
                key_frame_bandwidth: None,
                period: 0,
                protection: None,
                later_parts: Vec::new(),
                is_ended: false,
                smooth: None,
            })
        })
        .collect()
}
