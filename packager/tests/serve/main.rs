// SPDX-License-Identifier: MPL-2.0
//! `playready-packager serve`: the program with real connections.

#![cfg(feature = "serve")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::indexing_slicing,
    reason = "a test that reads past the end fails there"
)]

mod attacks;
mod audited;
mod backup;
mod browser;
mod checks;
mod client;
mod clock;
mod connections;
mod delivery;
mod far_times;
mod faults;
mod first_start;
mod health;
mod kept;
mod key_receiver_example;
mod launch_line;
mod limited;
mod limited_page;
mod lists;
#[cfg(feature = "postgres")]
mod load;
mod machine;
mod mutations;
mod once;
mod openapi;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_procedures;
mod problems;
mod procedures;
mod process;
mod reasons;
mod receiver;
mod reload;
mod roles;
mod routes;
mod secrecy;
mod server;
mod sign_in;
mod slow_targets;
mod stop;
mod tls;
mod whole;
