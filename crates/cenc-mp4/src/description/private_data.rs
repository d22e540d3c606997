// SPDX-License-Identifier: MPL-2.0
//! CodecPrivateData of Smooth Streaming manifests: MS-SSTR 2.2.2.5.

use codec_headers::configuration::{AvcConfiguration, HevcConfiguration};
use isobmff_boxes::{Esds, FourCc, Reader};

use super::Error;
use super::codecs::MPEG4_AUDIO;
use super::entry::DescribedEntry;

/// nal_unit_type of VPS, SPS and PPS.
const HEVC_PARAMETER_SETS: [u8; 3] = [32, 33, 34];

/// Reads the CodecPrivateData of an entry; None for codecs other than AVC, HEVC and AAC.
pub(super) fn read(entry: &DescribedEntry<'_>) -> Result<Option<Vec<u8>>, Error> {
    if let Some(avc) = entry.configuration(*b"avcC", AvcConfiguration::read)? {
        return Ok(Some(with_start_codes(avc.parameter_sets.into_iter())));
    }
    if let Some(hevc) = entry.configuration(*b"hvcC", HevcConfiguration::read)? {
        let sets = hevc
            .nal_units
            .into_iter()
            .filter(|nal| is_parameter_set(nal));
        return Ok(Some(with_start_codes(sets)));
    }
    if &entry.format().0 != b"mp4a" {
        return Ok(None);
    }
    let esds = read_esds(entry)?;
    Ok(esds
        .filter(|esds| esds.object_type == MPEG4_AUDIO && !esds.specific_info.is_empty())
        .map(|esds| esds.specific_info.to_vec()))
}

/// Reads the `esds` of an entry.
pub(super) fn read_esds<'a>(entry: &DescribedEntry<'a>) -> Result<Option<Esds<'a>>, Error> {
    const ESDS: FourCc = FourCc(*b"esds");
    match entry.child(ESDS.0)? {
        Some(esds) => Ok(Esds::read(Reader::new(ESDS, esds))?),
        None => Ok(None),
    }
}

fn is_parameter_set(nal: &[u8]) -> bool {
    nal.first()
        .is_some_and(|first| HEVC_PARAMETER_SETS.contains(&(first >> 1 & 0x3f)))
}

fn with_start_codes<'a>(nal_units: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    nal_units.fold(Vec::new(), |mut bytes, nal| {
        bytes.extend([0, 0, 0, 1]);
        bytes.extend(nal);
        bytes
    })
}
