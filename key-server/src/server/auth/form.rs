// SPDX-License-Identifier: MPL-2.0
//! Forms of the pages. They are accepted only from a visitor who has signed in, and only with the token of the session.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

use super::Visitor;
use crate::server::app::App;
use crate::server::problem_details::Problem;

/// A form whose hidden field `csrf` has the session's token.
pub struct SafeForm<T> {
    /// The visitor who has sent it.
    pub visitor: Visitor,
    /// The other fields.
    pub fields: T,
}

/// The fields of a form, with the token of a session.
pub trait GuardedFields: FromRequest<App, Rejection = Problem> {
    /// Removes the token and returns it; an empty text if there is none.
    fn take_guard(&mut self) -> Zeroizing<String>;
}

impl<T: GuardedFields> FromRequest<App> for SafeForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, app).await?;
        let mut fields = T::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(IntoResponse::into_response)?;
        if !visitor.session.gave(&fields.take_guard()) {
            return Err(Problem::forbidden(
                visitor.name(),
                "the form is not of this session: load the page again",
            )
            .into_response());
        }
        Ok(Self { visitor, fields })
    }
}
