// SPDX-License-Identifier: MPL-2.0
//! `/accounts/{name}/tokens` and `/tokens/{id}`: the tokens with which accounts sign in.

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
    /// Its purpose.
    #[schema(min_length = 1, max_length = 255, example = "packager in rack 4")]
    label: String,
    /// The time when it expires; null for never.
    #[serde(default)]
    expires: Option<Time>,
}

/// A token, without the token.
#[derive(Serialize, ToSchema)]
struct Token {
    /// Its id.
    id: String,
    /// The name of its account.
    account: String,
    /// Its purpose.
    label: String,
    /// The time when it was made.
    created: Time,
    /// The time when it expires; null for never.
    expires: Option<Time>,
    /// The time when it was revoked.
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
/// The newest come first, including those that were revoked or have expired. Requires the role admin.
#[utoipa::path(get, path = "/accounts/{name}/tokens", tag = "accounts", params(("name" = String, Path)), responses((status = 200, body = Vec<Token>)))]
async fn list(
    caller: Caller<ManageAccounts>,
    Name(name): Name,
) -> Result<Json<Vec<Token>>, Problem> {
    let tokens = caller
        .with_store(move |store| {
            accounts::get(store, &name)?;
            Ok::<_, AccountError>(tokens::list(store, &name)?)
        })
        .await?;
    Ok(Json(tokens.into_iter().map(Token::from).collect()))
}

/// Make a token for an account
///
/// Only this response shows it. A repeated request makes another one, even with the same Idempotency-Key. Requires the role admin.
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
    Ok(Confidential((
        StatusCode::CREATED,
        Json(FreshToken {
            info: issued.info.into(),
            token: Secret(issued.token),
        }),
    )))
}

/// Revoke a token
///
/// A revoked token stays revoked. Repeating the request changes nothing. Requires the role admin.
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
