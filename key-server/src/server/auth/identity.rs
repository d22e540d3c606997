// SPDX-License-Identifier: MPL-2.0
//! An account that showed that it is itself.

use std::sync::Arc;

use axum::http::StatusCode;

use super::Permission;
use crate::accounts::{Account, Role};
use crate::server::problem_details::Problem;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Identity(Arc<Account>);

impl Identity {
    pub const fn new(account: Arc<Account>) -> Self {
        Self(account)
    }

    /// The account's name, for the audit.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether one of the account's roles allows it.
    pub fn may(&self, permission: Permission) -> bool {
        let roles = permission.roles();
        roles.iter().any(|role| self.0.roles.contains(role))
    }

    /// # Errors
    /// 403, with the roles that would do.
    pub fn needs(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) {
            return Ok(());
        }
        let roles: Vec<_> = permission
            .roles()
            .iter()
            .map(|role| Role::name(*role))
            .collect();
        let detail = format!(
            "'{}' may not do this: it takes the role {}",
            self.name(),
            roles.join(" or ")
        );
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }
}
