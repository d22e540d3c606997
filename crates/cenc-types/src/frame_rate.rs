// SPDX-License-Identifier: MPL-2.0
//! Pictures per second, which choose keys in CPIX documents and are stated in manifests.

use std::cmp::Ordering;

/// Pictures per second, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    /// The numerator.
    pub numerator: u32,
    /// The denominator, not 0.
    pub denominator: u32,
}

impl FrameRate {
    /// Creates a rate from its fraction.
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self {
            numerator,
            denominator,
        }
    }

    /// Compares the pictures per second. Equal ones may be different fractions.
    ///
    /// ```
    /// use cenc_types::FrameRate;
    ///
    /// let rate = FrameRate::new(30_000, 1001);
    /// assert!(rate.compare(&FrameRate::new(30, 1)).is_lt());
    /// assert!(rate.compare(&FrameRate::new(60_000, 2002)).is_eq());
    /// ```
    pub fn compare(&self, other: &Self) -> Ordering {
        let left = u64::from(self.numerator) * u64::from(other.denominator);
        left.cmp(&(u64::from(other.numerator) * u64::from(self.denominator)))
    }

    /// True if there are more pictures per second than `limit`.
    pub fn is_above(&self, limit: u64) -> bool {
        u128::from(self.numerator) > u128::from(limit) * u128::from(self.denominator)
    }
}
