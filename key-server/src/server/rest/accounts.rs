// SPDX-License-Identifier: MPL-2.0
//! `/accounts`: people and programs, their roles, and the contents that they may use.

use std::collections::BTreeSet;

use axum::Json;
use content_key_store::ContentScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, ManageAccounts};
use super::names::{Name as Word, RoleName};
use super::path::Name;
use super::time::Time;
use crate::accounts::{self, Account as Stored, AccountSettings};
use crate::fingerprints::hex;
use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::server::service_errors::unprocessable;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, put))
        .routes(routes!(disable))
        .routes(routes!(enable))
}

/// The settings of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// Its roles.
    #[schema(value_type = Vec<RoleName>)]
    roles: BTreeSet<RoleName>,
    /// SHA-256 of the DER client certificate that it signs in with over mutual TLS, 64 hexadecimal digits.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    certificate: Option<String>,
    /// The contents that it may use, as patterns: a content id, or its start and one `*` at the end. None of them: all contents. Without
    /// this member an account keeps its patterns. Accounts with the role auditor or admin cannot be limited.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["news/*"]))]
    contents: Option<Vec<String>>,
}

/// The account of a person or a program.
#[derive(Serialize, ToSchema)]
struct Account {
    /// Its name.
    name: String,
    /// Its roles.
    roles: BTreeSet<RoleName>,
    /// SHA-256 of the client certificate that it signs in with.
    certificate: Option<String>,
    /// The patterns of the contents that it may use; none for all contents.
    contents: Vec<String>,
    /// The time when it was added.
    created: Time,
    /// The time since which it cannot be used.
    disabled: Option<Time>,
}

/// List accounts
///
/// Requires the role admin.
#[utoipa::path(get, path = "/accounts", tag = "accounts", responses((status = 200, body = Vec<Account>)))]
async fn list(caller: Caller<ManageAccounts>) -> Result<Json<Vec<Account>>, Problem> {
    let accounts = caller.with_store(accounts::list).await?;
    Ok(Json(accounts.into_iter().map(Account::from).collect()))
}

/// Show an account
///
/// Requires the role admin.
#[utoipa::path(get, path = "/accounts/{name}", tag = "accounts", params(("name" = String, Path)), responses((status = 200, body = Account)))]
async fn show(caller: Caller<ManageAccounts>, Name(name): Name) -> Result<Json<Account>, Problem> {
    let account = caller
        .with_store(move |store| accounts::get(store, &name))
        .await?;
    Ok(Json(account.into()))
}

/// Add an account, or change its settings
///
/// The last administrator keeps the role. Requires the role admin.
#[utoipa::path(put, path = "/accounts/{name}", tag = "accounts", params(("name" = String, Path)), request_body = NewAccount,
    responses((status = 200, body = Account)))]
async fn put(
    caller: Caller<ManageAccounts>,
    Name(name): Name,
    Body(new): Body<NewAccount>,
) -> Result<Json<Account>, Problem> {
    let settings = AccountSettings::try_from(new)?;
    let stored = caller
        .with_store(move |store| {
            accounts::put(store, &name, &settings)?;
            accounts::get(store, &name)
        })
        .await;
    caller.app.forget_accounts();
    stored.map(Account::from).map(Json)
}

/// Keep an account from being used
///
/// This revokes its tokens too. Repeating the request changes nothing. Requires the role admin.
#[utoipa::path(post, path = "/accounts/{name}/disable", tag = "accounts", params(("name" = String, Path)), responses((status = 200, body = Account)))]
async fn disable(caller: Caller<ManageAccounts>, name: Name) -> Result<Json<Account>, Problem> {
    set_disabled(&caller, name, true).await
}

/// Let an account be used again
///
/// Requires the role admin.
#[utoipa::path(post, path = "/accounts/{name}/enable", tag = "accounts", params(("name" = String, Path)), responses((status = 200, body = Account)))]
async fn enable(caller: Caller<ManageAccounts>, name: Name) -> Result<Json<Account>, Problem> {
    set_disabled(&caller, name, false).await
}

async fn set_disabled(
    caller: &Caller<ManageAccounts>,
    Name(name): Name,
    disabled: bool,
) -> Result<Json<Account>, Problem> {
    let changed = caller
        .with_store(move |store| {
            accounts::set_disabled(store, &name, disabled)?;
            accounts::get(store, &name)
        })
        .await;
    caller.app.forget_accounts();
    changed.map(Account::from).map(Json)
}

fn digest(text: &str) -> Result<[u8; 32], Problem> {
    let mut digest = [0; 32];
    let digits = text.as_bytes();
    for (pair, byte) in digits.chunks_exact(2).zip(&mut digest) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16)
            .unwrap_or_default();
    }
    let is_digest = digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit);
    is_digest.then_some(digest).ok_or_else(|| {
        unprocessable("a certificate is named by its SHA-256, 64 hexadecimal digits")
    })
}

impl TryFrom<NewAccount> for AccountSettings {
    type Error = Problem;

    fn try_from(new: NewAccount) -> Result<Self, Problem> {
        Ok(Self {
            roles: new.roles.into_iter().map(|Word(role)| role).collect(),
            certificate: new.certificate.as_deref().map(digest).transpose()?,
            contents: new
                .contents
                .map(|patterns| ContentScope::parse(patterns.iter().map(String::as_str)))
                .transpose()?,
        })
    }
}

impl From<Stored> for Account {
    fn from(account: Stored) -> Self {
        Self {
            name: account.name,
            roles: account.roles.into_iter().map(Word).collect(),
            certificate: account.certificate.map(|digest| hex(&digest)),
            contents: account
                .contents
                .patterns()
                .map(|pattern| pattern.as_str().to_owned())
                .collect(),
            created: Time(account.created),
            disabled: account.disabled.map(Time),
        }
    }
}
