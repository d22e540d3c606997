// SPDX-License-Identifier: MPL-2.0
//! Sessions of people at the pages. They are kept in memory: after a restart people sign in again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use host_access::{Host, Random, RandomError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The name of the cookie.
pub const SESSION_COOKIE: &str = "session";
/// The time without a request after which a session ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// The time after which a session ends in any case.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// The most sessions; a new one then replaces the oldest.
const LIMIT: usize = 1000;

/// Sessions by the digest of their cookie, so that the time of a look-up reveals nothing about a cookie.
pub struct Sessions {
    sessions: Mutex<ByCookie>,
    host: Host,
}

type ByCookie = HashMap<[u8; 32], SignedInSession>;

struct SignedInSession {
    /// The token of the sign-in. Each request looks up its account, so that revoking the token ends the session.
    token: Zeroizing<String>,
    csrf: String,
    /// The time of the sign-in by the monotonic clock.
    begun: Duration,
    used: Duration,
}

/// The open session of a request.
pub struct OpenSession {
    /// The token of the sign-in.
    pub token: Zeroizing<String>,
    /// The token that the forms of the session carry.
    pub csrf: String,
}

impl Sessions {
    /// Starts without sessions.
    pub fn new(host: &Host) -> Self {
        Self {
            sessions: Mutex::default(),
            host: host.clone(),
        }
    }

    /// Starts a session, and returns the value of its cookie.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn begin(&self, token: Zeroizing<String>) -> Result<Zeroizing<String>, RandomError> {
        let cookie = secret(&*self.host.random)?;
        let now = self.host.clock.monotonic();
        let session = SignedInSession {
            token,
            csrf: secret(&*self.host.random)?.to_string(),
            begun: now,
            used: now,
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.is_open(now));
        if sessions.len() >= LIMIT {
            sessions
                .iter()
                .min_by_key(|(_, session)| session.used)
                .map(|(digest, _)| *digest)
                .and_then(|digest| sessions.remove(&digest));
        }
        sessions.insert(digest(&cookie), session);
        Ok(cookie)
    }

    /// Returns the session of a cookie if it is open, and notes its use.
    pub fn open(&self, cookie: &str) -> Option<OpenSession> {
        let now = self.host.clock.monotonic();
        let mut sessions = self.lock();
        let session = sessions.get_mut(&digest(cookie))?;
        if !session.is_open(now) {
            return None;
        }
        session.used = now;
        Some(OpenSession {
            token: session.token.clone(),
            csrf: session.csrf.clone(),
        })
    }

    /// Ends a session.
    pub fn end(&self, cookie: &str) {
        self.lock().remove(&digest(cookie));
    }

    fn lock(&self) -> MutexGuard<'_, ByCookie> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignedInSession {
    fn is_open(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) < IDLE && now.saturating_sub(self.begun) < LONGEST
    }
}

impl OpenSession {
    /// True if a form carries this session's token.
    pub fn gave(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }
}

fn secret(random: &dyn Random) -> Result<Zeroizing<String>, RandomError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}
