// SPDX-License-Identifier: MPL-2.0
//! A key: what is known of it, its deliveries and its end; and the clear key, for who may see it and says why.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
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
use super::settings::wrong;
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
    times: Vec<(&'static str, UtcTime)>,
    slots: Vec<KeySlot>,
    deliveries: Vec<Delivery>,
    clear: Option<ClearKey>,
    may_operate: bool,
    may_manage: bool,
    may_clear: bool,
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

/// What the store says of a key.
struct KeyRecord {
    info: KeyInfo,
    checksum: Option<String>,
    slots: Vec<KeySlot>,
    deliveries: Vec<Delivery>,
}

fn load_key(store: &KeyStore, kid: &KeyId) -> Result<KeyRecord, Problem> {
    let checksum = store.header_key_id(kid)?.checksum;
    Ok(KeyRecord {
        info: store.info(kid)?,
        checksum: checksum.map(|bytes| STANDARD.encode(bytes)),
        slots: store.slots_of(kid)?,
        deliveries: deliveries::of_key(store, kid)?,
    })
}

async fn key_page(
    (app, visitor): (&App, &Visitor),
    kid: KeyId,
    (form, query): (Form, &Fields),
) -> Result<KeyPage, Problem> {
    let found = app.with_store(visitor.name(), move |store| load_key(store, &kid));
    let found = found.await?;
    let info = &found.info;
    let times = [
        ("Made", Some(info.created)),
        ("Delivered", info.delivered),
        ("Active since", info.activated),
        ("Retired", info.retired),
    ];
    let times = times.into_iter();
    Ok(KeyPage {
        layout: Layout::new(visitor, Section::Keys, query),
        form,
        forms: kid.into(),
        checksum: found.checksum,
        times: times
            .filter_map(|(what, time)| Some((what, UtcTime(time?))))
            .collect(),
        slots: found.slots,
        deliveries: found.deliveries,
        info: found.info,
        clear: None,
        may_operate: visitor.may(Permission::Operate),
        may_manage: visitor.may(Permission::ManageKeys),
        may_clear: visitor.may(Permission::SeeClearKeys),
    })
}

fn parse_kid(kid: &str) -> Result<KeyId, Problem> {
    kid::read(kid).map_err(|error| {
        let status = axum::http::StatusCode::NOT_FOUND;
        Problem::new(status, error.to_string())
    })
}

async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(kid): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::Look)?;
    let kid = parse_kid(&kid)?;
    render(&key_page((&app, &visitor), kid, (Form::default(), &query)).await?)
}

async fn retire(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::ManageKeys)?;
    let kid = parse_kid(&kid)?;
    let retired = app.with_store(form.visitor.name(), move |store| {
        store.set_state(&kid, KeyState::Retired)
    });
    retired.await?;
    Ok(redirect(&format!("/keys/{kid}"), "retired"))
}

async fn try_again(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    form.visitor.needs(Permission::Operate)?;
    let kid = parse_kid(&kid)?;
    let targets = [form.fields.text("target").to_owned()];
    let enqueued = app.with_store(form.visitor.name(), move |store| {
        let known = deliveries::of_key(store, &kid)?;
        match known
            .iter()
            .any(|delivery| targets.contains(&delivery.target))
        {
            true => Ok(store.enqueue(&kid, &targets)?),
            false => Err(wrong("target", "this key is not for that target")),
        }
    });
    enqueued.await?;
    Ok(redirect(&format!("/keys/{kid}"), "again"))
}

/// The store leaves a row in the audit in the transaction that reads the key.
async fn clear(
    State(app): State<App>,
    Path(kid): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let visitor = form.visitor;
    visitor.needs(Permission::SeeClearKeys)?;
    let kid = parse_kid(&kid)?;
    let none = Fields::default();
    let Some(reason) = form.fields.given("reason") else {
        let problem = wrong("reason", "say why you want to see the key");
        let form = Form::refused(form.fields, problem, "reason")?;
        return render_refused(&key_page((&app, &visitor), kid, (form, &none)).await?);
    };
    let read = app.with_store(visitor.name(), move |store| {
        store.key_for(&kid, &format!("shown in clear: {reason}"))
    });
    let key = match read.await {
        Ok(stored) => stored.key,
        Err(problem) => {
            let form = Form::refused(form.fields, problem, "reason")?;
            return render_refused(&key_page((&app, &visitor), kid, (form, &none)).await?);
        }
    };
    let mut shown = key_page((&app, &visitor), kid, (Form::default(), &none)).await?;
    shown.clear = Some(ClearKey::of(&key));
    render(&shown)
}
