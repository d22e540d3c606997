// SPDX-License-Identifier: MPL-2.0
//! The page of a key: its data and deliveries, retiring it, and showing it in clear to a key-admin who gives a reason.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cenc_types::{ContentKey, KeyId};
use content_key_store::{KeyInfo, KeySlot, KeyState, KeyStore};
use zeroize::Zeroizing;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{redirect, render, render_refused};
use super::settings::field_error;
use super::time_text::UtcTime;
use crate::deliveries::{self, Delivery};
use crate::operations::kid;
use crate::operations::kid::KeyIdForms;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/keys/{kid}", get(show))
        .route("/keys/{kid}/retire", post(retire))
        .route("/keys/{kid}/compromise", post(compromise))
        .route("/keys/{kid}/again", post(try_again))
        .route("/keys/{kid}/clear", post(clear))
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    layout: Layout,
    form: Form,
    info: KeyInfo,
    forms: KeyIdForms,
    checksum: Option<String>,
    times: Vec<KeyTime>,
    slots: Vec<KeySlot>,
    deliveries: Vec<Delivery>,
    clear: Option<ClearKey>,
    may_operate: bool,
    may_manage: bool,
    may_clear: bool,
}

/// A time of a key, such as that of its delivery.
struct KeyTime {
    label: &'static str,
    time: UtcTime,
}

/// A key in clear, in both notations.
struct ClearKey {
    hex: Zeroizing<String>,
    base64: Zeroizing<String>,
}

impl ClearKey {
    fn of(key: &ContentKey) -> Self {
        let bytes = key.as_bytes();
        let mut hex = Zeroizing::new(String::with_capacity(32));
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(nibble.into(), 16));
            }
        }
        Self {
            hex,
            base64: Zeroizing::new(STANDARD.encode(bytes)),
        }
    }
}

/// All that the store has of a key but the key.
struct KeyRecord {
    info: KeyInfo,
    checksum: Option<String>,
    slots: Vec<KeySlot>,
    deliveries: Vec<Delivery>,
}

fn load_key(store: &KeyStore, kid: &KeyId) -> Result<KeyRecord, Problem> {
    Ok(KeyRecord {
        checksum: store
            .header_key_id(kid)?
            .checksum
            .map(|bytes| STANDARD.encode(bytes)),
        info: store.info(kid)?,
        slots: store.slots_of(kid)?,
        deliveries: deliveries::of_key(store, kid)?,
    })
}

async fn key_page(
    app: &App,
    visitor: &Visitor,
    kid: KeyId,
    form: Form,
    query: &Fields,
) -> Result<KeyPage, Problem> {
    let record = app
        .with_store(visitor.actor(), move |store| load_key(store, &kid))
        .await?;
    let info = &record.info;
    let times = [
        ("Made", Some(info.created)),
        ("Delivered", info.delivered),
        ("Active since", info.activated),
        ("Draining", info.draining),
        ("Retired", info.retired),
        ("Compromised", info.compromised),
    ];
    Ok(KeyPage {
        layout: Layout::new(visitor, Section::Keys, query),
        form,
        forms: kid.into(),
        checksum: record.checksum,
        times: times
            .into_iter()
            .filter_map(|(label, time)| {
                Some(KeyTime {
                    label,
                    time: UtcTime(time?),
                })
            })
            .collect(),
        slots: record.slots,
        deliveries: record.deliveries,
        info: record.info,
        clear: None,
        may_operate: visitor.may(Permission::Operate),
        may_manage: visitor.may(Permission::ManageKeys),
        may_clear: visitor.may(Permission::SeeClearKeys),
    })
}

fn parse_kid(kid: &str) -> Result<KeyId, Problem> {
    kid::read(kid).map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(kid): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    render(&key_page(&app, &visitor, parse_kid(&kid)?, Form::default(), &query).await?)
}

async fn retire(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    end(&app, &kid, &form, KeyState::Retired).await
}

async fn compromise(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    end(&app, &kid, &form, KeyState::Compromised).await
}

/// Moves a key to a state in which it protects nothing new.
async fn end(
    app: &App,
    kid: &str,
    form: &SafeForm<Fields>,
    state: KeyState,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageKeys)?;
    let kid = parse_kid(kid)?;
    app.with_store(form.visitor.actor(), move |store| {
        store.set_state(&kid, state)
    })
    .await?;
    Ok(redirect(&format!("/keys/{kid}"), state.name()))
}

async fn try_again(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let kid = parse_kid(&kid)?;
    let targets = [form.fields.text("target").to_owned()];
    app.with_store(
        form.visitor.actor(),
        move |store| match deliveries::of_key(store, &kid)?
            .iter()
            .any(|delivery| targets.contains(&delivery.target))
        {
            true => Ok(store.enqueue(&kid, &targets)?),
            false => Err(field_error(
                "target",
                "this key has no delivery to that target",
            )),
        },
    )
    .await?;
    Ok(redirect(&format!("/keys/{kid}"), "again"))
}

/// Shows the clear key. The transaction that reads the key also writes the row of the audit.
async fn clear(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let visitor = form.visitor;
    visitor.needs(Permission::SeeClearKeys)?;
    let kid = parse_kid(&kid)?;
    let none = Fields::default();
    let key = match form.fields.given("reason") {
        Some(reason) => app
            .with_store(visitor.actor(), move |store| {
                store.key_for(&kid, &format!("shown in clear: {reason}"))
            })
            .await
            .map(|stored| stored.key),
        None => Err(field_error("reason", "say why you want to see the key")),
    };
    match key {
        Ok(key) => {
            let mut page = key_page(&app, &visitor, kid, Form::default(), &none).await?;
            page.clear = Some(ClearKey::of(&key));
            render(&page)
        }
        Err(problem) => {
            let refused = Form::refused(form.fields, problem, "reason")?;
            render_refused(&key_page(&app, &visitor, kid, refused, &none).await?)
        }
    }
}
