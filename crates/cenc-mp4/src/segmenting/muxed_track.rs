// SPDX-License-Identifier: MPL-2.0
//! Reads the samples in the output of a muxer.

use std::collections::VecDeque;
use std::time::Duration;

use isobmff_boxes::{
    BoxTree, FourCc, NON_SYNC_SAMPLE, Tfhd, Tkhd, Trex, Trun, read_base_media_decode_time,
};

use crate::cutting::{TrackKind, timescale};
use crate::fragmenting::moov::trak_without_samples;
use crate::moof::{FragmentDefaults, Moof};
use crate::stream::{FragmentAssembler, StreamBox, StreamEvent, StreamFragment, StreamReader};
use crate::time::duration;
use crate::{Chunk, Error};

/// Reads one track in the fragmented MP4 of a muxer.
pub struct MuxedTrackReader<C> {
    reader: StreamReader<C>,
    assembler: FragmentAssembler<C>,
    defaults: Option<TrackDefaults>,
    /// The end of the last fragment in ticks, for fragments without `tfdt`.
    decoded: u64,
}

/// A part of the output of a muxer.
#[derive(Debug)]
pub enum MuxedPart<C> {
    /// The description of the samples that follow.
    Header(MuxedHeader),
    /// The next sample in decoding order.
    Sample(MuxedSample<C>),
}

/// The description of a track by its muxer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuxedHeader {
    /// The whole `trak`.
    pub trak: Vec<u8>,
    /// The kind of media.
    pub kind: TrackKind,
    /// Ticks per second; not 0.
    pub timescale: u32,
}

/// A sample with its media.
#[derive(Debug)]
pub struct MuxedSample<C> {
    /// Its decode time in ticks.
    pub decode_time: i64,
    /// The ticks from its decode time to its presentation.
    pub composition_offset: i64,
    /// Its length in ticks.
    pub duration: u32,
    /// Its size in bytes.
    pub size: u32,
    /// sample_flags of ISO/IEC 14496-12 clause 8.8.3.1.
    pub flags: u32,
    /// Its media, in as few chunks as it arrived.
    pub media: Vec<C>,
}

impl<C> MuxedSample<C> {
    /// Returns the presentation time in ticks.
    pub const fn start(&self) -> i64 {
        self.decode_time.saturating_add(self.composition_offset)
    }

    /// True for a sync sample.
    pub const fn is_sync(&self) -> bool {
        self.flags & NON_SYNC_SAMPLE == 0
    }
}

/// The defaults of the fragments of the muxer.
struct TrackDefaults {
    trex: Trex,
    /// The ticks by which the time of a fragment may differ from the end of the fragment before by rounding.
    tolerance: u64,
}

impl FragmentDefaults for TrackDefaults {
    fn track_id(&self) -> u32 {
        self.trex.track_id
    }

    fn trex(&self) -> Option<Trex> {
        Some(self.trex)
    }
}

impl<C: Chunk> Default for MuxedTrackReader<C> {
    fn default() -> Self {
        Self {
            reader: StreamReader::new(),
            assembler: FragmentAssembler::new(),
            defaults: None,
            decoded: 0,
        }
    }
}

impl<C: Chunk> MuxedTrackReader<C> {
    /// Takes the next chunk of the stream, of any size, and appends what is complete with it.
    ///
    /// # Errors
    /// Damaged boxes, [`Error::TooManyTracks`], samples whose media is elsewhere.
    pub fn push(&mut self, chunk: C, parts: &mut Vec<MuxedPart<C>>) -> Result<(), Error> {
        self.reader.add_chunk(chunk);
        let read = self.take_events(parts);
        self.reader.drop_chunk();
        read
    }

    /// Forgets the fragment under way, after a jump in the stream. The description stays: a muxer need not repeat it.
    pub fn flush(&mut self) {
        self.reader = StreamReader::new();
        self.assembler = FragmentAssembler::new();
        self.decoded = 0;
    }

    fn take_events(&mut self, parts: &mut Vec<MuxedPart<C>>) -> Result<(), Error> {
        while let Some(event) = self.reader.next_event()? {
            match event {
                StreamEvent::Box(found) => self.take_box(found, parts)?,
                StreamEvent::MediaStart(header) => self.assembler.take_media_header(header.bytes),
                StreamEvent::Media(media) => self.assembler.take_media(media.data)?,
                StreamEvent::MediaEnd(_) if self.assembler.has_moof() => {
                    self.end_fragment(parts)?;
                }
                StreamEvent::MediaEnd(_)
                | StreamEvent::BoxBytes(_)
                | StreamEvent::Trailer(_)
                | StreamEvent::StreamEnd => (),
            }
        }
        Ok(())
    }

    fn take_box(&mut self, found: StreamBox, parts: &mut Vec<MuxedPart<C>>) -> Result<(), Error> {
        if found.box_type == FourCc::MOOV {
            parts.push(MuxedPart::Header(self.take_moov(&found.bytes)?));
            return Ok(());
        }
        // Other boxes of a muxer, such as `styp`, belong to its own segments.
        self.assembler.take_box(found).map(drop)
    }

    fn take_moov(&mut self, moov: &[u8]) -> Result<MuxedHeader, Error> {
        let moov = BoxTree::parse(moov)?;
        let mut traks = moov.all(FourCc::TRAK);
        let trak = traks.next().ok_or(Error::NoMoov)?;
        if traks.next().is_some() {
            return Err(Error::TooManyTracks);
        }
        let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
        let header = MuxedHeader::read(trak)?;
        self.defaults = Some(TrackDefaults {
            trex: Trex::of_track(&moov, track_id)?,
            tolerance: u64::from(header.timescale / 1000),
        });
        Ok(header)
    }

    fn end_fragment(&mut self, parts: &mut Vec<MuxedPart<C>>) -> Result<(), Error> {
        let Some(fragment) = self.assembler.take() else {
            return Ok(());
        };
        let defaults = self.defaults.as_ref().ok_or(Error::NoMoov)?;
        let samples = read_samples(fragment, defaults, &mut self.decoded)?;
        parts.extend(samples.into_iter().map(MuxedPart::Sample));
        Ok(())
    }
}

impl MuxedHeader {
    /// Returns ticks as a time; 0 for negative ones.
    pub fn time(&self, ticks: i64) -> Duration {
        duration(u64::try_from(ticks).unwrap_or(0), self.timescale)
    }

    fn read(trak: &BoxTree<'_>) -> Result<Self, Error> {
        let hdlr = trak.descend(&[FourCc::MDIA, FourCc::HDLR])?;
        let kind = TrackKind::of_handler(isobmff_boxes::read_handler_type(hdlr.reader())?);
        Ok(Self {
            trak: trak_without_samples(trak)?,
            kind,
            timescale: timescale(trak)?,
        })
    }
}

/// Returns the samples of a fragment with their media. `decoded` is the end of the fragment before, and becomes that of this one.
fn read_samples<C: Chunk>(
    fragment: StreamFragment<C>,
    defaults: &TrackDefaults,
    decoded: &mut u64,
) -> Result<Vec<MuxedSample<C>>, Error> {
    let moof = Moof::read(&fragment.boxes.moof, fragment.boxes.position)?;
    let mut locations = Vec::new();
    let parts = moof.locate(std::slice::from_ref(defaults), &mut locations)?;
    let media = fragment.boxes.media();
    moof.place(&parts, &mut locations, &media, &mut Vec::new())?;
    let mut samples = Vec::with_capacity(locations.len());
    for traf in moof.tree.all(FourCc::TRAF) {
        add_samples(traf, defaults, decoded, &mut samples)?;
    }
    let mut media = MediaBytes {
        chunks: fragment.media.into(),
        position: 0,
    };
    for (sample, location) in samples.iter_mut().zip(&locations) {
        media.skip_to(location.offset);
        sample.media = media.take(location.len as usize);
    }
    Ok(samples)
}

/// Appends the samples of a track fragment, without media.
fn add_samples<C>(
    traf: &BoxTree<'_>,
    defaults: &TrackDefaults,
    decoded: &mut u64,
    samples: &mut Vec<MuxedSample<C>>,
) -> Result<(), Error> {
    let tfhd = Tfhd::read(traf.child(FourCc::TFHD)?.reader())?;
    if let Some(tfdt) = traf.all(FourCc::TFDT).next() {
        let stated = read_base_media_decode_time(tfdt.reader())?;
        // Muxers round the time of each fragment anew; without that, samples follow each other.
        if stated.abs_diff(*decoded) > defaults.tolerance {
            *decoded = stated;
        }
    }
    let default = tfhd.default_sample(&defaults.trex);
    for trun in traf.all(FourCc::TRUN) {
        let trun = Trun::read(trun.reader())?;
        for sample in trun.samples(default) {
            samples.push(MuxedSample {
                decode_time: i64::try_from(*decoded).unwrap_or(i64::MAX),
                composition_offset: trun.composition_offset(&sample),
                duration: sample.duration,
                size: sample.size,
                flags: sample.flags,
                media: Vec::new(),
            });
            *decoded = decoded.saturating_add(sample.duration.into());
        }
    }
    Ok(())
}

/// The payload of a fragment, from which the media of its samples is taken in its order.
struct MediaBytes<C> {
    chunks: VecDeque<C>,
    /// The bytes taken so far.
    position: i64,
}

impl<C: Chunk> MediaBytes<C> {
    /// Drops the bytes up to an offset, which belong to no sample.
    fn skip_to(&mut self, offset: i64) {
        let unclaimed = offset.saturating_sub(self.position);
        self.take(usize::try_from(unclaimed).unwrap_or(0));
    }

    /// Takes the next `len` bytes, in the chunks that have them.
    fn take(&mut self, len: usize) -> Vec<C> {
        let mut taken = Vec::new();
        let mut left = len;
        while left > 0
            && let Some(mut chunk) = self.chunks.pop_front()
        {
            let available = chunk.as_ref().len();
            if available > left {
                let first = chunk.split_to(left);
                self.chunks.push_front(chunk);
                taken.push(first);
                left = 0;
            } else {
                left -= available;
                if available > 0 {
                    taken.push(chunk);
                }
            }
        }
        self.position = self.position.saturating_add_unsigned((len - left) as u64);
        taken
    }
}
