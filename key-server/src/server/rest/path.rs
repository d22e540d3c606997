// SPDX-License-Identifier: MPL-2.0
//! Names and KIDs in paths, after percent-decoding.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use cenc_types::KeyId;

use super::body::bad;
use crate::operations::kid;
use crate::server::app::App;
use crate::server::problem_details::Problem;

/// The most characters of a name in a path, as in the store.
const LONGEST: usize = 255;

/// A content's id, or the name of another resource.
pub struct Name(pub String);

/// A KID in any notation; a `/` of base64 is sent as `%2F`.
pub struct Kid(pub KeyId);

impl FromRequestParts<App> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|rejection| bad(rejection.body_text()))?;
        match name.chars().count() <= LONGEST {
            true => Ok(Self(name)),
            false => Err(bad(
                "a name in the path has more than 255 characters: check it",
            )),
        }
    }
}

impl FromRequestParts<App> for Kid {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Name(text) = Name::from_request_parts(parts, app).await?;
        kid::read(&text)
            .map(Self)
            .map_err(|error| bad(error.to_string()))
    }
}
