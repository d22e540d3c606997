// SPDX-License-Identifier: MPL-2.0
//! Protects the segments of all tracks as one stream.

use std::collections::VecDeque;

use cenc_mp4::{Announcement, Chunk, Encryptor, IndexMode, Output, Totals};
use protection_policy::Packaging;

use super::fragment_boxes::FragmentSizes;
use super::segment_sink::{SegmentSink, StartedFragment, StartedInit};
use super::watched_keys::{WatchedKeys, WatchedPackaging};

/// The protection of the segments of all tracks. One [`Packaging`] and one encryptor have all fragments, so that keys, crypto periods and
/// IVs are those of one stream.
pub struct SegmentProtector<C, S> {
    /// The destination of the segments.
    pub sink: S,
    packaging: WatchedPackaging,
    encryptor: Encryptor<C>,
    looks_ahead: bool,
    /// The fragments in the encryptor.
    pushed: VecDeque<PushedFragment>,
    /// Boxes of a fragment whose `mdat` is still to come.
    boxes: Vec<u8>,
    /// The bytes that the fragment under way still needs.
    media_left: u64,
    outputs: Vec<Output<C>>,
}

/// What a [`SegmentProtector`] starts with.
pub struct StreamStart<'a> {
    /// The clear init segment of all tracks.
    pub init: &'a [u8],
    /// The configuration and the keys.
    pub packaging: Packaging,
    /// The number of threads that encrypt, the caller's own included.
    pub threads: usize,
    /// True if fragments may stay in work while the next ones are pushed, as [`Encryptor::look_ahead`] says. Without it, a fragment is in
    /// the sink when [`SegmentProtector::push`] returns.
    pub looks_ahead: bool,
}

/// A fragment that is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushedFragment {
    /// Index of its track in `moov`.
    pub track: usize,
    /// The number of its segment, by the caller's count.
    pub segment: u64,
    /// True if the segment ends with it.
    pub is_last: bool,
}

/// Errors of a [`SegmentProtector`], which must not be used any more then.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError<E> {
    /// The stream cannot be protected.
    #[error(transparent)]
    Protection(#[from] cenc_mp4::Error),
    /// The sink has failed.
    #[error(transparent)]
    Sink(E),
}

/// What is left of a [`SegmentProtector`].
pub struct SegmentParts<S> {
    /// The destination of the segments.
    pub sink: S,
    /// The configuration and the keys, for another stream.
    pub packaging: Packaging,
}

impl<C: Chunk, S: SegmentSink<C>> SegmentProtector<C, S> {
    /// Protects the init segment, and starts the stream with the sink that `create_sink` makes for it.
    ///
    /// # Errors
    /// Errors of protection, such as a track without a key, and those of `create_sink`.
    pub fn start(
        start: StreamStart<'_>,
        create_sink: impl FnOnce(StartedInit<'_>) -> Result<S, S::Error>,
    ) -> Result<Self, SegmentError<S::Error>> {
        let mut encryptor = Encryptor::new(IndexMode::Hold);
        encryptor.set_threads(start.threads)?;
        if start.looks_ahead {
            encryptor.look_ahead();
        }
        let mut packaging = WatchedPackaging {
            protector: start.packaging,
            observer: WatchedKeys::default(),
        };
        let init = encryptor.take_init(start.init, &mut packaging)?;
        let sink = create_sink(packaging.observer.start_init(&init));
        Ok(Self {
            sink: sink.map_err(SegmentError::Sink)?,
            packaging,
            encryptor,
            looks_ahead: start.looks_ahead,
            pushed: VecDeque::new(),
            boxes: Vec::new(),
            media_left: 0,
            outputs: Vec::new(),
        })
    }

    /// Protects a fragment of one track, in one or more chunks of any size: one `moof` with the boxes that belong to it, and one `mdat`,
    /// which may be empty.
    ///
    /// # Errors
    /// Errors of protection, such as a missing key, and those of the sink.
    pub fn push(
        &mut self,
        fragment: PushedFragment,
        chunks: impl IntoIterator<Item = C>,
    ) -> Result<(), SegmentError<S::Error>> {
        self.pushed.push_back(fragment);
        for chunk in chunks {
            if !chunk.as_ref().is_empty() {
                self.encryptor
                    .push(chunk, &mut self.packaging, &mut self.outputs)?;
            }
        }
        self.write_all()
    }

    /// Ends the stream: all fragments are in the sink then.
    ///
    /// # Errors
    /// As [`Self::push`], for a fragment that is incomplete, and for a track of which nothing was protected since the start.
    pub fn finish(&mut self) -> Result<(), SegmentError<S::Error>> {
        self.end_part()?;
        Ok(self.encryptor.check_protected()?)
    }

    fn end_part(&mut self) -> Result<(), SegmentError<S::Error>> {
        self.encryptor
            .end_part(&mut self.packaging, &mut self.outputs)?;
        self.write_all()
    }

    /// Goes on with the same keys and the IVs that follow, in the current crypto period, but with the tracks that the clear init segment
    /// `init` describes. A track with the track_ID and the kind of media of an earlier one is that one.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Self::push`], and for a fragment that is incomplete.
    pub fn restart(&mut self, init: &[u8]) -> Result<(), SegmentError<S::Error>> {
        self.end_part()?;
        self.packaging.protector.restart_tracks();
        self.encryptor.start_part(IndexMode::Hold);
        if self.looks_ahead {
            self.encryptor.look_ahead();
        }
        let init = self.encryptor.take_init(init, &mut self.packaging)?;
        self.start_part(&init)
    }

    /// Returns the configuration and the keys.
    pub const fn packaging(&self) -> &Packaging {
        &self.packaging.protector
    }

    /// Returns the configuration and the keys, to give them cues.
    pub const fn packaging_mut(&mut self) -> &mut Packaging {
        &mut self.packaging.protector
    }

    /// Returns the amount of media that was protected since the start or the last restart.
    pub const fn totals(&self) -> Totals {
        self.encryptor.totals()
    }

    /// Returns the sink and the keys.
    pub fn into_parts(self) -> SegmentParts<S> {
        SegmentParts {
            sink: self.sink,
            packaging: self.packaging.protector,
        }
    }

    /// Gives all outputs to the sink.
    fn write_all(&mut self) -> Result<(), SegmentError<S::Error>> {
        self.take_changes();
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Boxes {
                    bytes,
                    announcement: Announcement { new_init: true, .. },
                    ..
                } => self.start_part(&bytes)?,
                Output::Boxes { bytes, .. } => self.write_boxes(bytes)?,
                Output::Media(media) => self.write_media(media)?,
                // Only an index in the input is patched.
                Output::Patch { .. } => (),
            }
        }
        self.outputs = outputs;
        Ok(())
    }

    fn take_changes(&mut self) {
        while let Some(change) = self.packaging.protector.next_change() {
            if let Some(keys) = change.keys {
                self.sink.change_keys(keys);
            }
        }
        for warning in self.packaging.protector.warnings() {
            self.sink.warn(warning.into());
        }
        while let Some(warning) = self.encryptor.next_warning() {
            self.sink.warn(warning.into());
        }
    }

    fn start_part(&mut self, init: &[u8]) -> Result<(), SegmentError<S::Error>> {
        let started = self.packaging.observer.start_init(init);
        self.sink.start_part(started).map_err(SegmentError::Sink)
    }

    /// Writes the boxes of fragments. All but the last have no media.
    fn write_boxes(&mut self, bytes: Vec<u8>) -> Result<(), SegmentError<S::Error>> {
        let mut boxes = std::mem::take(&mut self.boxes);
        match boxes.is_empty() {
            true => boxes = bytes,
            false => boxes.extend(bytes),
        }
        let mut rest = boxes.as_slice();
        while let Some(sizes) = FragmentSizes::read(rest)?
            && let Some((own, after)) = rest.split_at_checked(sizes.boxes)
        {
            self.start_fragment(own)?;
            self.media_left = sizes.media;
            if self.media_left == 0 {
                self.end_fragment()?;
            }
            rest = after;
        }
        self.boxes = rest.to_vec();
        Ok(())
    }

    fn start_fragment(&mut self, boxes: &[u8]) -> Result<(), SegmentError<S::Error>> {
        let Some(&PushedFragment { track, segment, .. }) = self.pushed.front() else {
            return Ok(());
        };
        let started = StartedFragment {
            track,
            segment,
            kid: self.packaging.observer.start_fragment(track),
            boxes,
        };
        let written = self.sink.start_fragment(started);
        written.map_err(SegmentError::Sink)
    }

    fn write_media(&mut self, media: C) -> Result<(), SegmentError<S::Error>> {
        self.media_left = self.media_left.saturating_sub(media.as_ref().len() as u64);
        if let Some(fragment) = self.pushed.front() {
            let written = self.sink.write_media(fragment.track, media);
            written.map_err(SegmentError::Sink)?;
        }
        match self.media_left {
            0 => self.end_fragment(),
            _ => Ok(()),
        }
    }

    fn end_fragment(&mut self) -> Result<(), SegmentError<S::Error>> {
        match self.pushed.pop_front() {
            Some(PushedFragment {
                track,
                segment,
                is_last: true,
            }) => {
                let ended = self.sink.end_segment(track, segment);
                ended.map_err(SegmentError::Sink)
            }
            _ => Ok(()),
        }
    }
}
