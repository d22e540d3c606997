// SPDX-License-Identifier: MPL-2.0
//! The key server of `serve`: pages for people, the REST interface, and the SPEKE endpoint for packagers.

mod app;
mod auth;
mod body_budget;
mod calendar;
mod client_network;
mod connection;
mod error;
mod failures;
mod first_start;
mod health;
mod listen;
mod metrics;
mod middleware;
mod page;
mod problem_details;
mod rest;
mod service_errors;
mod settings;
mod shutdown;
mod speke;
mod tls;
mod unread_body;
mod wiped_body;
mod workers;

use app::App;
use axum::Router;
pub use error::Error;
use host_access::Host;
use listen::HttpServer;
pub use settings::{CertificateSource, ConnectionLimits, ServerSettings};
use tokio::runtime::Runtime;
use workers::Workers;

/// Serves until SIGTERM or SIGINT. The store blocks, and PostgreSQL's client has its own runtime, so that the store is opened and
/// closed outside of the server's runtime.
///
/// # Errors
/// Reasons why the server does not start.
pub fn run(settings: &ServerSettings, host: &Host) -> Result<(), Error> {
    settings.check()?;
    let tls = tls::acceptor(settings, host)?;
    let app = App::open(settings, host)?;
    let listener = listen::bind(settings.listen)?;
    first_start::add_admin(&app, settings)?;
    let runtime = Runtime::new().map_err(Error::Runtime)?;
    let workers = Workers::start(&app).map_err(Error::Runtime)?;
    let served = runtime.block_on(async {
        let shutdown = shutdown::requested()?;
        HttpServer::new(listener, tls, router(&app), settings.connections)
            .map_err(Error::Runtime)?
            .run(shutdown)
            .await;
        Ok(())
    });
    workers.stop();
    drop(runtime);
    served
}

fn router(app: &App) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .merge(rest::routes(app))
        .merge(page::routes(app))
        .merge(speke::routes());
    middleware::layered(routes, app).with_state(app.clone())
}
