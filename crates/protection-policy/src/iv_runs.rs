// SPDX-License-Identifier: MPL-2.0
//! The sequences of IVs in use, by KID, so that several packagers with one key share one sequence (ISO/IEC 23001-7 clause 9.2).
//!
//! They hold no keys, and IVs are public. A muxer factory makes a new element for each part of a recording after the last one is
//! gone; the position in the sequence must survive that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use cenc_types::{CipherMode, KeyId};
use common_encryption::IvSource;

use super::Error;

/// The sequences of IVs that packagers share, by KID and cipher mode.
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
pub struct IvRuns(Mutex<VecDeque<IvRun>>);

struct IvRun {
    kid: KeyId,
    mode: CipherMode,
    ivs: Arc<Mutex<IvSource>>,
}

impl IvRuns {
    /// The number of sequences above which unused ones are dropped; each takes about 100 bytes.
    const MAX_REMEMBERED: usize = 4096;

    /// Returns the sequence of a KID in a cipher mode at its current position, or starts it with `first`. A constant IV is not
    /// shared, since it repeats by design.
    ///
    /// # Errors
    /// [`Error::IvSizeChanged`] if the sequence has IVs of another size.
    pub(super) fn join(
        &self,
        kid: KeyId,
        mode: CipherMode,
        first: IvSource,
    ) -> Result<Arc<Mutex<IvSource>>, Error> {
        if matches!(first, IvSource::Constant(_)) {
            return Ok(Arc::new(Mutex::new(first)));
        }
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(run) = runs.iter().find(|run| (run.kid, run.mode) == (kid, mode)) else {
            let ivs = Arc::new(Mutex::new(first));
            Self::remember(&mut runs, kid, mode, Arc::clone(&ivs));
            return Ok(ivs);
        };
        let current = run.ivs.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*current, first) {
            (IvSource::PerSample(before), IvSource::PerSample(now))
                if before.size() != now.size() =>
            {
                Err(Error::IvSizeChanged {
                    kid,
                    first: before.size(),
                    second: now.size(),
                })
            }
            _ => Ok(Arc::clone(&run.ivs)),
        }
    }

    fn remember(
        runs: &mut VecDeque<IvRun>,
        kid: KeyId,
        mode: CipherMode,
        ivs: Arc<Mutex<IvSource>>,
    ) {
        if runs.len() >= Self::MAX_REMEMBERED {
            let unused = runs.iter().position(|run| Arc::strong_count(&run.ivs) == 1);
            unused.and_then(|oldest| runs.remove(oldest));
        }
        runs.push_back(IvRun { kid, mode, ivs });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cenc_types::{Iv, Scheme};

    fn kid(number: u32) -> KeyId {
        let mut bytes = [1; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        KeyId::from_bytes(bytes)
    }

    fn ivs(scheme: Scheme, first: &[u8]) -> IvSource {
        IvSource::new(scheme, Iv::new(first).unwrap()).unwrap()
    }

    fn next(run: &Mutex<IvSource>) -> Vec<u8> {
        run.lock().unwrap().next(1).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn run_continues_after_its_packager_is_gone() {
        let runs = IvRuns::default();
        let join = || {
            let first = ivs(Scheme::Cenc, &[7; 8]);
            runs.join(kid(1), CipherMode::Ctr, first).unwrap()
        };
        assert_eq!(next(&join()), [7; 8]);
        assert_eq!(next(&join()), [7, 7, 7, 7, 7, 7, 7, 8]);
    }

    #[test]
    fn constant_ivs_are_each_packagers_own() {
        let runs = IvRuns::default();
        let join = |byte| {
            let first = ivs(Scheme::Cbcs, &[byte; 16]);
            runs.join(kid(1), CipherMode::Cbc, first).unwrap()
        };
        assert_eq!(next(&join(1)), [1; 16]);
        assert_eq!(next(&join(2)), [2; 16]);
    }

    // cenc and cens count the same blocks under one key.
    #[test]
    fn counter_schemes_share_a_run_and_its_iv_size() {
        let runs = IvRuns::default();
        let join = |scheme: Scheme, first: &[u8]| {
            runs.join(kid(1), scheme.cipher_mode(), ivs(scheme, first))
        };
        assert_eq!(next(&join(Scheme::Cenc, &[0; 8]).unwrap()), [0; 8]);
        assert_ne!(next(&join(Scheme::Cens, &[0; 8]).unwrap()), [0; 8]);
        assert_eq!(next(&join(Scheme::Cbc1, &[0; 16]).unwrap()), [0; 16]);
        let refused = join(Scheme::Cenc, &[0; 16]).unwrap_err().to_string();
        assert!(refused.contains("IVs of 8 bytes"), "{refused}");
    }

    #[test]
    fn oldest_unused_run_is_forgotten_first() {
        let runs = IvRuns::default();
        let join = |number| {
            let first = ivs(Scheme::Cenc, &[7; 8]);
            runs.join(kid(number), CipherMode::Ctr, first).unwrap()
        };
        let held = join(0);
        next(&held);
        (1..=5000).for_each(|number| drop(join(number)));
        assert_eq!(runs.0.lock().unwrap().len(), IvRuns::MAX_REMEMBERED);
        assert_ne!(next(&join(0)), [7; 8]);
    }
}
