// SPDX-License-Identifier: MPL-2.0
//! The keys that an element keeps from one stream to the next, while its settings stay the same.
//!
//! A muxer factory makes an element for each part of a recording. The elements of one process whose settings name the same source and
//! content therefore share their keys for as long as one of them exists. A part that starts after the last one is gone requests its keys
//! again, since no key outlives the elements that use it.

use std::sync::{Arc, Mutex, Weak};

use content_keys::{ContentRequest, KeyCache};

use super::lock;

/// The keys of sources that elements of this process have opened.
static PROCESS_KEYS: Mutex<Vec<Weak<SharedKeys>>> = Mutex::new(Vec::new());

/// The source of keys and the content whose keys are requested, by which caches are found.
#[derive(PartialEq, Eq)]
pub(super) struct KeyIdentity {
    /// The URI of the source. None for the application, whose keys are for one element only.
    pub(super) uri: Option<String>,
    pub(super) request: ContentRequest,
}

/// The keys of a source. They are wiped with the last element that uses them.
struct SharedKeys {
    identity: KeyIdentity,
    cache: Arc<KeyCache>,
}

/// The keys that an element got from the source that its settings name.
#[derive(Default)]
pub(super) struct ElementKeys {
    kept: Mutex<Option<Arc<SharedKeys>>>,
}

impl ElementKeys {
    /// Returns the cache for the keys of a source: that of the last stream, or of another element with the same settings.
    pub(super) fn cache(&self, identity: KeyIdentity) -> Arc<KeyCache> {
        let mut kept = lock(&self.kept);
        let same = kept.take().filter(|kept| kept.identity == identity);
        Arc::clone(&kept.insert(same.unwrap_or_else(|| share(identity))).cache)
    }

    /// Forgets the keys, so that the next stream of any element requests them again.
    pub(super) fn forget(&self) {
        let kept = lock(&self.kept).take();
        if let Some(kept) = kept {
            lock(&PROCESS_KEYS).retain(|other| other.as_ptr() != Arc::as_ptr(&kept));
        }
    }
}

/// Returns the keys of this identity that another element has, or a place for new ones.
fn share(identity: KeyIdentity) -> Arc<SharedKeys> {
    let mut all = lock(&PROCESS_KEYS);
    all.retain(|keys| keys.strong_count() > 0);
    let is_shared = identity.uri.is_some();
    all.iter()
        .filter_map(Weak::upgrade)
        .find(|keys| is_shared && keys.identity == identity)
        .unwrap_or_else(|| {
            let keys = Arc::new(SharedKeys {
                identity,
                cache: Arc::default(),
            });
            if is_shared {
                all.push(Arc::downgrade(&keys));
            }
            keys
        })
}
