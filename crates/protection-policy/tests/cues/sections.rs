// SPDX-License-Identifier: MPL-2.0
//! Cues, written from the syntax of SCTE 35.

/// A splice_info_section, SCTE 35 clause 9.6, without pts_adjustment.
fn section(command: u8, fields: &[u8], descriptors: &[u8]) -> Vec<u8> {
    let len = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    let mut bytes = vec![0xfc, 0x30, len(fields) + len(descriptors) + 17];
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, len(fields), command]);
    bytes.extend_from_slice(fields);
    bytes.extend([0, len(descriptors)]);
    bytes.extend_from_slice(descriptors);
    // CRC_32 of ISO/IEC 13818-1 annex A.
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            (crc << 1) ^ ((crc >> 31) * 0x04c1_1db7)
        })
    });
    bytes.extend(crc.to_be_bytes());
    bytes
}

/// A flag of seven bits and 33 bits of time.
fn time(flags: u8, ticks: u64) -> [u8; 5] {
    let [.., high, a, b, c, d] = ticks.to_be_bytes();
    [flags | high, a, b, c, d]
}

/// A `splice_insert` at once, or at ticks of the clock.
pub fn splice(id: u8, is_out: bool, ticks: Option<u64>, duration: Option<u64>) -> Vec<u8> {
    let mut flags = 0x4f;
    flags |= (u8::from(is_out) << 7) | (u8::from(duration.is_some()) << 5);
    flags |= u8::from(ticks.is_none()) << 4;
    let mut fields = vec![0, 0, 0, id, 0x7f, flags];
    fields.extend(ticks.into_iter().flat_map(|ticks| time(0xfe, ticks)));
    // With auto_return.
    let duration = duration.map(|milliseconds| time(0xfe, milliseconds * 90));
    fields.extend(duration.into_iter().flatten());
    fields.extend([0; 4]);
    section(5, &fields, &[])
}

/// A `splice_insert` out of the network, with a duration in milliseconds.
pub fn out(id: u8, duration: Option<u64>) -> Vec<u8> {
    splice(id, true, None, duration)
}

/// A `splice_insert` back into the network.
pub fn back(id: u8) -> Vec<u8> {
    splice(id, false, None, None)
}

pub fn cancel(id: u8) -> Vec<u8> {
    section(5, &[0, 0, 0, id, 0xff], &[])
}

/// A `time_signal` with a segmentation_descriptor, which is a cancellation without a type.
pub fn segment(id: u8, type_id: Option<u8>) -> Vec<u8> {
    let mut body = b"CUEI\0\0\0".to_vec();
    body.push(id);
    match type_id {
        Some(type_id) => body.extend([0x7f, 0xbf, 0, 0, type_id, 0, 0]),
        None => body.push(0xff),
    }
    let len = u8::try_from(body.len()).unwrap();
    section(6, &time(0xfe, 0), &[&[2, len], &body[..]].concat())
}
