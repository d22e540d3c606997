// SPDX-License-Identifier: MPL-2.0
//! The HTTP side of key servers and of those that keys are handed to: address, credentials, TLS, attempts and their errors.

mod auth;
mod digest;
mod error;
#[cfg(feature = "handoff")]
mod reach;
mod retry;
mod server;
mod tls;
mod transport;

pub use error::Error;
#[cfg(feature = "handoff")]
pub use reach::Reach;
#[cfg(feature = "handoff")]
pub use tls::Pem;
#[cfg(not(feature = "handoff"))]
pub(super) use tls::Pem;

pub(super) use server::Server;
pub(super) use transport::{Request, Transport};

pub(super) use retry::Schedule;
#[cfg(feature = "handoff")]
pub(super) use retry::pause;
#[cfg(feature = "handoff")]
pub(super) use tls::certificates;
