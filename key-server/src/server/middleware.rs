// SPDX-License-Identifier: MPL-2.0
//! What holds for every request: limits of size and time, headers that keep browsers careful, and a line in the log.

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
use super::listen::Peer;
use super::problem_details::Problem;
use super::unread_body;

/// The longest request: CPIX documents of thousands of keys fit.
const LONGEST_BODY: usize = 1024 * 1024;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Only what this server sends: no inline script or style, no other site, not in another site's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// Headers of all answers.
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

/// The routes with all of this around them.
pub fn layered(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(RequestBodyLimitLayer::new(LONGEST_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PATIENCE,
        ))
        .layer(from_fn_with_state(app.clone(), account_for))
        .layer(from_fn(unread_body::close_connection))
}

/// The log has the route and not the path, which may hold what somebody typed.
async fn account_for(State(app): State<App>, request: Request, next: Next) -> Response {
    let clock = Arc::clone(&app.key_store().host().clock);
    let begun = clock.monotonic();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let address = request
        .extensions()
        .get::<Peer>()
        .map(|peer| peer.address.ip());
    let mut response = as_problem(next.run(request).await);
    let (status, took) = (
        response.status().as_u16(),
        clock.monotonic().saturating_sub(begun),
    );
    app.metrics().request(&route, status, took);
    tracing::debug!(?address, %method, route, status, microseconds = took.as_micros(), "request");
    set_headers(&app, &mut response);
    response
}

/// What routing and the layers refuse by themselves has no body, or a plain one.
fn as_problem(response: Response) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    let kind = response.headers().get(header::CONTENT_TYPE);
    let status = response.status();
    let detail = match status {
        StatusCode::NOT_FOUND => "there is nothing at this path: /openapi.json lists what there is",
        StatusCode::METHOD_NOT_ALLOWED => {
            "the path does not take this method: the header Allow lists those that it takes"
        }
        StatusCode::PAYLOAD_TOO_LARGE => "the request is longer than 1 MiB: send less at a time",
        StatusCode::SERVICE_UNAVAILABLE => {
            "the request took too long to arrive, or the server to answer it: try again"
        }
        _ => return response,
    };
    if kind.is_some_and(|kind| *kind != plain) {
        return response;
    }
    let mut problem = Problem::new(status, detail).into_response();
    let allow = response.headers().get(header::ALLOW).cloned();
    problem
        .headers_mut()
        .extend(allow.map(|allow| (header::ALLOW, allow)));
    problem
}

fn set_headers(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    // What a route wants kept, such as a style sheet, it says itself.
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    if app.settings().has_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}
