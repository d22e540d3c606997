// SPDX-License-Identifier: MPL-2.0
//! Idempotent requests: a POST with the header `Idempotency-Key` runs once, and its response is repeated for 24 hours.
//!
//! Only successful responses are stored, since a request that failed has changed nothing. Responses with a secret are never stored: a
//! repeated request for a token makes another token.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::body::bad;
use super::secret::HoldsSecret;
use crate::accounts::Role;
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
pub struct UnderWay(Arc<Mutex<HashSet<KeyedRequest>>>);

/// The account of a request and its idempotency key.
#[derive(Clone, PartialEq, Eq, Hash)]
struct KeyedRequest {
    account: String,
    key: String,
}

/// The entry of a request, which is removed when dropped.
struct RequestGuard {
    under_way: UnderWay,
    request: KeyedRequest,
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
        Err(_) => Problem::failed().into_response(),
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
    let guard = under_way.enter(KeyedRequest {
        account: client.name().to_owned(),
        key: key.clone(),
    })?;
    // The layer around all routes has already limited the body.
    let body = to_bytes(body, usize::MAX).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too long or has not arrived: send it again, with at most 1 MiB",
        )
    })?;
    let digest = digest(&client, &parts.uri.to_string(), &body);
    let account = client.name().to_owned();
    let kept = app.settings().retention.answers;
    if let Some(before) = app
        .with_store(client.actor(), move |store| {
            idempotency::recall(store, &account, &key, kept)
        })
        .await?
    {
        return repeat(before, &digest);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() || response.extensions().get::<HoldsSecret>().is_some() {
        return Ok(response);
    }
    store_response(app, &client, &guard, digest, response).await
}

async fn store_response(
    app: &App,
    client: &Client,
    guard: &RequestGuard,
    digest: [u8; 32],
    response: Response,
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the request has succeeded, but its response was lost: check the result before you repeat it",
        )
    })?;
    let request = guard.request.clone();
    let kept = app.settings().retention.answers;
    let (status, copy) = (parts.status.as_u16(), body.clone());
    app.with_store(client.actor(), move |store| {
        let answer = NewAnswer {
            account: &request.account,
            key: &request.key,
            request: &digest,
            status,
            body: &copy,
            kept,
        };
        idempotency::remember(store, &answer)
    })
    .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    headers
        .get(HEADER)
        .and_then(|key| key.to_str().ok())
        .filter(|key| (1..=LONGEST).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| {
            bad("an Idempotency-Key has 1 to 255 visible ASCII characters: choose another")
        })
}

/// Returns the digest of a request. The roles and contents are part of it, so that an account that has lost one gets no response that
/// needed it.
fn digest(client: &Client, uri: &str, body: &[u8]) -> [u8; 32] {
    let roles = client.roles().map(Role::name).collect::<Vec<_>>().join(" ");
    let contents = client.actor().scope();
    let head = format!("{roles}\n{contents}\n{uri}\n");
    Sha256::new_with_prefix((head.len() as u64).to_be_bytes())
        .chain_update(head)
        .chain_update(body)
        .finalize()
        .into()
}

fn repeat(before: Remembered, digest: &[u8; 32]) -> Result<Response, Problem> {
    if before.request != *digest {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "another request, or this one with other roles or contents, has used this Idempotency-Key in the last 24 hours: use a new one",
        ));
    }
    Ok((
        StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK),
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ),
            (
                HeaderName::from_static(REPLAYED),
                HeaderValue::from_static("true"),
            ),
        ],
        before.body,
    )
        .into_response())
}

impl UnderWay {
    /// Adds a request, unless another one with the same key is under way.
    fn enter(&self, request: KeyedRequest) -> Result<RequestGuard, Problem> {
        if !self.lock().insert(request.clone()) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "a request with this Idempotency-Key is still running: repeat it later",
            )
            .retry_after(1));
        }
        Ok(RequestGuard {
            under_way: self.clone(),
            request,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<KeyedRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.under_way.lock().remove(&self.request);
    }
}
