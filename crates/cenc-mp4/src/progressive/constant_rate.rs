// SPDX-License-Identifier: MPL-2.0
//! Sound of constant bit rate, as QuickTime places it: its `stsz` says 1 byte whatever the size of a frame, and readers take the size
//! from the sample entry.

use codec_headers::{FormatKind, is_pcm, pcm_value_bytes};
use isobmff_boxes::{BoxTree, FourCc, SampleEntry};

/// The common size of samples that means the size of a frame.
const COUNTED: u32 = 1;
/// Formats that pack several frames whether or not their sample entry says so.
const PACKED: [&[u8; 4]; 6] = [b"ima4", b"MAC3", b"MAC6", b"agsm", b"ms\0\x02", b"ms\0\x11"];

/// The size of the samples of a track whose `stsz` says 1 byte.
pub(super) enum CountedSize {
    /// The size in bytes.
    Bytes(u32),
    /// It is not known, since samples are parts of packets.
    Packed,
}

/// Returns the size of each sample of a track with the common size `common` in `stsz`.
pub(super) fn sample_size(
    stbl: &BoxTree<'_>,
    common: u32,
) -> Result<CountedSize, isobmff_boxes::Error> {
    let mut size = CountedSize::Bytes(common);
    if common != COUNTED {
        return Ok(size);
    }
    for entry in SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())? {
        let is_packed = PACKED.contains(&&entry.format.0);
        if !is_packed
            && FormatKind::of(entry.format.0) != Some(FormatKind::Audio)
            && !is_pcm(entry.format.0)
        {
            continue;
        }
        let sound = entry.sound_size()?;
        if is_packed || sound.frames_per_packet > 1 {
            return Ok(CountedSize::Packed);
        }
        if is_pcm(entry.format.0) {
            let frame = sound
                .channels
                .saturating_mul(pcm_value_bytes(entry.format.0, sound.bits));
            size = CountedSize::Bytes(sound.packet_bytes.unwrap_or(frame).max(COUNTED));
        }
    }
    Ok(size)
}
