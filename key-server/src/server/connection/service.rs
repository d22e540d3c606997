// SPDX-License-Identifier: MPL-2.0
//! The routes as one connection sees them: its requests carry its peer and renew its deadline.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::Peer;
use super::activity::Activity;

/// The service of a connection.
pub struct ConnectionService {
    routes: TowerToHyperService<Router>,
    peer: Peer,
    activity: Activity,
}

impl ConnectionService {
    /// Makes the service of a connection.
    pub fn new(router: Router, peer: Peer, activity: Activity) -> Self {
        Self {
            routes: TowerToHyperService::new(router),
            peer,
            activity,
        }
    }
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        let running = self.activity.enter();
        let answer = self.routes.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(running);
            answer
        })
    }
}
