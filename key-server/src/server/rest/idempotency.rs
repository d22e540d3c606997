// SPDX-License-Identifier: MPL-2.0
//! Idempotent requests: a POST with the header `Idempotency-Key` runs once, and its response is repeated for 24 hours.
//!
//! Only successful responses are stored, since a request that failed has changed nothing. Responses with a secret are never stored: a
//! repeated request for a token makes another token.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::body::bad;
use super::secret::HoldsSecret;
use crate::idempotency::{self, NewAnswer, Remembered};
use crate::server::app::App;
use crate::server::auth::Client;
use crate::server::problem_details::Problem;

/// The header's name.
pub const HEADER: &str = "idempotency-key";
/// The header of a response that is a repetition.
const REPLAYED: &str = "idempotency-replayed";
/// The longest key, in characters.
const LONGEST: usize = 255;

/// The requests with idempotency keys that this process is handling, by account and key.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<(String, String)>>>);

/// The entry of a request, which is removed when dropped.
struct RequestGuard {
    all: UnderWay,
    of: (String, String),
}

/// Runs a request that is new, and repeats the response of one that has run before.
pub async fn answer_once(
    State((app, under_way)): State<(App, UnderWay)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    // The request runs to its end even if the client disconnects, so that a repetition never finds it half done.
    let answered = tokio::spawn(async move { run_once(&app, &under_way, request, next).await });
    match answered.await {
        Ok(answered) => answered.unwrap_or_else(IntoResponse::into_response),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn run_once(
    app: &App,
    under_way: &UnderWay,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let client = Client::from_request_parts(&mut parts, app).await?;
    let key = key(&parts.headers)?;
    let guard = under_way.enter(client.name(), &key)?;
    // The layer around all routes has limited the body.
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|_| {
        let detail = "the body is too long or has not arrived: send it again, with at most 1 MiB";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    let digest = digest(&parts.uri.to_string(), &body);
    let recalled = app.with_store(client.name(), {
        let (account, key) = (client.name().to_owned(), key.clone());
        move |store| idempotency::recall(store, &account, &key)
    });
    if let Some(before) = recalled.await? {
        return repeat(before, &digest);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let is_to_keep = response.status().is_success();
    if !is_to_keep || response.extensions().get::<HoldsSecret>().is_some() {
        return Ok(response);
    }
    store_response(app, &guard, digest, response).await
}

async fn store_response(
    app: &App,
    guard: &RequestGuard,
    digest: [u8; 32],
    response: Response,
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let lost = |_| {
        let detail = "the request has succeeded, but its response was lost: check the result before you repeat it";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    };
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(lost)?;
    let (account, key) = guard.of.clone();
    let (status, copy) = (parts.status.as_u16(), body.clone());
    let actor = account.clone();
    app.with_store(&actor, move |store| {
        let answer = NewAnswer {
            account: &account,
            key: &key,
            request: &digest,
            status,
            body: &copy,
        };
        idempotency::remember(store, &answer)
    })
    .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(HEADER).and_then(|key| key.to_str().ok());
    let is_fit = |key: &&str| {
        let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        is_visible && (1..=LONGEST).contains(&key.len())
    };
    let key = key.filter(is_fit).map(str::to_owned);
    key.ok_or_else(|| {
        bad("an Idempotency-Key has 1 to 255 visible ASCII characters: choose another")
    })
}

fn digest(uri: &str, body: &[u8]) -> [u8; 32] {
    let length = u64::try_from(uri.len()).unwrap_or(u64::MAX);
    Sha256::new_with_prefix(length.to_be_bytes())
        .chain_update(uri)
        .chain_update(body)
        .finalize()
        .into()
}

fn repeat(before: Remembered, digest: &[u8; 32]) -> Result<Response, Problem> {
    if before.request != *digest {
        let detail =
            "another request has used this Idempotency-Key in the last 24 hours: use a new one";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let status = StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK);
    let mut response = (status, before.body).into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

impl UnderWay {
    fn enter(&self, account: &str, key: &str) -> Result<RequestGuard, Problem> {
        let of = (account.to_owned(), key.to_owned());
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.insert(of.clone()) {
            let detail = "a request with this Idempotency-Key is still running: repeat it later";
            return Err(Problem::new(StatusCode::CONFLICT, detail).retry_after(1));
        }
        let all = self.clone();
        Ok(RequestGuard { all, of })
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut under_way = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.of);
    }
}
