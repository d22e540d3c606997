// SPDX-License-Identifier: MPL-2.0
//! Keys for packagers by SPEKE and CPIX (`POST /speke`).

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use cenc_types::Scheme;
use content_key_store::{Actor, ContentKeys, Error as StoreError, KeyState};
use zeroize::Zeroizing;

use super::app::App;
use super::auth::{Client, Permission};
use super::problem_details::Problem;
use crate::speke::{HeaderSettings, Protocol, ResponseKey, SpekeRequest};

mod failure;

use failure::Failure;

/// The header with the version of SPEKE, in requests and responses.
const VERSION: HeaderName = HeaderName::from_static("x-speke-version");
/// The header with the name of the server, from SPEKE 2 on.
const USER_AGENT: HeaderName = HeaderName::from_static("x-speke-user-agent");
/// The same in SPEKE 1.0.
const USER_AGENT_1: HeaderName = HeaderName::from_static("speke-user-agent");
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub fn routes() -> Router<App> {
    Router::new()
        .route("/speke", post(speke))
        // SPEKE 1.0 checks with it that the server is alive.
        .route("/speke/heartbeat", get(async || "alive\n"))
}

async fn speke(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    client.needs(Permission::Package)?;
    let version = headers
        .get(VERSION)
        .map(|version| version.to_str().unwrap_or_default());
    let mut response = answer(&app, client.actor(), &body, version)
        .await
        .map_or_else(IntoResponse::into_response, IntoResponse::into_response);
    response.headers_mut().insert(
        if version.is_some() {
            USER_AGENT
        } else {
            USER_AGENT_1
        },
        HeaderValue::from_static(PROGRAM),
    );
    Ok(response)
}

/// A document with keys, and the protocol of its request.
struct Answer {
    document: Zeroizing<String>,
    protocol: Protocol,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (
            [(header::CONTENT_TYPE, "application/xml")],
            Body::from(Bytes::from_owner(self.document)),
        )
            .into_response();
        if let Some(number) = self.protocol.number() {
            response
                .headers_mut()
                .insert(VERSION, HeaderValue::from_static(number));
        }
        response
    }
}

async fn answer(
    app: &App,
    actor: &Actor,
    body: &[u8],
    version: Option<&str>,
) -> Result<Answer, Failure> {
    let request = SpekeRequest::read(body, version)?;
    actor.check_content(request.content_id())?;
    let scheme = scheme(app, actor, &request).await?;
    let slots = request.slots(scheme)?;
    let found = app
        .with_batcher(|batcher, answer| batcher.get_or_create_keys(actor, slots, answer))
        .await?;
    check_delivered(&found)?;
    let settings = HeaderSettings::of(&found.content).map_err(crate::speke::Error::from)?;
    let keys: Vec<_> = found
        .keys
        .iter()
        .map(|stored| ResponseKey {
            kid: stored.info.kid,
            key: &stored.key,
        })
        .collect();
    Ok(Answer {
        document: request.answer(scheme, &settings, &keys, &*app.key_store().host().random)?,
        protocol: request.protocol(),
    })
}

/// Returns the scheme of the request, or else that of the content.
async fn scheme(app: &App, actor: &Actor, request: &SpekeRequest) -> Result<Scheme, Failure> {
    let must_be_known = app.settings().known_contents_only;
    if let Some(scheme) = request.scheme()
        && !must_be_known
    {
        return Ok(scheme);
    }
    let id = request.content_id().to_owned();
    match app
        .with_store(actor, move |store| Ok::<_, Problem>(store.content(&id)))
        .await
        .map_err(Failure::Problem)?
    {
        Ok(content) => Ok(request.scheme().unwrap_or(content.scheme)),
        Err(StoreError::NoContent(_)) if !must_be_known => Ok(request.default_scheme()),
        Err(error) => Err(error.into()),
    }
}

/// Refuses keys that licence servers must have first and do not have yet: nobody could play content with them.
fn check_delivered(found: &ContentKeys) -> Result<(), Failure> {
    match found
        .keys
        .iter()
        .find(|key| key.info.state == KeyState::Planned)
        .filter(|_| !found.content.targets.is_empty())
    {
        Some(key) => Err(Failure::NotDelivered(key.info.kid)),
        None => Ok(()),
    }
}
