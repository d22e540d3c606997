// SPDX-License-Identifier: MPL-2.0
//! `playready-packager serve`, the real program over real connections.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test that reads past the end fails there"
)]

mod client;
mod connections;
mod delivery;
mod first_start;
mod health;
mod lists;
mod once;
mod openapi;
mod problems;
mod receiver;
mod roles;
mod secrecy;
mod server;
mod sign_in;
mod stop;
mod tls;
#[path = "../vectors/mod.rs"]
#[expect(dead_code, reason = "only the note of what is skipped is wanted here")]
mod vectors;
mod whole;

// The library's tests start PostgreSQL.
#[cfg(feature = "postgres")]
#[path = "../../../tests/suite/launch.rs"]
#[expect(dead_code, reason = "only programs are run here")]
mod launch;
#[cfg(feature = "postgres")]
#[path = "../../../tests/suite/store/server.rs"]
#[expect(dead_code, reason = "only what is needed here")]
mod postgres;
#[cfg(feature = "postgres")]
#[path = "../../../tests/suite/tools.rs"]
#[expect(dead_code, reason = "only what is needed here")]
mod tools;
