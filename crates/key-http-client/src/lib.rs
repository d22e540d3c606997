// SPDX-License-Identifier: MPL-2.0
//! A blocking HTTP client for servers that give or take keys: address, credentials, TLS, attempts and their errors.
//!
//! ```no_run
//! use host_access::Host;
//! use key_http_client::{Request, RetrySchedule, Server, Transport};
//!
//! # fn main() -> Result<(), key_http_client::Error> {
//! let host = Host::system();
//! let mut server = Server::at("https://kms.example/speke")?;
//! server.take_credentials("bearer TOKEN")?;
//! let transport = Transport::new(&server, &host)?;
//! let reply = transport.post(
//!     &server,
//!     &Request { headers: vec![("X-Speke-Version", "2.0")], body: b"<cpix:CPIX/>" },
//!     RetrySchedule::of(4),
//! )?;
//! assert!(!reply.body.is_empty());
//! # Ok(())
//! # }
//! ```

mod auth;
mod cancel;
mod digest;
mod error;
mod reach;
mod retry;
mod server;
mod tls;
mod transport;

pub use cancel::Canceller;
pub use error::Error;
pub use reach::Reach;
pub use retry::{RetrySchedule, pause};
pub use server::Server;
pub use tls::{Pem, certificates};
pub use transport::{Reply, Request, Transport};
