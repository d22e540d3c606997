// SPDX-License-Identifier: MPL-2.0
//! Reads the samples of the shared pairs, clear and protected, with the parameters of their cipher.

use cenc_types::{ContentKey, Iv, Pattern, Scheme, Subsample};
use common_encryption::EncryptionMethod;

use crate::manifest::{self, SampleFact, TrackFacts, Vector};
use crate::samples;
use crate::tools::skip;

/// The parameters for the cipher of one sample.
pub struct Material {
    /// The content key.
    pub key: ContentKey,
    /// The scheme with its pattern.
    pub method: EncryptionMethod,
    /// The IV of the sample.
    pub iv: Iv,
    /// The subsamples. If empty, the whole sample is protected.
    pub subsamples: Vec<Subsample>,
}

/// The side of a pair from which samples are taken. They must become those of the other side.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    /// The clear file.
    Clear,
    /// The protected file.
    Protected,
}

/// Lets `change` turn every sample of every pair into its counterpart, and compares the result with that.
pub fn each(test: &str, from: From, change: impl Fn(&mut [u8], &Material)) {
    let pairs = manifest::of_class("pair");
    if pairs.is_empty() {
        skip(test, "no ../shared/vectors");
    }
    for pair in pairs {
        let file = match from {
            From::Clear => pair.clear_bytes(),
            From::Protected => pair.bytes(),
        };
        for track in pair.facts() {
            for (index, fact) in track.samples.iter().enumerate() {
                let (offset, expected) = match from {
                    From::Clear => (fact.clear_offset, &fact.protected_hash),
                    From::Protected => (fact.offset, &fact.clear_hash),
                };
                let mut sample = file[offset..][..fact.size].to_vec();
                change(&mut sample, &material(fact, &track, &pair));
                assert_eq!(
                    &samples::sha256(&sample)[..32],
                    expected,
                    "{}: sample {index}",
                    pair.id
                );
            }
        }
    }
}

fn material(fact: &SampleFact, track: &TrackFacts, pair: &Vector) -> Material {
    let pairs = pair.keys().pairs();
    let prefix = format!("{}:", fact.kid);
    let key = pairs.iter().find_map(|pair| pair.strip_prefix(&prefix));
    Material {
        key: ContentKey::parse(key.unwrap()).unwrap(),
        method: EncryptionMethod {
            // The scheme of PIFF is cenc by another name.
            scheme: track.scheme.parse().unwrap_or(Scheme::Cenc),
            pattern: Pattern {
                crypt_byte_block: track.pattern.0,
                skip_byte_block: track.pattern.1,
            },
        },
        iv: Iv::new(&fact.iv).unwrap(),
        subsamples: fact
            .subsamples
            .iter()
            .map(|&(clear_bytes, protected_bytes)| Subsample {
                clear_bytes,
                protected_bytes,
            })
            .collect(),
    }
}
