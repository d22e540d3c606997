// SPDX-License-Identifier: MPL-2.0
//! The stream under way: clear buffers become protected ones where they lie.

use cenc_types::{Media, Scheme, Track};
use common_encryption::{
    EncryptionMethod, FragmentRule, FragmentTime, SampleProtector, TrackIv, TrackProtection,
};
use protection_policy::{KeyChange, Packaging, SampleKeys, Signals};

use super::StreamError;
use crate::clear_caps::StreamFormat;
use crate::logging::{LogTarget, RuleLog, describe_protection};
use crate::meta::Metas;
use crate::settings::TrackTypeProperty;

/// An elementary stream is the first and only track.
const TRACK_ID: u32 = 1;

/// The encryptor between READY and READY.
pub(super) struct Stream {
    packaging: Packaging,
    rules: RuleLog,
    track: Option<TrackEncryptor>,
    /// What downstream has been told of this stream.
    announced: Option<Signals>,
    totals: Totals,
}

/// What went through.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    /// Samples; empty buffers and headers are none.
    pub(super) samples: u64,
    /// Bytes of samples.
    pub(super) bytes: u64,
}

impl Stream {
    pub(super) fn new(packaging: Packaging) -> Self {
        Self {
            packaging,
            rules: RuleLog::default(),
            track: None,
            announced: None,
            totals: Totals::default(),
        }
    }

    pub(super) fn into_sample_keys(self) -> SampleKeys {
        self.packaging.into_sample_keys()
    }

    /// Another stream starts: it is announced anew.
    pub(super) fn restart(&mut self) {
        self.announced = None;
    }

    /// Takes new caps: the samples to come are read, and their key is chosen, by them.
    pub(super) fn set_caps(
        &mut self,
        caps: &gst::CapsRef,
        track_type: TrackTypeProperty,
        LogTarget { category, element }: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        self.track = None;
        let format = StreamFormat::of(caps)?;
        check_kind(track_type, format.media)?;
        let track = Track {
            track_id: TRACK_ID,
            media: format.media,
        };
        let protection = self.packaging.protect_tracks(&[track])?;
        let protection = protection.tracks.into_iter().flatten().next();
        match &protection {
            Some(protection) => {
                gst::info!(
                    category,
                    obj = element,
                    "{track}: protected by {}",
                    told(protection)
                );
            }
            None => gst::warning!(category, obj = element, "{track}: no key is meant for it"),
        }
        self.track = protection.map(|protection| TrackEncryptor {
            format,
            now: Under::key(protection.clone()),
            protection,
            protector: SampleProtector::default(),
        });
        Ok(())
    }

    /// Follows what counts for a buffer.
    fn follow(
        &mut self,
        buffer: &gst::BufferRef,
        target: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        if !self.packaging.follows_time() {
            return Ok(());
        }
        let start = buffer.pts().or(buffer.dts()).unwrap_or_default();
        let end = start + buffer.duration().unwrap_or_default();
        let time = FragmentTime {
            track_id: TRACK_ID,
            start: start.into(),
            end: end.into(),
            sync: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        };
        let rule = self.packaging.rule(&time)?;
        self.rules.note(target, &time, &rule);
        if let Some(track) = &mut self.track {
            track.follow(rule);
        }
        Ok(())
    }

    /// Protects a buffer and says so in its meta.
    pub(super) fn protect(
        &mut self,
        buffer: &mut gst::BufferRef,
        target: LogTarget<'_>,
    ) -> Result<(), StreamError> {
        if buffer.meta::<gst::meta::ProtectionMeta>().is_some() {
            return Err(StreamError::AlreadyProtected);
        }
        self.follow(buffer, target)?;
        // A buffer that nothing protects never leaves: without caps or key there is no track.
        let track = self.track.as_mut().ok_or(StreamError::NoCaps)?;
        let info = match track.protect(buffer)? {
            Some(info) => {
                self.totals.samples += 1;
                self.totals.bytes += buffer.size() as u64;
                info
            }
            None => track.now.metas.clear(),
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

    /// What downstream must be told before the next buffer.
    pub(super) fn announcement(&mut self) -> Option<(Signals, Scheme)> {
        let signals = self.packaging.signals();
        let news = signals.filter(|signals| self.announced.as_ref() != Some(signals))?;
        self.announced = Some(news.clone());
        Some((news.clone(), self.packaging.config().scheme))
    }

    /// The crypto period that began with the last buffer.
    pub(super) fn next_change(&mut self) -> Option<(KeyChange, Scheme)> {
        let change = self.packaging.next_change()?;
        Some((change, self.packaging.config().scheme))
    }

    pub(super) fn warnings(&mut self) -> Vec<String> {
        self.packaging.warnings()
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }
}

/// Says how the track is protected.
fn told(protection: &TrackProtection) -> String {
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
    let asked = match track_type {
        TrackTypeProperty::Auto => found,
        TrackTypeProperty::Video => "video",
        TrackTypeProperty::Audio => "audio",
    };
    match asked == found {
        true => Ok(()),
        false => Err(StreamError::OtherKind { asked, found }),
    }
}

/// What the samples under one caps are protected with.
struct TrackEncryptor {
    format: StreamFormat,
    /// What counts unless something else is said.
    protection: TrackProtection,
    now: Under,
    protector: SampleProtector,
}

/// What counts for the buffers under way.
struct Under {
    /// None: they are clear.
    protection: Option<TrackProtection>,
    metas: Metas,
}

impl Under {
    fn key(protection: TrackProtection) -> Self {
        Self {
            metas: Metas::new(&protection),
            protection: Some(protection),
        }
    }
}

impl TrackEncryptor {
    fn follow(&mut self, rule: FragmentRule) {
        let wanted = match rule {
            FragmentRule::Track => self.protection.clone(),
            FragmentRule::Key(protection) => protection,
            FragmentRule::Clear => {
                self.now.protection = None;
                return;
            }
        };
        let now = self.now.protection.as_ref().map(|now| now.key.kid());
        if now != Some(wanted.key.kid()) {
            self.now = Under::key(wanted);
        }
    }

    /// Encrypts a sample where it lies and returns the fields of its meta; None: the buffer is no sample, or a
    /// clear one.
    fn protect(
        &mut self,
        buffer: &mut gst::BufferRef,
    ) -> Result<Option<gst::Structure>, StreamError> {
        // What stands in a gap has no bytes; whatever has is media, whatever its flags say.
        if buffer.size() == 0 {
            return Ok(None);
        }
        let pts = buffer.pts();
        let map = buffer.map_writable();
        let mut map = map.map_err(|_| StreamError::Unmappable)?;
        if self.format.is_header(&map) {
            return Ok(None);
        }
        let Some(TrackProtection { key, method }) = &self.now.protection else {
            // Its parameter sets count for the samples behind it.
            let scheme = self.protection.method.scheme;
            let mapped = self.protector.map(&*map, &mut self.format.codec, scheme);
            mapped.map_err(|reason| StreamError::Sample { pts, reason })?;
            return Ok(None);
        };
        let how = (&mut self.format.codec, *method);
        let with = (key.cipher(), &mut *key.ivs());
        let protected = self.protector.protect(&mut map, how, with);
        let protected = protected.map_err(|reason| StreamError::Sample { pts, reason })?;
        Ok(Some(self.now.metas.sample(&protected)))
    }
}
