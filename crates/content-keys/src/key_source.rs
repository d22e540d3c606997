// SPDX-License-Identifier: MPL-2.0
//! A source of keys that is open, or that the thread of requests opens first.

use super::{Error, KeyProvider};

/// Opens a source of keys. It may read files or call servers, and is called again after an error.
pub type OpenSource = Box<dyn FnMut() -> Result<Box<dyn KeyProvider>, Error> + Send>;

/// A source of keys before its first request.
pub enum KeySource {
    /// It has nothing to open.
    Opened(Box<dyn KeyProvider>),
    /// It is opened when keys are needed that no cache has.
    Unopened(OpenSource),
}

/// The facts about a source that are known once it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFacts {
    /// See [`KeyProvider::rotates`].
    pub rotates: bool,
    /// See [`KeyProvider::takes_first_iv`].
    pub takes_first_iv: bool,
}

impl SourceFacts {
    fn of(provider: &dyn KeyProvider) -> Self {
        Self {
            rotates: provider.rotates(),
            takes_first_iv: provider.takes_first_iv(),
        }
    }
}

impl KeySource {
    /// Returns the facts of an open source.
    pub fn facts(&self) -> Option<SourceFacts> {
        match self {
            Self::Opened(provider) => Some(SourceFacts::of(&**provider)),
            Self::Unopened(_) => None,
        }
    }

    /// Opens the source, unless it is open.
    pub(super) fn provider(&mut self) -> Result<&mut dyn KeyProvider, Error> {
        if let Self::Unopened(open) = self {
            *self = Self::Opened(open()?);
        }
        match self {
            Self::Opened(provider) => Ok(&mut **provider),
            Self::Unopened(_) => unreachable!("the source was opened"),
        }
    }
}
