// SPDX-License-Identifier: MPL-2.0
//! Checks of a key seed before it is stored.

use playready_header::KeySeed;

use super::finding::{Finding, Findings};

/// Returns all findings about a seed.
pub fn check(seed: &KeySeed) -> Vec<Finding> {
    let mut findings = Findings::default();
    if seed.is_public_test_seed() {
        findings.warning(
            "seed",
            &"the seed is the public one of Microsoft's test server: everybody who knows a KID can compute its key; use this seed for tests only",
        );
    }
    findings.0
}
