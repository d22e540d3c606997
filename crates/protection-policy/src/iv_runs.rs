// SPDX-License-Identifier: MPL-2.0
//! The sequences of IVs in use, so that all packagers with one key share one sequence (ISO/IEC 23001-7 clause 9.2).
//!
//! They hold no keys, and IVs are public. A muxer factory makes a new element for each part of a recording after the last one is
//! gone; the position in the sequence must survive that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cenc_types::{CipherMode, ContentKey, KeyId};
use common_encryption::IvSource;
use playready_header::checksum;

use super::Error;

/// The sequences of IVs that packagers share, by content key and cipher mode.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use protection_policy::{IvRuns, SampleKeys};
///
/// // Two packagers that never use an IV twice with one key.
/// let runs = Arc::<IvRuns>::default();
/// let first = SampleKeys::drawing_from(Arc::clone(&runs));
/// let second = SampleKeys::drawing_from(runs);
/// # drop((first, second));
/// ```
#[derive(Default)]
pub struct IvRuns(Mutex<HashMap<RunKey, IvRun>>);

/// Identifies a content key without revealing it. Two KIDs with one key share its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RunKey {
    checksum: [u8; 8],
    mode: CipherMode,
}

impl RunKey {
    pub(super) fn new(key: &ContentKey, mode: CipherMode) -> Self {
        // The checksum that a PlayReady Header would have for this constant in place of a KID.
        const CONSTANT: KeyId = KeyId::from_bytes(*b"IvRuns\0\0\0\0\0\0\0\0\0\0");
        Self {
            checksum: checksum::aes_ctr(&CONSTANT, key),
            mode,
        }
    }
}

/// The first IV of a sequence.
pub(super) struct FirstIv {
    pub(super) ivs: IvSource,
    /// True if it is random.
    pub(super) is_random: bool,
}

struct IvRun {
    ivs: Arc<Mutex<IvSource>>,
    is_random: bool,
}

impl IvRun {
    /// True if the sequence may start anew at random, as it does in another process. One whose first IV is given would repeat its IVs.
    fn can_be_forgotten(&self) -> bool {
        self.is_random && Arc::strong_count(&self.ivs) == 1
    }
}

impl IvRuns {
    /// The most sequences; each takes about 150 bytes.
    const MAX: usize = 1 << 18;

    /// Returns the sequence of a key at its current position, or starts it with `first`. A constant IV is not shared, since it repeats
    /// by design.
    ///
    /// # Errors
    /// [`Error::IvSizeChanged`] if the sequence has IVs of another size, [`Error::TooManyKeys`].
    pub(super) fn join(
        &self,
        kid: KeyId,
        key: RunKey,
        first: FirstIv,
    ) -> Result<Arc<Mutex<IvSource>>, Error> {
        let FirstIv { ivs, is_random } = first;
        let IvSource::PerSample(new) = &ivs else {
            return Ok(Arc::new(Mutex::new(ivs)));
        };
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&key) {
            return match &*run.ivs.lock().unwrap_or_else(PoisonError::into_inner) {
                IvSource::PerSample(current) if current.size() != new.size() => {
                    Err(Error::IvSizeChanged {
                        kid,
                        first: current.size(),
                        second: new.size(),
                    })
                }
                _ => Ok(Arc::clone(&run.ivs)),
            };
        }
        if runs.len() >= Self::MAX {
            runs.retain(|_, run| !run.can_be_forgotten());
        }
        if runs.len() >= Self::MAX {
            return Err(Error::TooManyKeys);
        }
        let ivs = Arc::new(Mutex::new(ivs));
        runs.insert(
            key,
            IvRun {
                ivs: Arc::clone(&ivs),
                is_random,
            },
        );
        Ok(ivs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cenc_types::{Iv, Scheme};
    use zeroize::Zeroizing;

    const KID: KeyId = KeyId::from_bytes([1; 16]);

    fn key(number: usize) -> ContentKey {
        let mut bytes = Zeroizing::new([1; 16]);
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        ContentKey::from_bytes(bytes)
    }

    fn join(
        runs: &IvRuns,
        number: usize,
        scheme: Scheme,
        first: &[u8],
    ) -> Result<Arc<Mutex<IvSource>>, Error> {
        let ivs = IvSource::new(scheme, Iv::new(first).unwrap()).unwrap();
        let is_random = false;
        let key = RunKey::new(&key(number), scheme.cipher_mode());
        runs.join(KID, key, FirstIv { ivs, is_random })
    }

    fn next(run: &Mutex<IvSource>) -> Vec<u8> {
        run.lock().unwrap().next(1).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn run_continues_after_its_packager_is_gone() {
        let runs = IvRuns::default();
        let join = || join(&runs, 1, Scheme::Cenc, &[7; 8]).unwrap();
        assert_eq!(next(&join()), [7; 8]);
        assert_eq!(next(&join()), [7, 7, 7, 7, 7, 7, 7, 8]);
    }

    #[test]
    fn constant_iv_is_that_which_each_packager_gives() {
        let runs = IvRuns::default();
        let join = |byte| join(&runs, 1, Scheme::Cbcs, &[byte; 16]).unwrap();
        assert_eq!(next(&join(1)), [1; 16]);
        assert_eq!(next(&join(2)), [2; 16]);
    }

    // cenc and cens count the same blocks under one key.
    #[test]
    fn counter_schemes_share_a_run_and_its_iv_size() {
        let runs = IvRuns::default();
        let join = |scheme, first: &[u8]| join(&runs, 1, scheme, first);
        assert_eq!(next(&join(Scheme::Cenc, &[0; 8]).unwrap()), [0; 8]);
        assert_ne!(next(&join(Scheme::Cens, &[0; 8]).unwrap()), [0; 8]);
        assert_eq!(next(&join(Scheme::Cbc1, &[0; 16]).unwrap()), [0; 16]);
        let refused = join(Scheme::Cenc, &[0; 16]).unwrap_err().to_string();
        assert!(refused.contains("IVs of 8 bytes"), "{refused}");
    }

    fn join_numbered(
        runs: &IvRuns,
        number: usize,
        is_random: bool,
    ) -> Result<Arc<Mutex<IvSource>>, Error> {
        let ivs = IvSource::new(Scheme::Cenc, Iv::new(&[7; 8]).unwrap()).unwrap();
        let key = RunKey {
            checksum: (number * 2 + usize::from(is_random)).to_be_bytes(),
            mode: CipherMode::Ctr,
        };
        runs.join(KID, key, FirstIv { ivs, is_random })
    }

    /// Adds more runs of other keys than there is room for.
    fn fill(runs: &IvRuns, is_random: bool) -> Result<(), Error> {
        for number in 1..IvRuns::MAX + 8 {
            join_numbered(runs, number, is_random)?;
        }
        Ok(())
    }

    #[test]
    fn given_first_iv_is_never_used_again() {
        let runs = IvRuns::default();
        let given = || next(&join(&runs, 0, Scheme::Cenc, &[7; 8]).unwrap());
        assert_eq!(given(), [7; 8]);
        // Random runs give way.
        fill(&runs, true).unwrap();
        assert!(runs.0.lock().unwrap().len() < 10);
        assert_eq!(given(), [7, 7, 7, 7, 7, 7, 7, 8]);
        // Given ones do not.
        assert!(matches!(fill(&runs, false), Err(Error::TooManyKeys)));
        assert_eq!(given(), [7, 7, 7, 7, 7, 7, 7, 9]);
    }

    #[test]
    fn random_run_in_use_stays() {
        let runs = IvRuns::default();
        let held = join_numbered(&runs, 0, true).unwrap();
        fill(&runs, true).unwrap();
        assert!(runs.0.lock().unwrap().len() < 10);
        let again = join_numbered(&runs, 0, true).unwrap();
        assert!(Arc::ptr_eq(&held, &again));
    }
}
