// SPDX-License-Identifier: MPL-2.0
//! Bodies of requests that may hold a key, and are wiped when they have been read.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use zeroize::Zeroize;

use super::app::App;
use super::problem_details::Problem;

/// A body that is wiped when dropped, unless it is still a part of the connection's buffer, which the next request overwrites.
pub struct WipedBody(Bytes);

impl WipedBody {
    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for WipedBody {
    fn drop(&mut self) {
        if let Ok(mut bytes) = std::mem::take(&mut self.0).try_into_mut() {
            bytes.as_mut().zeroize();
        }
    }
}

impl FromRequest<App> for WipedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Bytes::from_request(request, app)
            .await
            .map(Self)
            .map_err(|rejection| {
                Problem::new(
                    rejection.status(),
                    "the body cannot be read, or is too long",
                )
            })
    }
}
