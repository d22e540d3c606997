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
use content_key_store::{ContentKeys, Error as StoreError, KeyState};
use zeroize::Zeroizing;

use super::app::App;
use super::auth::{Client, Permission};
use super::problem_details::Problem;
use crate::speke::{Given, HeaderSettings, Protocol, Request};

mod failure;

use failure::Failure;

/// Which version is spoken, in requests and answers.
const VERSION: HeaderName = HeaderName::from_static("x-speke-version");
/// What answers a request, from SPEKE 2 on.
const USER_AGENT: HeaderName = HeaderName::from_static("x-speke-user-agent");
/// The same in SPEKE 1.0.
const USER_AGENT_1: HeaderName = HeaderName::from_static("speke-user-agent");
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub fn routes() -> Router<App> {
    Router::new()
        .route("/speke", post(speke))
        // SPEKE 1.0 asks whether the server lives.
        .route("/speke/heartbeat", get(async || "alive\n"))
}

async fn speke(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    client.needs(Permission::Package)?;
    let asked = headers.get(VERSION);
    let version = asked.map(|version| version.to_str().unwrap_or_default());
    let answered = answer(&app, client.name(), &body, version).await;
    let mut response = match answered {
        Ok((text, protocol)) => {
            let body = Body::from(Bytes::from_owner(text));
            let kind = HeaderValue::from_static("application/xml");
            let mut response = ([(header::CONTENT_TYPE, kind)], body).into_response();
            if let Some(number) = protocol.number() {
                let number = HeaderValue::from_static(number);
                response.headers_mut().insert(VERSION, number);
            }
            response
        }
        Err(failure) => failure.into_response(),
    };
    let name = if asked.is_some() {
        USER_AGENT
    } else {
        USER_AGENT_1
    };
    let program = HeaderValue::from_static(PROGRAM);
    response.headers_mut().insert(name, program);
    Ok(response)
}

async fn answer(
    app: &App,
    actor: &str,
    body: &[u8],
    version: Option<&str>,
) -> Result<(Zeroizing<String>, Protocol), Failure> {
    let request = Request::read(body, version)?;
    let scheme = scheme(app, actor, &request).await?;
    let wanted = request.slots(scheme)?;
    let found =
        app.with_batcher(|batcher, answer| batcher.get_or_create_keys(actor, wanted, answer));
    let found = found.await?;
    check_delivered(&found)?;
    let settings = HeaderSettings::of(&found.content).map_err(crate::speke::Error::from)?;
    let given = found.keys.iter().map(|stored| Given {
        kid: stored.info.kid,
        key: &stored.key,
    });
    let given: Vec<Given<'_>> = given.collect();
    let text = request.answer(scheme, &settings, &given, &*app.key_store().host().random)?;
    Ok((text, request.protocol()))
}

/// The scheme that is asked for, or else that of the content.
async fn scheme(app: &App, actor: &str, request: &Request) -> Result<Scheme, Failure> {
    let must_be_known = app.settings().known_contents_only;
    if let Some(scheme) = request.scheme()
        && !must_be_known
    {
        return Ok(scheme);
    }
    let id = request.content_id().to_owned();
    let content = app.with_store(actor, move |store| Ok::<_, Problem>(store.content(&id)));
    match content.await.map_err(Failure::Problem)? {
        Ok(content) => Ok(request.scheme().unwrap_or(content.scheme)),
        Err(StoreError::NoContent(_)) if !must_be_known => Ok(request.default_scheme()),
        Err(error) => Err(error.into()),
    }
}

/// A key that licence servers must have first is not given before they do: nobody could play what it protects.
fn check_delivered(found: &ContentKeys) -> Result<(), Failure> {
    let mut keys = found.keys.iter();
    let planned = keys.find(|key| key.info.state == KeyState::Planned);
    match planned.filter(|_| !found.content.targets.is_empty()) {
        Some(key) => Err(Failure::NotDelivered(key.info.kid)),
        None => Ok(()),
    }
}
