// SPDX-License-Identifier: MPL-2.0
//! The frame rate of samples by their durations.

use cenc_types::FrameRate;
use num_integer::gcd;

/// The frame rates that rounded durations stand for.
const FRAME_RATES: [FrameRate; 11] = [
    FrameRate::new(24_000, 1001),
    FrameRate::new(24, 1),
    FrameRate::new(25, 1),
    FrameRate::new(30_000, 1001),
    FrameRate::new(30, 1),
    FrameRate::new(48, 1),
    FrameRate::new(50, 1),
    FrameRate::new(60_000, 1001),
    FrameRate::new(60, 1),
    FrameRate::new(100, 1),
    FrameRate::new(120, 1),
];

/// Returns the samples per second of samples with these durations in ticks; None if they differ by more than rounding.
pub(super) fn of_durations(durations: &[u32], timescale: u32) -> Option<FrameRate> {
    let (least, most) = (durations.iter().min()?, durations.iter().max()?);
    if *least == 0 || most - least > timescale.div_ceil(1000).max(1) {
        return None;
    }
    let total = durations.iter().copied().map(u64::from).sum();
    named_frame_rate(u64::from(timescale) * durations.len() as u64, total)
}

/// Returns a fraction as it is named: reduced, or a usual one that differs by less than one in 10,000.
fn named_frame_rate(numerator: u64, denominator: u64) -> Option<FrameRate> {
    let is_near = |rate: &&FrameRate| {
        let [own, usual] = [
            u128::from(numerator) * u128::from(rate.denominator),
            u128::from(denominator) * u128::from(rate.numerator),
        ];
        own.abs_diff(usual) * 10_000 < usual
    };
    let divisor = gcd(numerator, denominator).max(1);
    FRAME_RATES.iter().find(is_near).copied().or_else(|| {
        Some(FrameRate {
            numerator: u32::try_from(numerator / divisor).ok()?,
            denominator: u32::try_from(denominator / divisor).ok()?,
        })
    })
}
