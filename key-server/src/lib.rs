// SPDX-License-Identifier: MPL-2.0
//! The key server of `playready-packager serve`: its page, REST, SPEKE, accounts and delivery to licence servers.

pub mod accounts;
pub mod audit;
pub mod deliveries;
pub mod delivery;
pub mod idempotency;
pub mod operations;
#[cfg(test)]
mod query_plans;
pub mod server;
mod speke;
pub mod store_health;
pub mod targets;
pub mod tokens;
