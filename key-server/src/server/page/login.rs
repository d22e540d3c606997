// SPDX-License-Identifier: MPL-2.0
//! Signing in and out.

use askama::Template;
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form as Posted, Router};
use content_key_store::KeyStore;

use super::fields::Fields;
use super::form::Form;
use super::layout::Layout;
use super::response::{redirect, render, render_refused};
use crate::audit;
use crate::server::app::App;
use crate::server::auth::{Proof, SESSION_COOKIE, SafeForm, cookie};
use crate::server::listen::Peer;
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/login", get(show_form).post(sign_in))
        .route("/logout", post(sign_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    layout: Layout,
    form: Form,
}

async fn show_form(Query(query): Query<Fields>) -> Result<Response, Problem> {
    render(&LoginPage {
        layout: Layout::outside(&query),
        form: Form::default(),
    })
}

async fn sign_in(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Posted(fields): Posted<Fields>,
) -> Result<Response, Problem> {
    if comes_from_elsewhere(&headers) {
        let detail = "another site sent this form: sign in on this server's own page";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let token = fields.secret("token");
    match app.sign_in(&peer, Proof::Token(token.clone())).await {
        Ok(who) => {
            let record = |store: &KeyStore| audit::record(store, "sign in", "page", "ok");
            app.with_store(who.name(), record).await?;
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let detail = "This token is not known, or was revoked, or has expired. Enter it again.";
            return refused(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail),
                fields,
            );
        }
        Err(problem) => return Err(problem),
    }
    let session = app.sessions().begin(token).map_err(|_| {
        let detail = "the operating system has no random numbers: try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let cookie = set_cookie(&app, &session, "");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn refused(problem: Problem, fields: Fields) -> Result<Response, Problem> {
    render_refused(&LoginPage {
        layout: Layout::outside(&Fields::default()),
        form: Form::refused(fields, problem, "token")?,
    })
}

/// A sign-in has no session yet whose token its form could carry; browsers say where it comes from.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

async fn sign_out(State(app): State<App>, headers: HeaderMap, form: SafeForm<Fields>) -> Response {
    drop(form);
    let (parts, ()) = request_of(headers);
    if let Some(cookie) = cookie(&parts) {
        app.sessions().end(cookie);
    }
    let over = set_cookie(&app, "", "; Max-Age=0");
    (
        [(header::SET_COOKIE, over)],
        redirect("/login", "signed-out"),
    )
        .into_response()
}

fn request_of(headers: HeaderMap) -> (Parts, ()) {
    let (mut parts, body) = Request::new(()).into_parts();
    parts.headers = headers;
    (parts, body)
}

/// No script reads it, and no other site makes a browser send it.
fn set_cookie(app: &App, value: &str, end: &str) -> String {
    let secure = if app.settings().has_tls {
        "; Secure"
    } else {
        ""
    };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
}
