// SPDX-License-Identifier: MPL-2.0
//! The middleware of all requests: limits of size and time, security headers, and a line in the log.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::app::App;
use super::auth::Refusal;
use super::body_budget::{self, BodyBudget};
use super::connection::Peer;
use super::failures::{self, REQUEST_ID};
use super::problem_details::Problem;
use super::unread_body;

/// The longest body of a request, in bytes: CPIX documents of thousands of keys fit.
const LONGEST_BODY: usize = 1024 * 1024;
/// The most bytes of the bodies of all requests together.
const BODIES: usize = 64 * 1024 * 1024;
/// The longest time of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Browsers load only files of this server, run no inline script or style, and show no page in a frame of another site.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The headers of all responses.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Adds the middleware to routes.
pub fn layered(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(from_fn(failures::name_request))
        // The innermost around the body, since extractors recognize only its own error.
        .layer(RequestBodyLimitLayer::new(LONGEST_BODY))
        .layer(from_fn_with_state(
            BodyBudget::new(BODIES),
            body_budget::limit,
        ))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PATIENCE,
        ))
        .layer(from_fn_with_state(app.clone(), account_for))
        .layer(from_fn(unread_body::close_connection))
}

/// Measures and logs a request. The log has the route and not the path, which may hold text that a person has typed.
async fn account_for(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.request_ids().next();
    request.extensions_mut().insert(id);
    let clock = Arc::clone(&app.key_store().host().clock);
    let begun = clock.monotonic();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let address = request
        .extensions()
        .get::<Peer>()
        .map(|peer| peer.address.ip());
    let mut response = as_problem(next.run(request).await);
    let status = response.status().as_u16();
    let took = clock.monotonic().saturating_sub(begun);
    app.metrics().request(&route, status, took);
    tracing::debug!(%id, ?address, %method, route, status, microseconds = took.as_micros(), "request");
    if status == StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
        tracing::error!(%id, ?address, %method, route, "the request was not handled; the lines before have the cause");
    }
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        app.record_refusal(refusal, &format!("{method} {route}"))
            .await;
    }
    set_headers(&app, &mut response);
    response.headers_mut().insert(REQUEST_ID, id.into());
    response
}

/// Makes problems of the errors of routing and of the layers, which have no body or, if a body is too long, a plain one. Responses
/// of the routes have a `Content-Type`.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let detail = match (status, kind) {
        (StatusCode::NOT_FOUND, None) => "nothing has this path: /openapi.json lists the paths",
        (StatusCode::METHOD_NOT_ALLOWED, None) => {
            "the path has no such method: the header Allow lists its methods"
        }
        (StatusCode::PAYLOAD_TOO_LARGE, Some(kind)) if kind == "text/plain; charset=utf-8" => {
            "the request is longer than the path allows: send less at a time"
        }
        (StatusCode::SERVICE_UNAVAILABLE, None) => {
            "the request took too long to arrive, or the server to answer it: try again"
        }
        _ => return response,
    };
    let problem = Problem::new(status, detail);
    let mut problem = match status {
        StatusCode::SERVICE_UNAVAILABLE => problem.retry_after(5),
        _ => problem,
    }
    .into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

fn set_headers(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    // Routes whose responses may be cached, such as a style sheet, have set the header.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if app.settings().has_tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            // A year.
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}
