// SPDX-License-Identifier: MPL-2.0
//! Names and KIDs in paths, after percent-decoding.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use cenc_types::KeyId;

use super::body::bad;
use crate::operations::kid;
use crate::server::app::App;
use crate::server::problem_details::Problem;

/// The most characters of a name in a path, as of those in the store.
const LONGEST: usize = 255;

/// A content's id, or the name of something else.
pub struct Name(pub String);

/// A KID in any notation; the `/` of base64 is to be sent as `%2F`.
pub struct Kid(pub KeyId);

impl FromRequestParts<App> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, app).await;
        let Path(name) = read.map_err(|rejection| bad(rejection.body_text()))?;
        match name.chars().count() <= LONGEST {
            true => Ok(Self(name)),
            false => Err(bad("a name in the path has more than 255 characters")),
        }
    }
}

impl FromRequestParts<App> for Kid {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Name(text) = Name::from_request_parts(parts, app).await?;
        let kid = kid::read(&text).map_err(|error| bad(error.to_string()))?;
        Ok(Self(kid))
    }
}
