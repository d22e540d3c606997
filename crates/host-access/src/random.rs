// SPDX-License-Identifier: MPL-2.0
//! Random bytes for keys, KIDs, IVs and nonces.

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes; `bytes` must not be used then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The error of a generator without random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers from the operating system: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// The operating system's generator, which is fit for keys.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        Ok(getrandom::fill(bytes)?)
    }
}
