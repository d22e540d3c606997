// SPDX-License-Identifier: MPL-2.0
//! Responses of the pages: HTML, redirects, and problems that people can read.

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

/// Renders a page.
///
/// # Errors
/// 500 when the template fails, which it does not.
pub fn render(template: &impl Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page was not rendered");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be rendered; the server's log has the cause",
        )
    })?;
    Ok(Html(text).into_response())
}

/// Renders the page of a form that was refused, with status 422.
///
/// # Errors
/// As [`render`].
pub fn render_refused(template: &impl Template) -> Result<Response, Problem> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(template)?).into_response())
}

/// Redirects to a page that says what was done.
pub fn redirect(path: &str, what: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{mark}done={what}")).into_response()
}

/// Percent-encodes a name as a segment of a path.
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

/// Shows each problem as a page. A visitor who must sign in is sent there with the whole page, also from a request for a part.
pub async fn problems_as_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_part = request.headers().contains_key("hx-request");
    let (mut parts, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(parts.clone(), body)).await;
    if is_part
        && response.headers().get(header::LOCATION) == Some(&HeaderValue::from_static("/login"))
    {
        return [("hx-redirect", "/login")].into_response();
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let layout = match Visitor::from_request_parts(&mut parts, &app).await {
        Ok(visitor) => Layout::new(&visitor, Section::Nowhere, &Fields::default()),
        Err(_) => Layout::signed_out(&Fields::default()),
    };
    let status = problem.status();
    match render(&ProblemPage { layout, problem }) {
        Ok(page) => {
            let mut shown = (status, page).into_response();
            // The middleware around reads them.
            *shown.extensions_mut() = std::mem::take(response.extensions_mut());
            shown
        }
        Err(_) => response,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use host_access::GuardedClock;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::operations::test_store::TestStore;
    use crate::server::settings::{ConnectionLimits, Retention, ServerSettings};
    use crate::server::{failures, middleware};

    #[test]
    fn panic_of_a_page_is_shown_to_people_with_the_number_of_the_request() {
        let of = TestStore::new();
        let settings = ServerSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            database: of.address(),
            admin_token_file: None,
            public_url: None,
            certificate: None,
            client_ca: None,
            allow_private_targets: false,
            known_contents_only: false,
            connections: ConnectionLimits::default(),
            retention: Retention::default(),
        };
        let host = of.store.host();
        let clock = Arc::new(GuardedClock::new(Arc::clone(&host.clock)));
        let app = App::open(&settings, host, clock).unwrap();
        let pages = Router::new()
            .route("/", get(async || -> &'static str { panic!("in a test") }))
            .layer(from_fn(failures::name_request))
            .layer(from_fn_with_state(app.clone(), problems_as_pages));
        let routes = middleware::layered(pages, &app).with_state(app);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let answer = runtime.block_on(async {
            let request = Request::new(Body::empty());
            let answer = TowerToHyperService::new(routes)
                .call(request)
                .await
                .unwrap();
            let headers = answer.headers().clone();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(headers["x-request-id"], "1");
            assert!(
                headers[header::CONTENT_TYPE]
                    .to_str()
                    .unwrap()
                    .starts_with("text/html")
            );
            to_bytes(answer.into_body(), 100_000).await.unwrap()
        });
        let text = String::from_utf8_lossy(&answer);
        assert!(
            text.contains("<h1>") && text.contains("(request 1)"),
            "{text}"
        );
    }
}
