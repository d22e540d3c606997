// SPDX-License-Identifier: MPL-2.0
//! Programs, which send a token or a client certificate with each request.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Identity;
use super::account_cache::Proof;
use crate::server::app::App;
use crate::server::connection::Peer;
use crate::server::problem_details::Problem;

/// A program that has signed in.
#[derive(Debug, Clone)]
pub struct Client(pub Identity);

impl Deref for Client {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let peer = *parts
            .extensions
            .get::<Peer>()
            .ok_or_else(Problem::unauthorized)?;
        let proof = match (token(parts)?, peer.certificate) {
            (Some(token), _) => Proof::Token(token),
            (None, Some(certificate)) => Proof::Certificate(certificate),
            (None, None) => return Err(Problem::unauthorized()),
        };
        app.sign_in(&peer, proof).await.map(Self)
    }
}

/// Returns the token of a request, if it has one.
fn token(parts: &Parts) -> Result<Option<Zeroizing<String>>, Problem> {
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let malformed = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "the header Authorization cannot be read: send 'Bearer TOKEN', or Basic with the token as the password",
        )
    };
    let (kind, value) = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(malformed)?;
    if kind.eq_ignore_ascii_case("bearer") {
        return Ok(Some(Zeroizing::new(value.trim().to_owned())));
    }
    if !kind.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let pair = Zeroizing::new(STANDARD.decode(value.trim()).map_err(|_| malformed())?);
    let (_, password) = std::str::from_utf8(&pair)
        .ok()
        .and_then(|pair| pair.split_once(':'))
        .ok_or_else(malformed)?;
    Ok(Some(Zeroizing::new(password.to_owned())))
}
