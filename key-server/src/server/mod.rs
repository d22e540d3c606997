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
mod readiness;
mod reload;
mod rest;
mod service_errors;
mod settings;
mod shutdown;
mod speke;
mod tls;
mod unread_body;
mod wiped_body;
mod workers;

use std::sync::{Arc, Mutex, mpsc};
use std::thread::Builder;
use std::time::{Duration, Instant};

use app::App;
use axum::Router;
pub use error::Error;
use host_access::{Clock, GuardedClock, Host};
use listen::{HttpServer, Live};
use reload::Reload;
pub use settings::{
    CertificateSource, Change, ConnectionLimits, Retention, ServerSettings, SettingsSource,
};
use tokio::runtime::Runtime;
use workers::Workers;

/// The time for workers to end, of which requests that end earlier leave more.
const LAST_STEPS: Duration = Duration::from_secs(2);
/// The time for the store to close, and for what still waits for it.
const LAST_WAITS: Duration = Duration::from_millis(500);

/// Serves until SIGTERM or SIGINT, and ends within 10 seconds of it. SIGHUP reads the settings anew. The store blocks, and PostgreSQL's client has its own runtime, so
/// that the store is opened and closed outside of the server's runtime.
///
/// # Errors
/// Reasons why the server does not start.
pub fn run(source: SettingsSource, host: &Host) -> Result<(), Error> {
    let settings = &source.current.clone();
    settings.check()?;
    let clock = Arc::new(GuardedClock::new(Arc::clone(&host.clock)));
    let host = &Host {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..host.clone()
    };
    let tls = tls::acceptor(settings, host)?;
    let app = App::open(settings, host, clock)?;
    let listener = listen::bind(settings.listen)?;
    first_start::add_admin(&app, settings)?;
    app.check();
    let runtime = Runtime::new().map_err(Error::Runtime)?;
    let workers = Workers::start(&app).map_err(Error::Runtime)?;
    let served = runtime.block_on(async {
        let shutdown = shutdown::requested()?;
        let live = Arc::new(Live::new(tls, settings.connections));
        let reload = Reload {
            app: app.clone(),
            live: Arc::clone(&live),
            host: host.clone(),
            settings: Mutex::new(source),
        };
        let reloading = tokio::spawn(reload.listen()?);
        HttpServer::new(listener, router(&app), live)
            .map_err(Error::Runtime)?
            .run(async {
                shutdown.await;
                // Their posts end while open requests finish.
                workers.stop();
            })
            .await;
        reloading.abort();
        Ok(())
    });
    workers.stop();
    workers.join(Instant::now() + LAST_STEPS);
    // A request that waits for a lock of the database was cut off already.
    runtime.shutdown_timeout(LAST_WAITS);
    close(app);
    served
}

/// Closes the store, unless it waits too long for a lock of the database: then it ends with the process, which loses nothing.
fn close(app: App) {
    let (closed, is_closed) = mpsc::channel();
    let closing = Builder::new().spawn(move || {
        drop(app);
        // Nobody waits for it any more.
        let _ = closed.send(());
    });
    if closing.is_ok() && is_closed.recv_timeout(LAST_WAITS).is_err() {
        tracing::warn!("the key store still waits for its database, and is cut off");
    }
}

fn router(app: &App) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .merge(rest::routes(app))
        .merge(page::routes(app))
        .merge(speke::routes());
    middleware::layered(routes, app).with_state(app.clone())
}
