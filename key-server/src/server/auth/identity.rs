// SPDX-License-Identifier: MPL-2.0
//! The account of a request.

use std::sync::Arc;

use content_key_store::{Actor, Error as StoreError};

use super::Permission;
use crate::accounts::{Account, Role};
use crate::server::problem_details::Problem;

/// An account that has signed in.
#[derive(Debug, Clone)]
pub struct Identity {
    account: Arc<Account>,
    actor: Actor,
}

impl Identity {
    /// Makes the identity of an account.
    ///
    /// # Errors
    /// [`StoreError::BadName`].
    pub fn new(account: Arc<Account>) -> Result<Self, StoreError> {
        Ok(Self {
            actor: Actor::new(&account.name, account.contents.clone())?,
            account,
        })
    }

    /// Returns the account as the store needs it: with its contents.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the account's name, for the audit.
    pub fn name(&self) -> &str {
        &self.account.name
    }

    /// Returns the account's roles.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.account.roles.iter().copied()
    }

    /// True if one of the account's roles has the permission, and the account is not limited to contents where it is for all.
    pub fn may(&self, permission: Permission) -> bool {
        let has_role = permission
            .roles()
            .iter()
            .any(|role| self.account.roles.contains(role));
        has_role && !(permission.is_for_all_contents() && self.actor.scope().is_limited())
    }

    /// Checks that the account has a permission.
    ///
    /// # Errors
    /// A problem with status 403, which names the roles that have the permission.
    pub fn needs(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) {
            return Ok(());
        }
        if permission.is_for_all_contents() {
            self.actor.check_all_contents()?;
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
