// SPDX-License-Identifier: MPL-2.0
//! Bodies that are not read to their end, such as that of a request that was refused by its head. HTTP/1 connections end with that
//! response, and the response says so, so that the client sends its next request over another connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// A body that records when it was read to its end.
struct Watched {
    body: Body,
    is_read: Arc<AtomicBool>,
}

/// Adds `Connection: close` to a response if the body of the request was not read.
pub async fn close_connection(request: Request, next: Next) -> Response {
    let version = request.version();
    let is_read = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let mut response = next
        .run(request.map(|body| {
            Body::new(Watched {
                body,
                is_read: Arc::clone(&is_read),
            })
        }))
        .await;
    // HTTP/2 ends the request's stream alone, and forbids the header.
    if version < Version::HTTP_2 && !is_read.load(Ordering::Relaxed) {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.is_read.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
