// SPDX-License-Identifier: MPL-2.0
//! The key server of `playready-packager serve`: its page, REST, SPEKE, accounts and delivery to licence servers.
//!
//! - [`server`] runs it: connections, sign-in, and the routes of page, REST and SPEKE; [`speke`] reads and fills the
//!   documents of SPEKE.
//! - [`accounts`] and [`tokens`] say who may do what, [`idempotency`] keeps answers to requests that may come again, and [`audit`]
//!   shows who did what.
//! - [`targets`] are the licence servers, [`deliveries`] the keys on their way to them, and [`delivery`] brings the keys there.
//! - [`operations`] is what page, REST and command line do with a store alike; [`store_health`] is how the store is doing.
//!
//! All of it is over a [`KeyStore`](content_key_store::KeyStore), which holds the keys. Time, random bytes and files of secrets come
//! from the store's [`Host`](host_access::Host).

pub mod accounts;
pub mod audit;
pub mod deliveries;
pub mod delivery;
pub mod idempotency;
pub mod operations;
#[cfg(test)]
mod query_plans;
pub mod server;
pub mod speke;
pub mod store_health;
pub mod targets;
pub mod tokens;
