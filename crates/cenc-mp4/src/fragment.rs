// SPDX-License-Identifier: MPL-2.0
//! One fragment: its samples are encrypted where they lie and its `moof` is written anew.

use cenc_types::{Iv, Subsample};
use common_encryption::{IvSource, SampleProtector, SencBuilder};

use super::error::SampleError;
use super::init::TrackState;
use super::moof::{Added, Location, Moof, TrackFragment};
use super::payload::{Payload, View};
use super::plan::{Placed, Plan};
use super::stream::{FragmentBoxes, WrittenFragment};
use super::workers::Workers;
use super::{Chunk, Error};
use common_encryption::{FragmentProtection, FragmentRule, Protector, TrackProtection};

/// Protects fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentEncryptor {
    locations: Vec<Location>,
    sencs: Vec<SencBuilder>,
    protector: SampleProtector,
    plan: Plan,
    workers: Workers,
    totals: Totals,
}

/// What went through a packager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Samples, those of clear tracks included.
    pub samples: u64,
    /// Bytes of media.
    pub bytes: u64,
    /// `moof` boxes.
    pub fragments: u64,
}

impl FragmentEncryptor {
    /// Encrypts the samples in `chunks` and writes the new `moof`, which goes to `output`.
    pub(super) fn protect<C: Chunk>(
        &mut self,
        boxes: &FragmentBoxes,
        (mut chunks, output): (Vec<C>, u64),
        (tracks, protector): (&mut [TrackState], &mut dyn Protector),
    ) -> Result<WrittenFragment<C>, Error> {
        let moof = Moof::parse(&boxes.moof, boxes.position)?;
        self.locations.clear();
        let fragments = moof.locate(tracks, &mut self.locations)?;
        let mut payload = Payload::new(&mut chunks);
        let start = i64::try_from(boxes.payload_at()).map_err(|_| moof.elsewhere())?;
        let len = payload.len();
        let end = i64::try_from(len).map_err(|_| moof.elsewhere())?;
        moof.check_coverage(&self.locations, start..start + end)?;

        let protection = match protector.follows_time() {
            true => protector.fragment(&moof.times(&fragments, tracks)?),
            false => Ok(FragmentProtection::default()),
        };
        let protection = protection.map_err(Error::Protection)?;

        self.sencs
            .resize_with(fragments.len(), SencBuilder::default);
        self.plan.start();
        let mut rules = protection.rules.iter();
        for (fragment, senc) in fragments.iter().zip(&mut self.sencs) {
            let rule = rules.next().unwrap_or(&FragmentRule::Track);
            let samples = self.locations.get(fragment.samples.clone());
            let samples = Samples {
                at: samples.unwrap_or_default(),
                payload_at: start,
                description: fragment.description,
            };
            if let Some(track) = tracks.get_mut(fragment.track) {
                let with = (&mut self.protector, &mut self.plan);
                samples.protect((track, rule), with, (&mut payload, senc))?;
            }
        }
        let media = self.workers.encrypt(&mut self.plan, (chunks, len))?;
        self.totals.samples += self.locations.len() as u64;
        self.totals.bytes += len as u64;
        self.totals.fragments += 1;
        let added = self.added(&fragments, tracks, &protection.rules);
        Ok(WrittenFragment {
            moof: moof.rewrite(&fragments, (&added, &protection.pssh), output)?,
            media,
            announced: protection.announced,
        })
    }

    /// What each track fragment gets.
    fn added(
        &self,
        fragments: &[TrackFragment],
        tracks: &[TrackState],
        rules: &[FragmentRule],
    ) -> Vec<Added<'_>> {
        let rules = rules.iter().chain(std::iter::repeat(&FragmentRule::Track));
        let all = fragments.iter().zip(&self.sencs).zip(rules);
        all.map(|((fragment, senc), rule)| {
            let track = tracks.get(fragment.track);
            let Some(track) = track.and_then(|track| track.protection.as_ref()) else {
                return Added::default();
            };
            Added {
                seig: rule.seig(track),
                senc: rule.protection(track).map(|_| senc),
            }
        })
        .collect()
    }

    /// Shares the cipher's work among `threads`.
    pub(super) fn set_threads(&mut self, threads: usize) -> Result<(), Error> {
        self.workers = Workers::new(threads)?;
        Ok(())
    }

    /// Counts from nothing.
    pub(super) fn restart(&mut self) {
        self.totals = Totals::default();
    }

    /// How many bytes of media may best be in work.
    pub(super) fn ahead(&self) -> u64 {
        self.workers.ahead()
    }

    /// How much went through.
    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }
}

/// The samples of a track fragment, where the payload starts that their places count from, and their sample description.
#[derive(Clone, Copy)]
struct Samples<'a> {
    at: &'a [Location],
    payload_at: i64,
    description: usize,
}

impl Samples<'_> {
    /// Maps the samples in order, enters them in `senc` and leaves them to `plan`.
    fn protect<C: Chunk>(
        self,
        (track, rule): (&mut TrackState, &FragmentRule),
        (protector, plan): (&mut SampleProtector, &mut Plan),
        (payload, senc): (&mut Payload<'_, C>, &mut SencBuilder),
    ) -> Result<(), Error> {
        let Some(protection) = &track.protection else {
            return Ok(());
        };
        let track_id = track.track_id;
        let codec = track.codecs.get_mut(self.description);
        let codec = codec.ok_or(Error::Undescribed {
            what: "sample description",
            number: u32::try_from(self.description).map_or(u32::MAX, |i| i.saturating_add(1)),
        })?;
        let Some(protection) = rule.protection(protection) else {
            // Their parameter sets count for the samples behind them.
            return self.each(track_id, payload, |_, sample| {
                protector.map(sample, codec, protection.method.scheme)?;
                Ok(())
            });
        };
        let TrackProtection { key, method } = protection;
        senc.start(codec.maps_subsamples(), track.flavor);
        plan.start_track(track_id, protection.clone());
        let mut ivs = key.ivs();
        self.each(track_id, payload, |placed, sample| {
            let protected = protector.map(sample, codec, method.scheme)?;
            let map = protector.subsamples();
            plan.add(placed, enter(map, protected, (&mut *ivs, senc))?, map);
            Ok(())
        })
    }

    /// Runs `look` on each sample, in order.
    fn each<C: Chunk>(
        self,
        track_id: u32,
        payload: &mut Payload<'_, C>,
        mut look: impl FnMut(Placed, View<'_, '_, C>) -> Result<(), SampleError>,
    ) -> Result<(), Error> {
        for (number, location) in self.at.iter().enumerate() {
            let offset = usize::try_from(location.offset - self.payload_at).unwrap_or(usize::MAX);
            let len = location.len as usize;
            let placed = Placed {
                number,
                offset,
                len,
            };
            let sample = payload.view(offset, len);
            // check_coverage() has seen that every sample lies in the payload.
            let sample = sample.ok_or(common_encryption::SampleError::Cenc(
                common_encryption::Error::MapMismatch,
            ));
            let looked = sample
                .map_err(SampleError::from)
                .and_then(|sample| look(placed, sample));
            looked.map_err(|reason| Error::Sample {
                track_id,
                sample: number,
                reason,
            })?;
        }
        Ok(())
    }
}

/// Takes an IV for a sample of which `protected` bytes are protected, and enters both in `senc`.
pub(super) fn enter(
    subsamples: &[Subsample],
    protected: u64,
    (ivs, senc): (&mut IvSource, &mut SencBuilder),
) -> Result<Iv, SampleError> {
    let iv = ivs.next(protected.div_ceil(16));
    let iv = iv.map_err(common_encryption::SampleError::Cenc)?;
    senc.push(own_iv(ivs, &iv), subsamples)?;
    Ok(iv)
}

/// The IV that `senc` states: none when `tenc` states it for all samples.
const fn own_iv<'a>(ivs: &IvSource, iv: &'a Iv) -> Option<&'a Iv> {
    match ivs {
        IvSource::Constant(_) => None,
        IvSource::PerSample(_) => Some(iv),
    }
}
