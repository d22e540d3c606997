// SPDX-License-Identifier: MPL-2.0
//! Permissions, and the roles that have them.

use crate::accounts::Role;

/// A permission to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// See contents, KIDs, periods, deliveries and the state of the store; no key.
    Look,
    /// Add contents, change their settings, make their keys and rotate them.
    Operate,
    /// Enter, import and retire keys.
    ManageKeys,
    /// Add and retire key seeds.
    ManageSeeds,
    /// See or export a key in clear.
    SeeClearKeys,
    /// Set up delivery targets.
    ManageTargets,
    /// Add people and programs, and give them tokens.
    ManageAccounts,
    /// Read the audit.
    ReadAudit,
    /// Request keys to protect with, by SPEKE or CPIX.
    Package,
    /// Fetch keys to license with.
    License,
}

impl Permission {
    /// True if it concerns all contents, so that an account that is limited to contents never has it.
    pub const fn is_for_all_contents(self) -> bool {
        matches!(
            self,
            Self::ManageSeeds | Self::ManageTargets | Self::ManageAccounts | Self::ReadAudit
        )
    }

    /// Returns the roles that have it. The role admin alone does not show keys.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Look => &[
                Role::Viewer,
                Role::Operator,
                Role::KeyAdmin,
                Role::Auditor,
                Role::Admin,
            ],
            Self::Operate => &[Role::Operator, Role::KeyAdmin],
            Self::ManageKeys | Self::ManageSeeds | Self::SeeClearKeys => &[Role::KeyAdmin],
            Self::ManageTargets => &[Role::KeyAdmin, Role::Admin],
            Self::ManageAccounts => &[Role::Admin],
            Self::ReadAudit => &[Role::Auditor, Role::Admin],
            Self::Package => &[Role::Packager],
            Self::License => &[Role::LicenseServer],
        }
    }
}
