// SPDX-License-Identifier: MPL-2.0
//! Accounts: who may use the server, and in which roles.

use std::collections::BTreeSet;
use std::time::SystemTime;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use cenc_types::decode_hex;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{path_segment, redirect, render, render_refused};
use super::settings::wrong;
use crate::accounts::{self, Account, Role};
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

/// An account's screen.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    layout: Layout,
    /// An empty text for a new account.
    name: String,
    form: Form,
    tokens: Vec<TokenInfo>,
    is_disabled: bool,
    now: SystemTime,
    /// A token that was made by this request.
    pub token: Option<Zeroizing<String>>,
}

/// Whether a token counts, in a word that the style sheet knows too.
pub fn state(token: &TokenInfo, now: &SystemTime) -> &'static str {
    if token.revoked.is_some() {
        return "revoked";
    }
    let is_over = token.expires.is_some_and(|end| end <= *now);
    if is_over { "expired" } else { "active" }
}

/// Where an account's screen is.
pub fn path(name: &str) -> String {
    format!("/accounts/{}", path_segment(name))
}

/// An account's screen with its settings as they are, or with a form that was refused.
///
/// # Errors
/// When there is no such account.
pub async fn account_page(
    (app, visitor): (&App, &Visitor),
    name: &str,
    (refused, query): (Option<Form>, &Fields),
) -> Result<AccountPage, Problem> {
    let asked = name.to_owned();
    let found = app.with_store(visitor.name(), move |store| {
        Ok::<_, Problem>((accounts::get(store, &asked)?, tokens::list(store, &asked)?))
    });
    let (account, tokens) = found.await?;
    Ok(AccountPage {
        layout: Layout::new(visitor, Section::Accounts, query),
        form: refused.unwrap_or_else(|| Form::filled(fields_of(&account))),
        is_disabled: account.disabled.is_some(),
        now: app.now(),
        name: account.name,
        tokens,
        token: None,
    })
}

fn fields_of(account: &Account) -> Fields {
    let certificate = account.certificate.iter().flatten();
    let certificate: String = certificate.map(|byte| format!("{byte:02x}")).collect();
    let roles = account.roles.iter().map(|role| role.name());
    let fields = Fields::default().with("certificate", certificate);
    roles.fold(fields, |fields, role| fields.with("role", role))
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    render(&AccountListPage {
        layout: Layout::new(&visitor, Section::Accounts, &query),
        accounts: app.with_store(visitor.name(), accounts::list).await?,
    })
}

fn new_account_page(visitor: &Visitor, form: Form) -> AccountPage {
    AccountPage {
        layout: Layout::new(visitor, Section::Accounts, &Fields::default()),
        name: String::new(),
        form,
        tokens: Vec::new(),
        is_disabled: false,
        now: SystemTime::UNIX_EPOCH,
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
    render(&account_page((&app, &visitor), &name, (None, &query)).await?)
}

async fn add(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    let name = fields.text("name").to_owned();
    match save_account(&app, &visitor, (&name, true), &fields).await {
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
    match save_account(&app, &visitor, (&name, false), &fields).await {
        Ok(()) => Ok(redirect(&path(&name), "account")),
        Err(problem) => {
            let form = Form::refused(fields, problem, "certificate")?;
            let none = Fields::default();
            render_refused(&account_page((&app, &visitor), &name, (Some(form), &none)).await?)
        }
    }
}

async fn save_account(
    app: &App,
    visitor: &Visitor,
    (name, is_new): (&str, bool),
    fields: &Fields,
) -> Result<(), Problem> {
    visitor.needs(Permission::ManageAccounts)?;
    let roles = fields.all("role").map(str::parse::<Role>);
    let roles = roles.collect::<Result<BTreeSet<_>, _>>()?;
    let certificate = fingerprint(fields.text("certificate"))?;
    let name = name.to_owned();
    let put = app.with_store(visitor.name(), move |store| {
        let known = accounts::get(store, &name);
        if is_new && known.is_ok() {
            let text = format!("account '{name}' is there already: choose another name");
            return Err(wrong("name", text));
        }
        if !is_new {
            known?;
        }
        Ok(accounts::put(store, &name, &roles, certificate)?)
    });
    put.await?;
    app.forget_accounts();
    Ok(())
}

fn fingerprint(text: &str) -> Result<Option<[u8; 32]>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.replace([':', ' '], "");
    let bytes = decode_hex(&digits).and_then(|bytes| bytes.as_slice().try_into().ok());
    let refused = "the fingerprint is not SHA-256: give 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 prints them";
    bytes.map(Some).ok_or_else(|| wrong("certificate", refused))
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
    let address = path(&name);
    let set = app.with_store(form.visitor.name(), move |store| {
        accounts::set_disabled(store, &name, disabled)
    });
    set.await?;
    app.forget_accounts();
    let what = if disabled { "disabled" } else { "enabled" };
    Ok(redirect(&address, what))
}
