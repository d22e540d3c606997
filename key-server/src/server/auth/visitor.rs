// SPDX-License-Identifier: MPL-2.0
//! People at the page, by the cookie of their session.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::account_cache::Proof;
use super::session::OpenSession;
use super::{Identity, SESSION_COOKIE};
use crate::server::app::App;
use crate::server::listen::Peer;

/// Somebody who signed in on the page. Who did not is sent to `/login`.
pub struct Visitor {
    pub identity: Identity,
    pub session: OpenSession,
}

impl Deref for Visitor {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let elsewhere = || Redirect::to("/login").into_response();
        let session = cookie(parts).and_then(|cookie| app.sessions().open(cookie));
        let session = session.ok_or_else(elsewhere)?;
        let peer = parts.extensions.get::<Peer>().copied();
        let peer = peer.ok_or_else(elsewhere)?;
        let identity = app
            .sign_in(&peer, Proof::Token(session.token.clone()))
            .await;
        let identity = identity.map_err(|_| elsewhere())?;
        Ok(Self { identity, session })
    }
}

/// The value of the session's cookie.
pub fn cookie(parts: &Parts) -> Option<&str> {
    let headers = parts.headers.get_all(COOKIE).into_iter();
    let mut pairs = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}
