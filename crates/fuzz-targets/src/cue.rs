// SPDX-License-Identifier: MPL-2.0
//! Cues of any bytes, as they are and with the length and CRC_32 that they need to be read.

use splice_cues::{Cue, CueTime};

/// The longest section, whose section_length has 12 bits.
const MAX_LEN: usize = 3 + 0xfff;
/// Bytes before the fields, and of CRC_32.
const START: usize = 3;
const CRC: usize = 4;

/// Reads `data` as a section, and as the fields of one.
pub fn cue(data: &[u8]) {
    check(data);
    let fields = data.get(..data.len().min(MAX_LEN - START - CRC));
    let fields = fields.unwrap_or_default();
    let [high, low] = u16::try_from(fields.len() + CRC)
        .unwrap_or_default()
        .to_be_bytes();
    let mut section = [&[0xfc, 0x30 | high, low], fields].concat();
    // ISO/IEC 13818-1 annex A.
    let crc = section.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            (crc << 1) ^ (crc >> 31).wrapping_mul(0x04c1_1db7)
        })
    });
    section.extend(crc.to_be_bytes());
    check(&section);
}

fn check(data: &[u8]) {
    let Ok(cue) = Cue::read(data) else {
        return;
    };
    assert!(cue.marks.len() < data.len());
    let Some(time) = cue.time else {
        return;
    };
    assert!(time.ticks() < CueTime::PERIOD);
    for near in [
        0,
        1,
        CueTime::PERIOD - 1,
        CueTime::PERIOD,
        5 * CueTime::PERIOD + 7,
    ] {
        let nearest = time.nearest(near);
        assert_eq!(nearest % CueTime::PERIOD, time.ticks());
        // Before the first round there is no earlier moment.
        assert!(nearest.abs_diff(near) <= CueTime::PERIOD / 2 || near < CueTime::PERIOD / 2);
    }
}
