// SPDX-License-Identifier: MPL-2.0
//! The roles of accounts. The server decides which permissions each role has.

use std::str::FromStr;

use super::AccountError;

/// A role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees contents, keys without the keys, and deliveries.
    Viewer,
    /// Runs contents: their settings, crypto periods and deliveries.
    Operator,
    /// Makes, enters, exports and retires keys and seeds.
    KeyAdmin,
    /// Sees the audit.
    Auditor,
    /// A licence server, which fetches keys.
    LicenseServer,
    /// A packager, which requests keys.
    Packager,
    /// Manages accounts, targets and the store.
    Admin,
}

impl Role {
    /// All roles in their order.
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::Operator,
        Self::KeyAdmin,
        Self::Auditor,
        Self::LicenseServer,
        Self::Packager,
        Self::Admin,
    ];

    /// True if the role is for the whole store, so that its accounts cannot be limited to contents.
    pub const fn is_of_whole_store(self) -> bool {
        matches!(self, Self::Auditor | Self::Admin)
    }

    /// Returns the name of the role.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::KeyAdmin => "key-admin",
            Self::Auditor => "auditor",
            Self::LicenseServer => "license-server",
            Self::Packager => "packager",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(AccountError::BadRole)
    }
}
