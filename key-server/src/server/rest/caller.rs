// SPDX-License-Identifier: MPL-2.0
//! The authenticated caller of a request, whose permission is checked before the rest of the request is read.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use content_key_store::{Actor, Error as StoreError, KeyStore};

use crate::server::app::App;
use crate::server::auth::{Client, Permission};
use crate::server::problem_details::Problem;

/// A permission, as a type.
pub trait Permit: Send + Sync {
    /// The permission.
    const NEEDED: Permission;
}

/// A caller who has a permission, and the server.
pub struct Caller<P> {
    pub app: App,
    client: Client,
    permit: PhantomData<P>,
}

macro_rules! permits {
    ($($name:ident)*) => { $(
        #[doc = concat!("Requires [`Permission::", stringify!($name), "`].")]
        pub struct $name;

        impl Permit for $name {
            const NEEDED: Permission = Permission::$name;
        }
    )* };
}
permits!(Look Operate ManageKeys ManageSeeds SeeClearKeys ManageTargets ManageAccounts ReadAudit License);

impl<P: Permit> Caller<P> {
    /// Returns the account as the store needs it.
    pub fn actor(&self) -> &Actor {
        self.client.actor()
    }

    /// Runs an operation on the store in the caller's name.
    ///
    /// # Errors
    /// The errors of the operation.
    pub async fn with_store<T, E>(
        &self,
        operation: impl FnOnce(&KeyStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + From<StoreError> + Send + 'static,
    {
        self.app.with_store(self.client.actor(), operation).await
    }

    /// Checks that the caller has another permission too.
    ///
    /// # Errors
    /// A problem with status 403.
    pub fn needs(&self, permission: Permission) -> Result<(), Problem> {
        self.client.needs(permission)
    }
}

impl<P: Permit> FromRequestParts<App> for Caller<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let client = Client::from_request_parts(parts, app).await?;
        client.needs(P::NEEDED)?;
        Ok(Self {
            app: app.clone(),
            client,
            permit: PhantomData,
        })
    }
}
