// SPDX-License-Identifier: MPL-2.0
//! Requests that the server fails to handle: a panic becomes a response, and each response of status 500 names the request, which
//! the log names too.

use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem_details::Problem;

/// The header of a response with the number of its request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The number of a request since the start of the server.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(NonZeroU64);

/// The source of the numbers of requests.
#[derive(Debug, Default)]
pub struct RequestIds(AtomicU64);

impl RequestIds {
    /// Returns the number of the next request.
    pub fn next(&self) -> RequestId {
        RequestId(NonZeroU64::MIN.saturating_add(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(text)
    }
}

impl From<RequestId> for HeaderValue {
    fn from(id: RequestId) -> Self {
        id.0.get().into()
    }
}

/// Answers with status 500 where the handler panics, and adds the request's number to each problem of that status.
pub async fn name_request(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = without_panic(next.run(request))
        .await
        .unwrap_or_else(|| Problem::failed().into_response());
    let is_named = response.extensions().get::<Named>().is_some();
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || is_named {
        return response;
    }
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .unwrap_or_else(Problem::failed);
    let mut named = match id {
        Some(id) => Problem {
            detail: format!("{} (request {id})", problem.detail),
            request_id: Some(id.0),
            ..problem
        },
        None => problem,
    }
    .into_response();
    named.extensions_mut().insert(Named);
    named
}

/// Marks a response that names its request, which the page shows in HTML.
#[derive(Debug, Clone, Copy)]
struct Named;

/// Runs a future to its end; None if it panics. The hook of the process writes the panic's place to standard error.
async fn without_panic<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // A future that has panicked is not polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use axum::{Extension, Router};
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    #[test]
    fn panic_becomes_a_problem_that_names_the_request() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let routes = Router::new()
            .route("/", get(async || -> &'static str { panic!("in a test") }))
            .layer(from_fn(name_request))
            .layer(Extension(RequestId(NonZeroU64::new(7).unwrap())));
        let answer = runtime.block_on(async {
            let request = Request::new(axum::body::Body::empty());
            let answer = TowerToHyperService::new(routes)
                .call(request)
                .await
                .unwrap();
            (
                answer.status(),
                to_bytes(answer.into_body(), 1000).await.unwrap(),
            )
        });
        assert_eq!(answer.0, StatusCode::INTERNAL_SERVER_ERROR);
        let problem: serde_json::Value = serde_json::from_slice(&answer.1).unwrap();
        assert_eq!(problem["request_id"], 7);
    }
}
