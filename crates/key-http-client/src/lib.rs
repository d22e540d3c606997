// SPDX-License-Identifier: MPL-2.0
//! The HTTP side of key servers and of those that keys are handed to: address, credentials, TLS, attempts and their errors.

mod auth;
mod digest;
mod error;
mod reach;
mod retry;
mod server;
mod tls;
mod transport;

pub use error::Error;
pub use reach::Reach;
pub use retry::{Schedule, pause};
pub use server::Server;
pub use tls::{Pem, certificates};
pub use transport::{Request, Transport};
