// SPDX-License-Identifier: MPL-2.0
//! Reads the tracks of a clear file.

use std::ops::Range;

use isobmff_boxes::{BoxTree, FourCc, Tkhd, Trex, read_movie_timescale};

use super::fragment_tables::TableBuilder;
use super::source_event::SourceEvent;
use super::source_track::{SampleTables, SourceTrack, timescale};
use crate::fragmenting::timing::TrackTiming;
use crate::init::{STBL_PATH, clear_entries, has_samples, refuse_unreadable};
use crate::progressive::file::{ProgressiveFile, TopLevelBox, read_box, read_header};
use crate::progressive::tables;
use crate::time::TrackClock;
use crate::warning::WarningQueue;
use crate::{Error, SeekableInput, Warning};

/// The most fragments of a file: two tracks at 60 pictures a second with one in each fragment, for 19 hours.
const MAX_MOOFS: usize = 1 << 23;

/// The tracks of a clear MP4 file, progressive or fragmented, with the places and times of all their samples.
///
/// Its memory grows with the number of samples, by about 10 bytes each.
pub struct SourceMovie {
    /// The tracks that have samples, in the order of the file.
    pub tracks: Vec<SourceTrack>,
    /// Warnings of boxes that do not go with the samples into other fragments.
    pub warnings: Vec<Warning>,
    /// Its event messages.
    pub events: Vec<SourceEvent>,
}

impl SourceMovie {
    /// Reads the boxes of a file, but none of its media.
    ///
    /// # Errors
    /// [`Error::AlreadyProtected`], [`Error::Edits`], damaged tables, a file of another format.
    pub fn open<S: SeekableInput>(input: &mut S) -> Result<Self, Error> {
        let movie = match ProgressiveFile::scan(input)? {
            Some(file) => Self {
                tracks: progressive_tracks(&file)?,
                warnings: Vec::new(),
                events: Vec::new(),
            },
            None => FragmentedFile::scan(input)?.read(input)?,
        };
        match movie.tracks.is_empty() {
            true => Err(Error::NoTracks),
            false => Ok(movie),
        }
    }
}

fn progressive_tracks(file: &ProgressiveFile) -> Result<Vec<SourceTrack>, Error> {
    let moov = BoxTree::parse(&file.moov)?;
    refuse_unreadable(&moov)?;
    let media: Vec<_> = file.media().collect();
    let movie_timescale = read_movie_timescale(moov.child(FourCc::MVHD)?.reader())?;
    moov.all(FourCc::TRAK)
        .zip(tables::read_all(&moov, Some(&media))?)
        .filter(|(_, table)| !table.chunks.is_empty())
        .map(|(trak, table)| {
            let tables = SampleTables {
                table,
                timing: TrackTiming::read(trak)?,
                first_decode_time: 0,
                boxes: None,
            };
            SourceTrack::read(trak, tables, movie_timescale)
        })
        .collect()
}

/// The top-level boxes of a fragmented file.
#[derive(Default)]
struct FragmentedFile {
    moov: Option<Vec<u8>>,
    moofs: Vec<Range<u64>>,
    /// The event messages, each with the number of `moof` boxes before it.
    events: Vec<(usize, Range<u64>)>,
}

impl FragmentedFile {
    fn scan<S: SeekableInput>(input: &mut S) -> Result<Self, Error> {
        let mut file = Self::default();
        let mut at = 0;
        while at < input.size() {
            let Some(TopLevelBox { header, end }) = read_header(input, at)? else {
                break;
            };
            match header.box_type {
                FourCc::MOOF if file.moofs.len() == MAX_MOOFS => {
                    return Err(Error::TooLarge {
                        what: "the number of fragments of a file",
                        limit: MAX_MOOFS as u64,
                    });
                }
                FourCc::MOOF => file.moofs.push(at..end),
                FourCc::MOOV => file.add_moov(&read_box(input, at..end)?)?,
                FourCc::EMSG => file.events.push((file.moofs.len(), at..end)),
                _ => (),
            }
            at = end;
        }
        Ok(file)
    }

    /// Takes a `moov`, which may be repeated.
    fn add_moov(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let known = self.moov.get_or_insert_with(|| bytes.to_vec());
        match known == bytes {
            true => Ok(()),
            false => Err(isobmff_boxes::Error::Duplicate {
                box_type: FourCc::MOOV,
            }
            .into()),
        }
    }

    /// Reads the samples of all fragments.
    fn read<S: SeekableInput>(self, input: &mut S) -> Result<SourceMovie, Error> {
        let moov_bytes = self.moov.ok_or(Error::NoMoov)?;
        let moov = BoxTree::parse(&moov_bytes)?;
        refuse_unreadable(&moov)?;
        let movie_timescale = read_movie_timescale(moov.child(FourCc::MVHD)?.reader())?;
        let traks: Vec<_> = moov.all(FourCc::TRAK).collect();
        let mut builders = traks
            .iter()
            .map(|trak| builder(trak, &moov))
            .collect::<Result<Vec<_>, _>>()?;
        add_samples_of_moov(&moov, &mut builders)?;
        let clocks = TrackClock::read_all(&moov)?;
        let mut events = Vec::new();
        let mut event_places = self.events.iter().peekable();
        for (number, moof) in self.moofs.into_iter().enumerate() {
            let position = moof.start;
            let moof = read_box(input, moof)?;
            while let Some((_, place)) = event_places.next_if(|(before, _)| *before == number) {
                events.extend(SourceEvent::read(input, place, &moof, &clocks)?);
            }
            TableBuilder::add_moof(&mut builders, &moof, position)?;
        }
        let mut warnings = WarningQueue::default();
        if !self.events.is_empty() {
            warnings.add(Warning::LeftOut {
                box_type: FourCc::EMSG,
                grouping_type: None,
            });
        }
        for warning in builders.iter_mut().flat_map(TableBuilder::take_warnings) {
            warnings.add(warning);
        }
        Ok(SourceMovie {
            tracks: traks
                .into_iter()
                .zip(builders)
                .map(|(trak, builder)| {
                    SourceTrack::read(trak, builder.build(timescale(trak)?), movie_timescale)
                })
                .filter(|track| !matches!(track, Ok(track) if track.is_empty()))
                .collect::<Result<_, _>>()?,
            warnings: std::iter::from_fn(|| warnings.next()).collect(),
            events,
        })
    }
}

fn builder(trak: &BoxTree<'_>, moov: &BoxTree<'_>) -> Result<TableBuilder, Error> {
    clear_entries(trak.descend(&STBL_PATH)?)?;
    let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    Ok(TableBuilder::new(Trex::of_track(moov, track_id)?))
}

/// Adds the samples that a fragmented movie has in its `moov`, as FFmpeg writes it without `empty_moov`.
fn add_samples_of_moov(moov: &BoxTree<'_>, builders: &mut [TableBuilder]) -> Result<(), Error> {
    for trak in moov.all(FourCc::TRAK) {
        if has_samples(trak.descend(&STBL_PATH)?)? {
            for (table, (trak, builder)) in tables::read_all(moov, None)?
                .iter()
                .zip(moov.all(FourCc::TRAK).zip(builders))
            {
                builder.add_moov(trak.descend(&STBL_PATH)?, table, &TrackTiming::read(trak)?)?;
            }
            break;
        }
    }
    Ok(())
}
