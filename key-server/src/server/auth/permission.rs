// SPDX-License-Identifier: MPL-2.0
//! What may be done, and by which roles.

use crate::accounts::Role;

/// Something that not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// See contents, KIDs, periods, deliveries and the state of the store; no key.
    Look,
    /// Add contents, change their settings, make their keys and rotate them.
    Operate,
    /// Enter, import and retire keys, and keep key seeds.
    ManageKeys,
    /// See or export a key in clear.
    SeeClearKeys,
    /// Set up delivery targets.
    ManageTargets,
    /// Add people and programs, and give them tokens.
    ManageAccounts,
    /// Read the audit.
    ReadAudit,
    /// Ask for keys to protect with, by SPEKE or CPIX.
    Package,
    /// Take keys to license with.
    License,
}

impl Permission {
    /// The roles that have it; the administrator's alone does not show keys.
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
            Self::ManageKeys | Self::SeeClearKeys => &[Role::KeyAdmin],
            Self::ManageTargets => &[Role::KeyAdmin, Role::Admin],
            Self::ManageAccounts => &[Role::Admin],
            Self::ReadAudit => &[Role::Auditor, Role::Admin],
            Self::Package => &[Role::Packager],
            Self::License => &[Role::LicenseServer],
        }
    }
}
