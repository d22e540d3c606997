// SPDX-License-Identifier: MPL-2.0
//! A budget of memory that the bodies of all requests share. A body that no longer fits is refused, and its client tries again.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::problem_details::Problem;

/// The budget; clones share it.
#[derive(Clone)]
pub struct BodyBudget(Arc<AtomicUsize>);

/// The part of the budget that a request holds, until it is dropped.
struct BudgetShare {
    budget: BodyBudget,
    held: AtomicUsize,
    was_refused: AtomicBool,
}

/// A body whose bytes count in the budget.
struct CountedBody {
    body: Body,
    share: Arc<BudgetShare>,
}

impl BodyBudget {
    /// Makes a budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    fn take(&self, bytes: usize) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .is_ok()
    }
}

/// Answers a request within the budget, and with status 503 if its body does not fit.
pub async fn limit(State(budget): State<BodyBudget>, request: Request, next: Next) -> Response {
    let share = Arc::new(BudgetShare {
        budget,
        held: AtomicUsize::new(0),
        was_refused: AtomicBool::new(false),
    });
    let response = next
        .run(request.map(|body| {
            Body::new(CountedBody {
                body,
                share: Arc::clone(&share),
            })
        }))
        .await;
    if share.was_refused.load(Ordering::Relaxed) {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server has no memory left for the bodies of requests: try again",
        )
        .retry_after(1)
        .into_response();
    }
    response
}

impl BudgetShare {
    fn take(&self, bytes: usize) -> bool {
        if self.budget.take(bytes) {
            self.held.fetch_add(bytes, Ordering::Relaxed);
            return true;
        }
        self.was_refused.store(true, Ordering::Relaxed);
        false
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        self.budget
            .0
            .fetch_add(*self.held.get_mut(), Ordering::Relaxed);
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        Poll::Ready(match self.share.take(length) {
            true => frame,
            false => Some(Err(axum::Error::new("the budget of bodies is used up"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(budget: &BodyBudget) -> BudgetShare {
        BudgetShare {
            budget: budget.clone(),
            held: AtomicUsize::new(0),
            was_refused: AtomicBool::new(false),
        }
    }

    #[test]
    fn bodies_share_the_budget_and_give_it_back() {
        let budget = BodyBudget::new(100);
        let (first, second) = (share(&budget), share(&budget));
        assert!(first.take(60) && second.take(40) && !second.take(1));
        assert!(second.was_refused.load(Ordering::Relaxed));
        drop(first);
        assert!(share(&budget).take(60));
    }
}
