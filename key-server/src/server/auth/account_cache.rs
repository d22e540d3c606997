// SPDX-License-Identifier: MPL-2.0
//! The accounts that were asked for lately: packagers ask thousands of times with one token, and the store is asked once.
//!
//! What one server changes counts at once there, and on other servers of the same store within [`FRESH`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use content_key_store::KeyStore;
use host_access::Clock;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::accounts::{self, Account, AccountError};
use crate::tokens;

/// How long an answer of the store counts.
const FRESH: Duration = Duration::from_secs(5);
/// More than this many are forgotten together.
const LIMIT: usize = 10_000;

/// By what an account shows that it is itself.
pub enum Proof {
    /// A token.
    Token(Zeroizing<String>),
    /// SHA-256 of a client certificate that was verified.
    Certificate([u8; 32]),
}

/// An account, and when by the monotonic clock the store said so; None: it is to be asked again.
struct KnownAccount(Option<Duration>, Arc<Account>);

/// Accounts by what they showed; tokens stand here as digests.
pub struct AccountCache {
    known: Mutex<ByProof>,
    clock: Arc<dyn Clock>,
}

/// By the digest of what was shown.
type ByProof = HashMap<[u8; 32], KnownAccount>;

impl AccountCache {
    /// None yet.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            known: Mutex::default(),
            clock: Arc::clone(clock),
        }
    }

    /// The account, if the store has been asked lately.
    pub fn get(&self, proof: &Proof) -> Option<Arc<Account>> {
        let known = self.lock();
        let KnownAccount(since, account) = known.get(&proof.digest())?;
        let is_fresh =
            since.is_some_and(|since| self.clock.monotonic().saturating_sub(since) < FRESH);
        is_fresh.then(|| Arc::clone(account))
    }

    /// Whether somebody has signed in by it before.
    pub fn knows(&self, proof: &Proof) -> bool {
        self.lock().contains_key(&proof.digest())
    }

    /// The account by the store's word. It blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn look_up(
        &self,
        store: &KeyStore,
        proof: &Proof,
    ) -> Result<Option<Arc<Account>>, AccountError> {
        let account = match proof {
            Proof::Token(token) => tokens::account_of(store, token)?.map(|(account, _)| account),
            Proof::Certificate(digest) => accounts::by_certificate(store, digest)?,
        };
        let account = account.map(Arc::new);
        if let Some(account) = &account {
            let mut known = self.lock();
            if known.len() >= LIMIT {
                known.clear();
            }
            known.insert(
                proof.digest(),
                KnownAccount(Some(self.clock.monotonic()), Arc::clone(account)),
            );
        } else {
            self.lock().remove(&proof.digest());
        }
        Ok(account)
    }

    /// Has all asked for again, after something about accounts has changed.
    pub fn forget(&self) {
        self.lock().values_mut().for_each(|known| known.0 = None);
    }

    fn lock(&self) -> MutexGuard<'_, ByProof> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proof {
    /// Lookups go by a digest, so that their time says nothing of a token.
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
