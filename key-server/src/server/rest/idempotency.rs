// SPDX-License-Identifier: MPL-2.0
//! Requests that may come again: a POST with the header `Idempotency-Key` is done once, and its answer is given again for 24 hours.
//!
//! Only answers of success are remembered, since whatever else was answered has done nothing, and never those that hold a secret: a
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
/// Says of an answer that it was given before.
const REPLAYED: &str = "idempotency-replayed";
/// The most characters of a key.
const LONGEST: usize = 255;

/// The requests with keys that are under way in this process: account and key.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<(String, String)>>>);

/// A request's place among them.
struct Place {
    all: UnderWay,
    of: (String, String),
}

/// Does what was not done yet, and else gives the answer again.
pub async fn answer_once(
    State((app, under_way)): State<(App, UnderWay)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    // Who hangs up and asks again must not find it half done.
    let answered = tokio::spawn(async move { once((&app, &under_way), request, next).await });
    match answered.await {
        Ok(answered) => answered.unwrap_or_else(IntoResponse::into_response),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn once(
    (app, under_way): (&App, &UnderWay),
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let client = Client::from_request_parts(&mut parts, app).await?;
    let key = key(&parts.headers)?;
    let place = under_way.enter(client.name(), &key)?;
    // The layer around all routes has limited the body.
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|_| {
        let detail = "the body is too long, or did not arrive";
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
    keep(app, &place, digest, response).await
}

async fn keep(
    app: &App,
    place: &Place,
    digest: [u8; 32],
    response: Response,
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let lost = |_| {
        let detail = "the request was done, its answer was lost";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    };
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(lost)?;
    let (account, key) = place.of.clone();
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
    key.ok_or_else(|| bad("an Idempotency-Key has 1 to 255 visible ASCII characters"))
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
            "another request had this Idempotency-Key in the last 24 hours: take a new one";
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
    fn enter(&self, account: &str, key: &str) -> Result<Place, Problem> {
        let of = (account.to_owned(), key.to_owned());
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.insert(of.clone()) {
            let detail =
                "a request with this Idempotency-Key is under way: ask for its answer later";
            return Err(Problem::new(StatusCode::CONFLICT, detail).retry_after(1));
        }
        let all = self.clone();
        Ok(Place { all, of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.of);
    }
}
