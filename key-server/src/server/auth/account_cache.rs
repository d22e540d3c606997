// SPDX-License-Identifier: MPL-2.0
//! A cache of accounts: packagers send thousands of requests with one token, and the store is read once.
//!
//! Changes take effect at once in the server that makes them, and within [`FRESH`] in other servers of the same store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use content_key_store::KeyStore;
use host_access::Clock;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::accounts::{self, Account, AccountError};
use crate::tokens;

/// The time for which an account is valid in the cache.
const FRESH: Duration = Duration::from_secs(5);
/// The most entries; beyond it the cache is cleared.
const LIMIT: usize = 10_000;

/// The proof with which an account signs in.
pub enum Proof {
    /// A token.
    Token(Zeroizing<String>),
    /// The SHA-256 of a verified client certificate.
    Certificate([u8; 32]),
}

/// An account in the cache.
struct KnownAccount {
    account: Arc<Account>,
    /// The time when it was read, by the monotonic clock; None if it must be read again.
    read_at: Option<Duration>,
}

/// The cache. It holds digests of tokens, not the tokens.
pub struct AccountCache {
    known: Mutex<ByProof>,
    clock: Arc<dyn Clock>,
}

/// Accounts by the digest of their proof.
type ByProof = HashMap<[u8; 32], KnownAccount>;

impl AccountCache {
    /// Makes an empty cache.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            known: Mutex::default(),
            clock: Arc::clone(clock),
        }
    }

    /// Returns the account if it is in the cache and valid.
    pub fn get(&self, proof: &Proof) -> Option<Arc<Account>> {
        let known = self.lock();
        let KnownAccount { account, read_at } = known.get(&proof.digest())?;
        read_at
            .filter(|read_at| self.clock.monotonic().saturating_sub(*read_at) < FRESH)
            .map(|_| Arc::clone(account))
    }

    /// Reads the account from the store. It blocks.
    ///
    /// # Errors
    /// If the store fails.
    pub fn look_up(
        &self,
        store: &KeyStore,
        proof: &Proof,
    ) -> Result<Option<Arc<Account>>, AccountError> {
        let account = match proof {
            Proof::Token(token) => tokens::account_of(store, token)?,
            Proof::Certificate(digest) => accounts::by_certificate(store, digest)?,
        }
        .map(Arc::new);
        if let Some(account) = &account {
            let mut known = self.lock();
            if known.len() >= LIMIT {
                known.clear();
            }
            known.insert(
                proof.digest(),
                KnownAccount {
                    account: Arc::clone(account),
                    read_at: Some(self.clock.monotonic()),
                },
            );
        } else {
            self.lock().remove(&proof.digest());
        }
        Ok(account)
    }

    /// Makes all accounts be read again, after a change of accounts or tokens.
    pub fn forget(&self) {
        self.lock()
            .values_mut()
            .for_each(|known| known.read_at = None);
    }

    fn lock(&self) -> MutexGuard<'_, ByProof> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proof {
    /// Returns the digest under which the cache has the proof, so that the time of a look-up reveals nothing about a token.
    fn digest(&self) -> [u8; 32] {
        let (kind, bytes) = match self {
            Self::Token(token) => (b"token", token.as_bytes()),
            Self::Certificate(digest) => (b"certs", digest.as_slice()),
        };
        Sha256::new_with_prefix(kind)
            .chain_update(bytes)
            .finalize()
            .into()
    }
}
