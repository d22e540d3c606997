// SPDX-License-Identifier: MPL-2.0
//! Threads that share the cipher's work on a fragment. They live as long as the packager: to start one takes as long as to encrypt
//! a hundred kilobytes.

use std::cmp::Reverse;
use std::sync::Mutex;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::cenc::ClearSample;

use super::Error;

/// Fragments with fewer bytes than this are not worth waking a thread for.
const LEAST: usize = 256 << 10;

/// None but the caller's own thread, or some beside it.
#[derive(Default)]
pub(super) struct Workers(Option<ThreadPool>);

/// The samples that one thread encrypts, each with the number of its group.
pub(super) struct Share<'a>(Vec<(usize, ClearSample<'a>)>);

impl Workers {
    /// `threads` in all, the caller's own included.
    pub(super) fn new(threads: usize) -> Result<Self, Error> {
        let beside = threads.saturating_sub(1);
        if beside == 0 {
            return Ok(Self(None));
        }
        let named = ThreadPoolBuilder::new().thread_name(|index| format!("cenc-{index}"));
        let pool = named.num_threads(beside).build();
        Ok(Self(Some(
            pool.map_err(|error| Error::Threads(error.into()))?,
        )))
    }

    pub(super) const fn are_worth_it(&self, bytes: usize) -> bool {
        self.0.is_some() && bytes >= LEAST
    }

    /// Deals `samples` out and runs `work` on each share, one of them here.
    pub(super) fn share(
        &self,
        samples: Vec<(usize, ClearSample<'_>)>,
        work: impl Fn(Share<'_>) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let Some(pool) = &self.0 else {
            return work(Share(samples));
        };
        let mut shares = deal(samples, pool.current_num_threads() + 1);
        let failed = Mutex::new(None);
        let run = |share| {
            if let Err(error) = work(share)
                && let Ok(mut failed) = failed.lock()
            {
                failed.get_or_insert(error);
            }
        };
        let own = shares.pop();
        pool.in_place_scope(|scope| {
            for share in shares {
                scope.spawn(|_| run(share));
            }
            if let Some(share) = own {
                run(share);
            }
        });
        let failed = failed.into_inner().unwrap_or_default();
        failed.map_or(Ok(()), Err)
    }
}

/// The longest first, each to whoever has the fewest bytes.
fn deal<'a>(mut samples: Vec<(usize, ClearSample<'a>)>, count: usize) -> Vec<Share<'a>> {
    samples.sort_unstable_by_key(|(_, sample)| Reverse(sample.bytes.len()));
    let mut shares: Vec<(usize, Share<'a>)> = Vec::new();
    shares.resize_with(count, || (0, Share(Vec::new())));
    for sample in samples {
        if let Some((bytes, share)) = shares.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += sample.1.bytes.len();
            share.0.push(sample);
        }
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

impl<'a> Share<'a> {
    /// The samples of each group.
    pub(super) fn by_group(mut self) -> Vec<(usize, Vec<ClearSample<'a>>)> {
        self.0.sort_by_key(|(group, _)| *group);
        let mut groups: Vec<(usize, Vec<ClearSample<'a>>)> = Vec::new();
        for (group, sample) in self.0 {
            match groups.last_mut().filter(|(last, _)| *last == group) {
                Some((_, samples)) => samples.push(sample),
                None => groups.push((group, vec![sample])),
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cenc::Iv;

    #[test]
    fn all_samples_are_dealt_out_about_evenly() {
        let mut bytes: Vec<Vec<u8>> = [900, 100, 200, 300, 400, 0].map(|len| vec![0; len]).into();
        let samples = bytes.iter_mut().enumerate().map(|(number, bytes)| {
            let sample = ClearSample {
                number,
                iv: Iv::new(&[0; 16]).unwrap(),
                bytes: bytes.as_mut_slice().into(),
                subsamples: &[],
            };
            (number % 2, sample)
        });
        let shares = deal(samples.collect(), 2);
        let size = |share: &Share<'_>| share.0.iter().map(|(_, s)| s.bytes.len()).sum::<usize>();
        assert_eq!(shares.iter().map(size).collect::<Vec<_>>(), [1000, 900]);
        assert_eq!(shares.iter().map(|share| share.0.len()).sum::<usize>(), 6);
    }
}
