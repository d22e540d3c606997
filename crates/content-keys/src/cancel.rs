// SPDX-License-Identifier: MPL-2.0
//! The end of calls to a source whose answers nobody needs any longer.

use std::sync::{Mutex, PoisonError};

/// Ends the calls to a source that run, and lets all later ones fail. Any thread may call it, and it waits for nothing.
pub type CancelRequests = Box<dyn Fn() + Send + Sync>;

/// What ends the calls of a source, once it is open.
#[derive(Default)]
pub(super) struct SourceCancel(Mutex<Option<CancelRequests>>);

impl SourceCancel {
    pub(super) fn set(&self, cancel: Option<CancelRequests>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cancel;
    }

    pub(super) fn cancel(&self) {
        let cancel = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cancel) = &*cancel {
            cancel();
        }
    }
}
