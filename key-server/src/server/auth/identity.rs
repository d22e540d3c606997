// SPDX-License-Identifier: MPL-2.0
//! The account of a request.

use std::sync::Arc;

use super::Permission;
use crate::accounts::{Account, Role};
use crate::server::problem_details::Problem;

/// An account that has signed in.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Account>);

impl Identity {
    /// Makes the identity of an account.
    pub const fn new(account: Arc<Account>) -> Self {
        Self(account)
    }

    /// Returns the account's name, for the audit.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the account's roles.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.0.roles.iter().copied()
    }

    /// True if one of the account's roles has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        permission
            .roles()
            .iter()
            .any(|role| self.0.roles.contains(role))
    }

    /// Checks that the account has a permission.
    ///
    /// # Errors
    /// A problem with status 403, which names the roles that have the permission.
    pub fn needs(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) {
            return Ok(());
        }
        let roles: Vec<_> = permission
            .roles()
            .iter()
            .map(|role| Role::name(*role))
            .collect();
        Err(Problem::forbidden(
            self.name(),
            format!(
                "'{}' may not do this: it needs the role {}",
                self.name(),
                roles.join(" or ")
            ),
        ))
    }
}
