// SPDX-License-Identifier: MPL-2.0
//! The use of an error of the key store: to try again, to tell a client, or to end the other requests of the transaction.

use super::Error;

impl Error {
    /// True if the same request may succeed later: the database was unreachable or busy, or somebody may restore it.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Locked { .. }
                | Self::DamagedFile { .. }
                | Self::Changed(_)
                | Self::Busy
        )
    }

    /// Returns the error as clients of a server may see it: without the place of the store, which helps nobody but attackers.
    pub fn public_text(&self) -> String {
        match self {
            Self::Unavailable { remedy, .. } => format!("the key store cannot be used: {remedy}"),
            Self::Locked { .. } => {
                "another process holds the lock of the key store: try again".to_owned()
            }
            Self::DamagedFile { .. } => {
                "the file of the key store is damaged: the operator must restore it".to_owned()
            }
            Self::Changed(fault) => format!(
                "{}, so that the key store is not written any more: the operator must put it back",
                fault.public_text()
            ),
            error => error.to_string(),
        }
    }

    /// Returns the same error for another request that it ended too.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Unavailable {
                location,
                source,
                remedy,
            } => Self::Unavailable {
                location: location.clone(),
                source: source.to_string().into(),
                remedy,
            },
            Self::Locked { location } => Self::Locked {
                location: location.clone(),
            },
            Self::DamagedFile { location } => Self::DamagedFile {
                location: location.clone(),
            },
            Self::Changed(fault) => Self::Changed(fault.clone()),
            Self::Statement(text) => Self::Statement(text.clone()),
            error => Self::Statement(error.to_string()),
        }
    }
}
