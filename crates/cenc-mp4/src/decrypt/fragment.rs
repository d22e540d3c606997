// SPDX-License-Identifier: MPL-2.0
//! Decrypts one fragment: its samples in place, and its `moof` by removing the boxes of protection.

use std::ops::Range;

use cenc_types::Subsample;
use codec_headers::SampleBytes;
use common_encryption::KnownKeys;
use isobmff_boxes::{BoxTree, FourCc, Trun};

use super::gather::{InformationPlace, InformationReader};
use super::movie::{EncryptedTrack, remove_protection, remove_pssh};
use super::rules::{ProtectionRules, SampleSpan};
use super::tables::TableTrack;
use crate::moof::{MediaGap, Moof, SampleLocation, TrackFragment};
use crate::payload::Payload;
use crate::stream::{MediaExtent, StreamFragment};
use crate::{Chunk, Error};

/// Decrypts fragments; its buffers are kept from one to the next.
#[derive(Default)]
pub(super) struct FragmentDecryptor {
    locations: Vec<SampleLocation>,
    gaps: Vec<MediaGap>,
    map: Vec<Subsample>,
}

/// A fragment under way. Offsets of samples count from the first byte of the payload.
struct FragmentUnderWay<'w, 'p, C> {
    moof: &'w [u8],
    payload: &'w mut Payload<'p, C>,
    media: &'w [MediaExtent],
    keys: &'w KnownKeys,
    map: &'w mut Vec<Subsample>,
}

impl FragmentDecryptor {
    /// Decrypts the samples of a fragment and returns the new `moof`, for offset `position` of the output. Returns None if
    /// media is still to come. If `last`, no more of the fragment comes, and missing media is an error.
    pub(super) fn decrypt<C: Chunk>(
        &mut self,
        fragment: &mut StreamFragment<C>,
        last: bool,
        position: u64,
        tracks: &[TableTrack],
        keys: &KnownKeys,
    ) -> Result<Option<Vec<u8>>, Error> {
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        let boxes = &fragment.boxes;
        let mut moof = Moof::read(&boxes.moof, boxes.position)?;
        self.locations.clear();
        let track_fragments = moof.locate(tracks, &mut self.locations)?;
        fragment.samples_end = SampleLocation::last_end(&self.locations);
        if !last && fragment.lacks_media() {
            return Ok(None);
        }
        let media = boxes.media();
        moof.place(
            &track_fragments,
            &mut self.locations,
            &media,
            &mut self.gaps,
        )?;
        let mut payload = Payload::new(&mut fragment.media);
        let mut under_way = FragmentUnderWay {
            moof: &boxes.moof,
            payload: &mut payload,
            media: &media,
            keys,
            map: &mut self.map,
        };
        for (traf, fragment) in moof.tree.all(FourCc::TRAF).zip(&track_fragments) {
            if let (Some(track), Some(samples)) = (
                tracks.get(fragment.track),
                self.locations.get(fragment.samples.clone()),
            ) {
                under_way.decrypt(traf, &track.track, fragment, samples)?;
            }
        }
        // Gaps contain auxiliary information, or media that no box describes.
        for gap in &self.gaps {
            under_way.edit(gap.bytes.clone(), |bytes, _, _| bytes.fill(0));
        }
        clear_moof(&mut moof.tree)?;
        moof.rewrite(&track_fragments, &[], &[], position + boxes.before.len())
            .map(Some)
    }
}

impl<C: Chunk> FragmentUnderWay<'_, '_, C> {
    fn decrypt(
        &mut self,
        traf: &BoxTree<'_>,
        track: &EncryptedTrack,
        fragment: &TrackFragment,
        samples: &[SampleLocation],
    ) -> Result<(), Error> {
        if track
            .entries
            .get(fragment.description)
            .ok_or_else(|| Error::undescribed_samples(fragment.description))?
            .is_none()
        {
            return Ok(());
        }
        let place = InformationPlace {
            parent: traf,
            track_id: track.track_id,
            runs: &run_lengths(traf)?,
            base: fragment.base,
        };
        let mut rules = ProtectionRules::read(&place, track, self)?;
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        if rules.is_ambiguous() {
            let all = std::iter::once_with(|| SampleSpan {
                description: fragment.description,
                samples: 0..count,
            });
            rules.place_entries(track, all)?;
        }
        let mut at = 0;
        for (number, location) in (0..count).zip(samples) {
            rules
                .next(track, fragment.description, number, &mut at)
                .and_then(|protection| match protection {
                    Some(protection) if location.len > 0 => self
                        .edit(location.offset..location.end(), |bytes, keys, map| {
                            protection.decrypt(bytes, keys, map)
                        }),
                    _ => Ok(()),
                })
                .map_err(|fault| Error::Decryption(fault.at(track.track_id, number)))?;
        }
        Ok(())
    }

    /// Lets `edit` change bytes of the payload.
    fn edit<T>(
        &mut self,
        bytes: Range<i64>,
        edit: impl FnOnce(&mut [u8], &KnownKeys, &mut Vec<Subsample>) -> T,
    ) -> T {
        let offset = usize::try_from(bytes.start).unwrap_or(usize::MAX);
        let len = usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX);
        self.payload
            .edit(offset, len, |bytes| edit(bytes, self.keys, self.map))
            .expect("Moof::place() has seen that every sample is in the payload")
    }

    /// Returns bytes of the `moof` or of the payload.
    fn bytes(&mut self, offset: i64, len: usize) -> Option<Vec<u8>> {
        if let Ok(start) = usize::try_from(offset)
            && let Some(bytes) = self.moof.get(start..start.checked_add(len)?)
        {
            return Some(bytes.to_vec());
        }
        let extent = self
            .media
            .iter()
            .find(|extent| (extent.offset..extent.end()).contains(&offset))?;
        let offset = usize::try_from(offset - extent.offset + extent.payload_at).ok()?;
        Some(self.payload.view(offset, len)?.all().to_vec())
    }
}

impl<C: Chunk> InformationReader for FragmentUnderWay<'_, '_, C> {
    fn read_at(&mut self, offset: i64, len: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.bytes(offset, len))
    }
}

/// Returns the number of samples of each `trun`.
fn run_lengths(traf: &BoxTree<'_>) -> Result<Vec<u32>, Error> {
    traf.all(FourCc::TRUN)
        .map(|trun| Ok(Trun::read(trun.reader())?.sample_count))
        .collect()
}

fn clear_moof(moof: &mut BoxTree<'_>) -> Result<(), Error> {
    remove_pssh(moof);
    moof.children_mut()
        .into_iter()
        .flatten()
        .filter(|child| child.box_type == FourCc::TRAF)
        .try_for_each(remove_protection)
}
