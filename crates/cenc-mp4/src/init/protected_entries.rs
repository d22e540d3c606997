// SPDX-License-Identifier: MPL-2.0
//! The protected sample entries of a track.

use cenc_types::{Media, Track};
use codec_headers::Codec;
use common_encryption::{BoxFlavor, TrackProtection};
use isobmff_boxes::{BoxTree, FourCc, SampleEntry, Schm};

use super::STBL_PATH;
use super::clear_track::{check_scheme, read_codec};
use crate::Error;
use crate::auxiliary::layout_of;

/// scheme_version of `schm`: version 1.0 of all four schemes, 23001-7 clause 4.2.
const SCHEME_VERSION: u32 = 0x0001_0000;
/// The sample entries of a track.
pub(super) struct ProtectedEntries {
    pub(super) stsd: BoxTree<'static>,
    /// One for each entry.
    pub(super) codecs: Vec<Codec>,
}

/// Protects a track's sample entries.
pub(super) fn protect_stsd(
    trak: &BoxTree<'_>,
    track: &Track,
    protection: &TrackProtection,
    flavor: BoxFlavor,
) -> Result<ProtectedEntries, Error> {
    let stsd = trak.descend(&STBL_PATH)?.child(FourCc::STSD)?;
    let mut codecs = Vec::new();
    let mut protected = Vec::new();
    for entry in SampleEntry::read_all(stsd.reader())? {
        check_scheme(&entry, track, protection.method.scheme)?;
        codecs.push(read_codec(&entry, track)?);
        protected.push(protect_entry(entry, track.media, protection, flavor)?);
    }
    Ok(ProtectedEntries {
        stsd: isobmff_boxes::build_stsd(stsd.reader(), &protected)?,
        codecs,
    })
}

fn protect_entry(
    entry: SampleEntry<'_>,
    media: Media,
    protection: &TrackProtection,
    flavor: BoxFlavor,
) -> Result<BoxTree<'static>, Error> {
    let format = match media {
        Media::Video { .. } => FourCc::ENCV,
        Media::Audio => FourCc::ENCA,
        Media::Text => FourCc::ENCT,
    };
    let tenc = protection.tenc();
    let sinf = match flavor {
        BoxFlavor::Cenc => isobmff_boxes::build_sinf(
            entry.format,
            Schm {
                scheme_type: FourCc(*protection.method.scheme.fourcc()),
                scheme_version: SCHEME_VERSION,
            },
            tenc.to_box(),
        ),
        BoxFlavor::Piff => isobmff_boxes::build_sinf(
            entry.format,
            common_encryption::piff::SCHM,
            tenc.to_piff_box(),
        ),
    };
    Ok(entry.with_child(layout_of(media), format, &sinf)?)
}
