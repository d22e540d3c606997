// SPDX-License-Identifier: MPL-2.0
//! People at the pages, who show the cookie of their session.

use std::ops::Deref;
use std::time::SystemTime;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};

use super::account_cache::Proof;
use super::session::OpenSession;
use super::{Identity, SESSION_COOKIE};
use crate::server::app::App;
use crate::server::connection::Peer;

/// A person who has signed in at the pages. Others are redirected to `/login`.
pub struct Visitor {
    /// The account.
    pub identity: Identity,
    /// The session.
    pub session: OpenSession,
    /// The time of the request.
    pub now: SystemTime,
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
        let to_login = || Redirect::to("/login").into_response();
        let session = session_cookie(&parts.headers)
            .and_then(|cookie| app.sessions().open(cookie))
            .ok_or_else(to_login)?;
        let peer = *parts.extensions.get::<Peer>().ok_or_else(to_login)?;
        Ok(Self {
            identity: app
                .sign_in(&peer, Proof::Token(session.token.clone()))
                .await
                .map_err(|_| to_login())?,
            session,
            now: app.now(),
        })
    }
}

/// Returns the value of the session's cookie.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}
