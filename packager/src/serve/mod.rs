// SPDX-License-Identifier: MPL-2.0
//! `serve`: the key server, with its page for people, its REST interface and its SPEKE endpoint for packagers.

mod app;
mod args;
mod auth;
mod error;
mod first_start;
mod health;
mod hygiene;
mod instruments;
mod listen;
mod log;
mod page;
mod problem;
mod problems;
mod rest;
mod speke;
mod stop;
mod tls;
mod unread;
mod workers;

use std::process::ExitCode;

use axum::Router;
use tokio::runtime::Runtime;

pub use args::ServeArgs;

use app::App;
use error::Error;
use listen::Server;
use workers::Workers;

use crate::print;

/// Serves until it is told to stop.
pub fn run(args: &ServeArgs) -> ExitCode {
    log::start(args.log);
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

/// The store blocks, and PostgreSQL's client has a runtime of its own: it is opened and let go of outside of ours.
fn serve(args: &ServeArgs) -> Result<(), Error> {
    args.check()?;
    let tls = tls::acceptor(args)?;
    let app = App::open(args)?;
    let listener = listen::bind(args.listen)?;
    first_start::admit(&app, args)?;
    let runtime = Runtime::new().map_err(Error::Runtime)?;
    let workers = Workers::start(&app).map_err(Error::Runtime)?;
    let served = runtime.block_on(async {
        let stop = stop::signals()?;
        let router = router(&app);
        let server = Server::new(listener, tls, router).map_err(Error::Runtime)?;
        server.run(stop).await;
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
    hygiene::around(routes, app).with_state(app.clone())
}
