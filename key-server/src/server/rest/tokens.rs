// SPDX-License-Identifier: MPL-2.0
//! `/accounts/{name}/tokens` and `/tokens/{id}`: by what accounts sign in.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::caller::{Caller, ManageAccounts};
use super::path::Name;
use super::secret::{Confidential, Secret};
use super::time::Time;
use crate::accounts::{self, AccountError};
use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::tokens::{self, TokenInfo};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 255, example = "packager in rack 4")]
    label: String,
    /// When it ends; null: never.
    #[serde(default)]
    expires: Option<Time>,
}

/// A token, without the token.
#[derive(Serialize, ToSchema)]
struct Token {
    /// Its id.
    id: String,
    /// Whose it is.
    account: String,
    /// What it is for.
    label: String,
    /// When it was made.
    created: Time,
    /// When it ends; null: never.
    expires: Option<Time>,
    /// Since when it cannot be used.
    revoked: Option<Time>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
struct FreshToken {
    #[serde(flatten)]
    info: Token,
    /// The token, which is not shown again.
    #[schema(value_type = String)]
    token: Secret,
}

/// List an account's tokens
///
/// The last made first, also those that cannot be used any more. Takes the role admin.
#[utoipa::path(get, path = "/accounts/{name}/tokens", tag = "accounts", params(("name" = String, Path)), responses((status = 200, body = Vec<Token>)))]
async fn list(
    caller: Caller<ManageAccounts>,
    Name(name): Name,
) -> Result<Json<Vec<Token>>, Problem> {
    let found = caller.with_store(move |store| {
        accounts::get(store, &name)?;
        Ok::<_, AccountError>(tokens::list(store, &name)?)
    });
    Ok(Json(found.await?.into_iter().map(Token::from).collect()))
}

/// Make a token for an account
///
/// It is shown in this answer only. A repeated request makes another one, whatever its Idempotency-Key. Takes the role admin.
#[utoipa::path(post, path = "/accounts/{name}/tokens", tag = "accounts", params(("name" = String, Path)), request_body = NewToken,
    responses((status = 201, body = FreshToken)))]
async fn create(
    caller: Caller<ManageAccounts>,
    Name(name): Name,
    Body(new): Body<NewToken>,
) -> Result<impl IntoResponse, Problem> {
    let issued = caller
        .with_store(move |store| {
            tokens::issue(store, &name, &new.label, new.expires.map(|time| time.0))
        })
        .await?;
    let fresh = FreshToken {
        info: issued.info.into(),
        token: Secret(issued.token),
    };
    Ok(Confidential((StatusCode::CREATED, Json(fresh))))
}

/// Revoke a token
///
/// For good. Once more changes nothing. Takes the role admin.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "accounts", params(("id" = String, Path)), responses((status = 204)))]
async fn revoke(caller: Caller<ManageAccounts>, Name(id): Name) -> Result<StatusCode, Problem> {
    let revoked = caller
        .with_store(move |store| tokens::revoke(store, &id))
        .await;
    caller.app.forget_accounts();
    revoked.map(|()| StatusCode::NO_CONTENT)
}

impl From<TokenInfo> for Token {
    fn from(info: TokenInfo) -> Self {
        Self {
            id: info.id,
            account: info.account,
            label: info.label,
            created: Time(info.created),
            expires: info.expires.map(Time),
            revoked: info.revoked.map(Time),
        }
    }
}
