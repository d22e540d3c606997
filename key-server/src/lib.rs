// SPDX-License-Identifier: MPL-2.0
//! The key server of `playready-packager serve`: its page, REST, SPEKE, accounts and delivery to licence servers.
//!
//! - [`server`] runs it: connections, sign-in, and the routes of page, REST and SPEKE; [`speke`] reads and fills the
//!   documents of SPEKE.
//! - [`accounts`] and [`tokens`] identify people and programs, [`idempotency`] keeps the responses of requests that may be repeated,
//!   and [`audit`] lists the actions.
//! - [`targets`] are the licence servers, [`deliveries`] the outbox of keys for them, and [`delivery`] posts the keys.
//! - [`operations`] are the tasks that pages, REST and command line share; [`store_health`] has the figures of the store.
//!
//! Everything works on a [`KeyStore`](content_key_store::KeyStore), which holds the keys. Time, random bytes and files of secrets come
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
