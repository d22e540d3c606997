// SPDX-License-Identifier: MPL-2.0
//! Answers of the page: screens, ways to the next one, and problems that people can read.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::fields::Fields;
use super::layout::{Layout, Section};
use crate::server::app::App;
use crate::server::auth::Visitor;
use crate::server::problem_details::Problem;

/// A screen.
///
/// # Errors
/// When the template fails, which it does not.
pub fn render(template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a screen was not written");
        let detail = "the screen could not be written; the server's log says why";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    })?;
    Ok(Html(text).into_response())
}

/// A form's screen again, with what was wrong with it.
///
/// # Errors
/// As [`screen`].
pub fn render_refused(template: &impl Template) -> Result<Response, Problem> {
    let screen = render(template)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, screen).into_response())
}

/// To the screen that shows what was done.
pub fn redirect(path: &str, what: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{mark}done={what}")).into_response()
}

/// A name as a segment of an address.
pub fn path_segment(name: &str) -> String {
    let Ok(encoded) = askama::filters::urlencode_strict(name);
    encoded.to_string()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    layout: Layout,
    problem: Problem,
}

/// Makes a screen of each problem, and sends who must sign in to the whole page and not into a part of it.
pub async fn problems_as_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_part = request.headers().contains_key("hx-request");
    let (parts, body) = request.into_parts();
    let asked = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if is_part
        && response.headers().get(header::LOCATION) == Some(&HeaderValue::from_static("/login"))
    {
        return [("hx-redirect", "/login")].into_response();
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let mut asked = asked;
    let visitor = Visitor::from_request_parts(&mut asked, &app).await;
    let layout = match &visitor {
        Ok(visitor) => Layout::new(visitor, Section::Nowhere, &Fields::default()),
        Err(_) => Layout::outside(&Fields::default()),
    };
    let status = problem.status();
    let written = render(&ProblemPage { layout, problem });
    written.map_or(response, |screen| (status, screen).into_response())
}
