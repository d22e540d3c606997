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
mod workers;

use std::process::ExitCode;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime;

pub use args::ServeArgs;

use app::App;
use error::Error;
use listen::Server;
use workers::Workers;

use crate::print;

/// Serves until it is told to stop.
pub fn run(args: &ServeArgs) -> ExitCode {
    log::start(args.log);
    let served = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)
        .and_then(|runtime| runtime.block_on(serve(args)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

async fn serve(args: &ServeArgs) -> Result<(), Error> {
    args.check()?;
    let tls = tls::acceptor(args)?;
    let app = App::open(args)?;
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.map_err(|source| Error::Listen {
        address: args.listen,
        source,
    })?;
    first_start::admit(&app, args)?;
    let stop = stop::signals()?;
    let server = Server {
        listener,
        tls,
        router: router(&app),
    };
    let workers = Workers::start(&app).map_err(Error::Runtime)?;
    server.run(stop).await;
    // Joining blocks; nothing else is left to do.
    workers.stop();
    Ok(())
}

fn router(app: &App) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .merge(rest::routes(app))
        .merge(page::routes(app))
        .merge(speke::routes());
    hygiene::around(routes, app).with_state(app.clone())
}
