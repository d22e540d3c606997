// SPDX-License-Identifier: MPL-2.0
//! The limit of posts at the same time, over all targets: each takes a connection, and so an open file.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time after which somebody who waits looks whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// A number of posts that may run at the same time; clones share it.
#[derive(Debug, Clone)]
pub struct PostLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Mutex<u32>,
    freed: Condvar,
}

/// Posts that may run, until it is dropped.
#[derive(Debug)]
pub struct PostPermits {
    limit: PostLimit,
    count: u32,
}

impl PostLimit {
    /// Makes the limit.
    pub fn new(posts: u32) -> Self {
        Self(Arc::new(Shared {
            free: Mutex::new(posts),
            freed: Condvar::new(),
        }))
    }

    /// Waits until a post may run, and takes up to `wanted` that may; None if `goes_on` returns false meanwhile.
    pub fn take(&self, wanted: u32, goes_on: impl Fn() -> bool) -> Option<PostPermits> {
        let mut free = self.lock();
        while *free == 0 {
            if !goes_on() {
                return None;
            }
            free = self
                .0
                .freed
                .wait_timeout(free, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let count = wanted.min(*free);
        *free -= count;
        Some(PostPermits {
            limit: self.clone(),
            count,
        })
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PostPermits {
    /// Returns the number of posts.
    pub const fn count(&self) -> u32 {
        self.count
    }
}

impl Drop for PostPermits {
    fn drop(&mut self) {
        *self.limit.lock() += self.count;
        self.limit.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_beyond_the_limit_wait_or_give_up() {
        let limit = PostLimit::new(3);
        let first = limit.take(2, || true).unwrap();
        let second = limit.take(4, || true).unwrap();
        assert_eq!((first.count(), second.count()), (2, 1));
        assert!(limit.take(1, || false).is_none());
        drop(first);
        assert_eq!(limit.take(4, || false).unwrap().count(), 2);
    }
}
