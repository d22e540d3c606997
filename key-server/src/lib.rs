// SPDX-License-Identifier: MPL-2.0
//! The key server of `playready-packager serve`: its page, REST, SPEKE, accounts and delivery to licence servers.

pub mod delivery;
pub mod operations;
pub mod server;
pub mod speke;
