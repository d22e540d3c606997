// SPDX-License-Identifier: MPL-2.0
//! The page to sign in, and signing out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use content_key_store::KeyStore;
use tower_http::limit::RequestBodyLimitLayer;

use super::fields::Fields;
use super::form::Form;
use super::layout::Layout;
use super::response::{redirect, render, render_refused};
use crate::audit;
use crate::server::app::App;
use crate::server::auth::{Proof, SESSION_COOKIE, SafeForm, session_cookie};
use crate::server::body_budget::{self, BodyBudget};
use crate::server::connection::Peer;
use crate::server::problem_details::Problem;

/// The longest form of a sign-in, in bytes.
const LONGEST_FORM: usize = 16 * 1024;
/// The most bytes of the sign-in forms of all requests together, so that strangers leave the rest of the budget to those who
/// have signed in.
const FORMS: usize = 4 * 1024 * 1024;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/login", get(show_form).post(sign_in))
        .layer(RequestBodyLimitLayer::new(LONGEST_FORM))
        .layer(from_fn_with_state(
            BodyBudget::new(FORMS),
            body_budget::limit,
        ))
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
        layout: Layout::signed_out(&query),
        form: Form::default(),
    })
}

async fn sign_in(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Problem> {
    if comes_from_elsewhere(&headers) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "another site sent this form: sign in on this server's own page",
        ));
    }
    let token = fields.secret("token");
    match app.sign_in(&peer, Proof::Token(token.clone())).await {
        Ok(identity) => {
            let record = |store: &KeyStore| audit::record(store, "sign in", "page", "ok");
            app.with_store(identity.actor(), record).await?;
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            return refused(
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "This token is unknown, revoked or expired. Enter it again, or get a new one from an administrator.",
                ),
                fields,
            );
        }
        Err(problem) => return Err(problem),
    }
    let session = app.sessions().begin(token).map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the operating system gives no random numbers: try again later",
        )
    })?;
    let cookie = set_cookie(&app, &session, "");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn refused(problem: Problem, fields: Fields) -> Result<Response, Problem> {
    render_refused(&LoginPage {
        layout: Layout::signed_out(&Fields::default()),
        form: Form::refused(fields, problem, "token")?,
    })
}

/// True if another site made the browser send the form. Before the sign-in there is no session whose token could protect it.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}

async fn sign_out(State(app): State<App>, headers: HeaderMap, form: SafeForm<Fields>) -> Response {
    drop(form);
    if let Some(cookie) = session_cookie(&headers) {
        app.sessions().end(cookie);
    }
    (
        [(header::SET_COOKIE, set_cookie(&app, "", "; Max-Age=0"))],
        redirect("/login", "signed-out"),
    )
        .into_response()
}

/// Returns the session's cookie, which no script can read and which browsers send from this site only.
fn set_cookie(app: &App, value: &str, end: &str) -> String {
    let secure = if app.settings().has_tls {
        "; Secure"
    } else {
        ""
    };
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}")
}
