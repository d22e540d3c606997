// SPDX-License-Identifier: MPL-2.0
//! The pages of accounts: the people and programs that may use the server, and their roles.

use std::collections::BTreeSet;
use std::time::SystemTime;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::decode_hex;
use content_key_store::ContentScope;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{path_segment, redirect, render, render_refused};
use super::settings::field_error;
use crate::accounts::{self, Account, AccountError, AccountSettings, Role};
use crate::fingerprints::hex;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;
use crate::tokens::{self, TokenInfo};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/accounts", get(list))
        .route("/new-account", get(show_new).post(add))
        .route("/accounts/{name}", get(show).post(save))
        .route("/accounts/{name}/disable", post(disable))
        .route("/accounts/{name}/enable", post(enable))
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountListPage {
    layout: Layout,
    accounts: Vec<Account>,
}

/// The page of an account.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    layout: Layout,
    /// Empty for a new account.
    name: String,
    form: Form,
    tokens: Vec<TokenInfo>,
    is_disabled: bool,
    /// The token that this request has made.
    pub token: Option<Zeroizing<String>>,
}

/// Returns the state of a token as a word, which is also its class in the style sheet.
pub fn state(token: &TokenInfo, now: &SystemTime) -> &'static str {
    if token.revoked.is_some() {
        "revoked"
    } else if token.expires.is_some_and(|end| end <= *now) {
        "expired"
    } else {
        "active"
    }
}

/// Returns the path of an account's page.
pub fn path(name: &str) -> String {
    format!("/accounts/{}", path_segment(name))
}

/// Loads the page of an account: with its settings, or with a form that was refused.
///
/// # Errors
/// 404 when there is no such account.
pub async fn account_page(
    app: &App,
    visitor: &Visitor,
    name: &str,
    refused: Option<Form>,
    query: &Fields,
) -> Result<AccountPage, Problem> {
    let name = name.to_owned();
    let (account, tokens) = app
        .with_store(visitor.actor(), move |store| {
            Ok::<_, Problem>((accounts::get(store, &name)?, tokens::list(store, &name)?))
        })
        .await?;
    Ok(AccountPage {
        layout: Layout::new(visitor, Section::Accounts, query),
        form: refused.unwrap_or_else(|| Form::filled(fields_of(&account))),
        is_disabled: account.disabled.is_some(),
        name: account.name,
        tokens,
        token: None,
    })
}

fn fields_of(account: &Account) -> Fields {
    let certificate = account
        .certificate
        .map(|sha256| hex(&sha256))
        .unwrap_or_default();
    let contents: Vec<_> = account
        .contents
        .patterns()
        .map(|pattern| pattern.as_str())
        .collect();
    account.roles.iter().fold(
        Fields::default()
            .with("certificate", certificate)
            .with("contents", contents.join("\n")),
        |fields, role| fields.with("role", role.name()),
    )
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    render(&AccountListPage {
        layout: Layout::new(&visitor, Section::Accounts, &query),
        accounts: app.with_store(visitor.actor(), accounts::list).await?,
    })
}

fn new_account_page(visitor: &Visitor, form: Form) -> AccountPage {
    AccountPage {
        layout: Layout::new(visitor, Section::Accounts, &Fields::default()),
        name: String::new(),
        form,
        tokens: Vec::new(),
        is_disabled: false,
        token: None,
    }
}

async fn show_new(visitor: Visitor) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    render(&new_account_page(&visitor, Form::default()))
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    render(&account_page(&app, &visitor, &name, None, &query).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    let name = fields.text("name").to_owned();
    match save_account(&app, &visitor, &name, true, &fields).await {
        Ok(()) => Ok(redirect(&path(&name), "account")),
        Err(problem) => render_refused(&new_account_page(
            &visitor,
            Form::refused(fields, problem, "name")?,
        )),
    }
}

async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    match save_account(&app, &visitor, &name, false, &fields).await {
        Ok(()) => Ok(redirect(&path(&name), "account")),
        Err(problem) => {
            let refused = Some(Form::refused(fields, problem, "certificate")?);
            render_refused(&account_page(&app, &visitor, &name, refused, &Fields::default()).await?)
        }
    }
}

async fn save_account(
    app: &App,
    visitor: &Visitor,
    name: &str,
    is_new: bool,
    fields: &Fields,
) -> Result<(), Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    let settings = AccountSettings {
        roles: fields
            .all("role")
            .map(str::parse::<Role>)
            .collect::<Result<BTreeSet<_>, _>>()?,
        certificate: parse_fingerprint(fields.text("certificate"))?,
        contents: fields
            .all("contents")
            .next()
            .map(parse_contents)
            .transpose()?,
    };
    let name = name.to_owned();
    app.with_store(visitor.actor(), move |store| {
        match accounts::get(store, &name) {
            Ok(_) if is_new => {
                return Err(field_error(
                    "name",
                    format!("account '{name}' exists already: choose another name"),
                ));
            }
            Err(error) if !is_new => return Err(error.into()),
            _ => (),
        }
        accounts::put(store, &name, &settings).map_err(|error| match error {
            AccountError::WholeStore(_) => field_error("contents", error.to_string()),
            error => error.into(),
        })
    })
    .await?;
    app.forget_accounts();
    Ok(())
}

/// Reads patterns of contents, one on each line.
fn parse_contents(text: &str) -> Result<ContentScope, Problem> {
    let patterns = text
        .lines()
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty());
    ContentScope::parse(patterns).map_err(|error| field_error("contents", error.to_string()))
}

fn parse_fingerprint(text: &str) -> Result<Option<[u8; 32]>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    decode_hex(&text.replace([':', ' '], ""))
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .map(Some)
        .ok_or_else(|| {
            field_error(
                "certificate",
                "the fingerprint is not SHA-256: give 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 prints them",
            )
        })
}

async fn disable(
    state: State<App>,
    name: Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    set_disabled(state, name, form, true).await
}

async fn enable(
    state: State<App>,
    name: Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    set_disabled(state, name, form, false).await
}

async fn set_disabled(
    State(app): State<App>,
    Path(name): Path<String>,
    form: SafeForm<Fields>,
    disabled: bool,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageAccounts)?;
    let page = path(&name);
    app.with_store(form.visitor.actor(), move |store| {
        accounts::set_disabled(store, &name, disabled)
    })
    .await?;
    app.forget_accounts();
    Ok(redirect(
        &page,
        if disabled { "disabled" } else { "enabled" },
    ))
}
