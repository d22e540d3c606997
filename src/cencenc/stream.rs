// SPDX-License-Identifier: MPL-2.0
//! The current stream: protects buffers in place.

use std::sync::Arc;

use cenc_types::{Media, Track};
use common_encryption::{
    EncryptionMethod, FragmentRule, FragmentTime, SampleProtector, TrackIv, TrackProtection,
};
use protection_policy::{Packaging, SampleKeys, Signals, Warning};

use super::StreamError;
use crate::clear_caps::StreamFormat;
use crate::cue_event::CueFromUpstream;
use crate::logging::{LogTarget, RuleLog, describe_protection};
use crate::meta::Metas;
use crate::session::{AnnouncedChange, AnnouncedStart};
use crate::settings::TrackTypeProperty;
use crate::stream_counts::StreamCounts;

/// An elementary stream is the first and only track.
const TRACK_ID: u32 = 1;

/// The encryptor from READY to PAUSED and back.
pub(super) struct ElementaryStream {
    packaging: Packaging,
    rules: RuleLog,
    /// The current segment, if it is in time.
    segment: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// The format of the caps, until the first buffer with them.
    format: Option<StreamFormat>,
    track: Option<TrackEncryptor>,
    /// The signaling already announced for this stream.
    announced: Option<Signals>,
    /// The samples, without empty buffers and headers.
    counts: Arc<StreamCounts>,
}

impl ElementaryStream {
    pub(super) fn new(packaging: Packaging, counts: Arc<StreamCounts>) -> Self {
        Self {
            packaging,
            rules: RuleLog::default(),
            segment: None,
            format: None,
            track: None,
            announced: None,
            counts,
        }
    }

    pub(super) fn into_sample_keys(self) -> SampleKeys {
        self.packaging.into_sample_keys()
    }

    /// Starts another stream, which is announced again.
    pub(super) fn restart(&mut self) {
        self.announced = None;
    }

    /// Sets the segment of the following samples, whose stream time decides about periods and clear leads.
    pub(super) fn set_segment(&mut self, segment: &gst::Segment) {
        self.segment = segment.downcast_ref().cloned();
    }

    /// Sets new caps, which determine the format and the key of the following samples.
    pub(super) fn set_caps(
        &mut self,
        caps: &gst::CapsRef,
        track_type: TrackTypeProperty,
    ) -> Result<(), StreamError> {
        self.track = None;
        let format = StreamFormat::of(caps)?;
        check_kind(track_type, format.media)?;
        self.format = Some(format);
        Ok(())
    }

    /// Chooses the key for new caps. It waits for keys, so it runs at the first buffer: caps that were refused would come
    /// again.
    fn begin_track(
        &mut self,
        LogTarget { category, element }: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        self.packaging.begin()?;
        let Some(format) = self.format.take() else {
            return Ok(());
        };
        let track = Track {
            track_id: TRACK_ID,
            media: format.media,
        };
        let protection = self
            .packaging
            .protect_tracks(&[track])?
            .tracks
            .into_iter()
            .flatten()
            .next()
            .ok_or(StreamError::LeftClear(track))?;
        gst::info!(
            category,
            obj = element,
            "{track}: protected by {}",
            describe(&protection)
        );
        self.track = Some(TrackEncryptor {
            format,
            current: CurrentProtection::with_key(protection.clone()),
            protection,
            protector: SampleProtector::default(),
        });
        Ok(())
    }

    /// Applies the protection that is due at a buffer.
    fn apply_rule(
        &mut self,
        buffer: &gst::BufferRef,
        target: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        if !self.packaging.follows_time() {
            return Ok(());
        }
        let first = buffer.pts().or(buffer.dts()).unwrap_or_default();
        let last = first.saturating_add(buffer.duration().unwrap_or_default());
        // Stream time runs back where the applied rate is negative.
        let [one, other] = [first, last].map(|timestamp| self.stream_time(timestamp));
        let start = one.min(other).into();
        if let Some(running_time) = self.running_time(first) {
            self.packaging.note_running_time(running_time.into());
        }
        let time = FragmentTime {
            track_id: TRACK_ID,
            start,
            presentation: start,
            end: one.max(other).into(),
            sync: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        };
        let rule = self.packaging.rule(&time)?;
        self.rules.note(target, &time, &rule);
        if let Some(track) = &mut self.track {
            track.apply_rule(rule);
        }
        Ok(())
    }

    fn running_time(&self, timestamp: gst::ClockTime) -> Option<gst::ClockTime> {
        self.segment.as_ref()?.to_running_time(timestamp)
    }

    /// Takes a cue from upstream.
    pub(super) fn take_cue(&mut self, cue: &CueFromUpstream) {
        self.packaging.take_cue(&cue.section, cue.place);
    }

    /// Drops cues after a jump in the stream.
    pub(super) fn flush(&mut self) {
        self.packaging.forget_cues();
    }

    /// Returns the stream time of a timestamp, since encoders and live sources start anywhere; the running time if the segment has no
    /// stream time. Timestamps before the beginning of the stream belong to its first sample.
    fn stream_time(&self, timestamp: gst::ClockTime) -> gst::ClockTime {
        let time = self
            .segment
            .as_ref()
            .and_then(|segment| match segment.time() {
                Some(_) => segment.to_stream_time_full(timestamp),
                None => segment.to_running_time_full(timestamp),
            });
        match time {
            Some(gst::Signed::Positive(time)) => time,
            Some(gst::Signed::Negative(_)) => gst::ClockTime::ZERO,
            None => timestamp,
        }
    }

    /// Protects a buffer and adds its protection meta.
    pub(super) fn protect(
        &mut self,
        buffer: &mut gst::BufferRef,
        target: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        if buffer.meta::<gst::meta::ProtectionMeta>().is_some() {
            return Err(StreamError::AlreadyProtected);
        }
        self.begin_track(target)?;
        self.apply_rule(buffer, target)?;
        // Without caps there is no track: no buffer may leave unprotected.
        let track = self.track.as_mut().ok_or(StreamError::NoCaps)?;
        let info = match track.protect(buffer)? {
            Some(info) => {
                self.counts.add_sample(buffer.size() as u64);
                info
            }
            None => track.current.metas.clear(),
        };
        let LogTarget { category, element } = target;
        gst::trace!(
            category,
            obj = element,
            "gives {buffer:?} the meta {info:?}"
        );
        gst::meta::ProtectionMeta::add(buffer, info);
        Ok(())
    }

    /// Returns the signaling that must be announced before the next buffer, whose timestamp is `at`, if it is new.
    pub(super) fn announcement(&mut self, at: Option<gst::ClockTime>) -> Option<AnnouncedStart> {
        let signals = self
            .packaging
            .signals()
            .filter(|signals| self.announced.as_ref() != Some(signals))?
            .clone();
        self.announced = Some(signals.clone());
        Some(AnnouncedStart {
            signals,
            scheme: self.packaging.config().scheme,
            period: self.packaging.init_period(),
            at,
        })
    }

    /// Returns what changed at the last buffer, whose timestamp is `at`.
    pub(super) fn next_change(&mut self, at: Option<gst::ClockTime>) -> Option<AnnouncedChange> {
        Some(AnnouncedChange {
            change: self.packaging.next_change()?,
            scheme: self.packaging.config().scheme,
            at,
        })
    }

    pub(super) fn warnings(&mut self) -> Vec<Warning> {
        self.packaging.warnings()
    }
}

/// Describes the protection of a track for the log.
fn describe(protection: &TrackProtection) -> String {
    let EncryptionMethod { scheme, pattern } = protection.method;
    let iv = match protection.key.track_iv() {
        TrackIv::PerSample(size) => format!("IV of {} bytes per sample", size.bytes()),
        TrackIv::Constant(_) => "constant IV".to_owned(),
    };
    describe_protection(scheme.name(), pattern, &iv, protection.key.kid())
}

fn check_kind(track_type: TrackTypeProperty, media: Media) -> Result<(), StreamError> {
    let found = match media {
        Media::Video { .. } => "video",
        Media::Audio | Media::Text => "audio",
    };
    let required = match track_type {
        TrackTypeProperty::Auto => found,
        TrackTypeProperty::Video => "video",
        TrackTypeProperty::Audio => "audio",
    };
    match required == found {
        true => Ok(()),
        false => Err(StreamError::OtherKind { required, found }),
    }
}

/// The encryptor of the samples with one caps.
struct TrackEncryptor {
    format: StreamFormat,
    /// The protection unless a rule says otherwise.
    protection: TrackProtection,
    current: CurrentProtection,
    protector: SampleProtector,
}

/// The protection of the current buffers.
struct CurrentProtection {
    /// None if they are clear.
    protection: Option<TrackProtection>,
    metas: Metas,
}

impl CurrentProtection {
    fn with_key(protection: TrackProtection) -> Self {
        Self {
            metas: Metas::new(&protection),
            protection: Some(protection),
        }
    }
}

impl TrackEncryptor {
    fn apply_rule(&mut self, rule: FragmentRule) {
        let protection = match rule {
            FragmentRule::Track => self.protection.clone(),
            FragmentRule::Key(protection) => protection,
            FragmentRule::Clear => {
                self.current.protection = None;
                return;
            }
        };
        let current = self.current.protection.as_ref();
        if current.map(|current| current.key.kid()) != Some(protection.key.kid()) {
            self.current = CurrentProtection::with_key(protection);
        }
    }

    /// Encrypts a sample in place and returns the fields of its meta; None if the buffer is no sample or stays clear.
    fn protect(
        &mut self,
        buffer: &mut gst::BufferRef,
    ) -> Result<Option<gst::Structure>, StreamError> {
        // Gaps have no bytes. A buffer with bytes is media, even if its flags say otherwise.
        if buffer.size() == 0 {
            return Ok(None);
        }
        let pts = buffer.pts();
        let mut map = buffer.map_writable().map_err(|_| StreamError::Unmappable)?;
        if self.format.is_header(&map) {
            return Ok(None);
        }
        let Some(TrackProtection { key, method, .. }) = &self.current.protection else {
            // The parameter sets of a clear sample apply to later samples.
            self.protector
                .map(&*map, &mut self.format.codec, self.protection.method.scheme)
                .map_err(|reason| StreamError::Sample { pts, reason })?;
            return Ok(None);
        };
        let protected = self
            .protector
            .protect(
                &mut map,
                &mut self.format.codec,
                *method,
                key.cipher(),
                &mut key.ivs(),
            )
            .map_err(|reason| StreamError::Sample { pts, reason })?;
        Ok(Some(self.current.metas.sample(&protected)))
    }
}
