// SPDX-License-Identifier: MPL-2.0
//! A client of key servers with SPEKE 1.0, 2.0 or 2.1: CPIX documents over HTTP or HTTPS.
//!
//! ```no_run
//! use cenc_types::Scheme;
//! use content_keys::speke::{KeyRequest, SpekeClient};
//! use host_access::Host;
//!
//! # fn main() -> Result<(), content_keys::speke::Error> {
//! let address = "speke+https://kms.example/v2?speke-tracks=VIDEO,AUDIO&speke-auth-file=/etc/speke-login";
//! let client = SpekeClient::open(address, &Host::system())?;
//! let response = client.request_keys(&KeyRequest {
//!     content_id: "film".into(),
//!     scheme: Scheme::Cenc,
//!     tracks: client.endpoint().tracks()?,
//!     systems: Vec::new(),
//!     period: None,
//! })?;
//! assert_eq!(response.keys.len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! The server's address is `speke+https://host/path` or `speke+http://host/path`. Query parameters that start with `speke-` are
//! for the client; all others are sent to the server unchanged:
//!
//! | parameter | value | default |
//! |---|---|---|
//! | `speke-version` | `1.0`, `2.0` or `2.1` | `2.0` |
//! | `speke-auth-file` | whole path of a file with credentials, of mode 0600 or stricter | none |
//! | `speke-ca-file` | whole path of PEM certificates that may sign the server's | those of the system |
//! | `speke-timeout` | seconds for each attempt, 1 to 300 | 10 |
//! | `speke-tracks` | the tracks that have a key each, such as `VIDEO,AUDIO`: see [`TrackRule::from_label`] | `ALL` |
//! | `speke-attempts` | the most attempts, 1 to 10 | 4 |
//!
//! A name and password in the address are used as `basic` credentials. A file is safer, since addresses appear in process lists and
//! configurations. The file has these lines (`#` starts a comment line; at most one of `basic`, `digest` and `bearer`):
//!
//! ```text
//! basic USER:PASSWORD
//! digest USER:PASSWORD
//! bearer TOKEN
//! header NAME: VALUE
//! query NAME=VALUE
//! client-certificate /path/chain.pem
//! client-key /path/key.pem
//! ```
//!
//! Only failed connections, timeouts, and the statuses 429 and 5xx lead to another attempt. Redirects are not followed. A response
//! is used only if it passes every check: content id, versions, scheme and periods are those of the request, each track has a key,
//! and the signaling fits the keys. The server may replace KIDs: usage rules then say which key is for which tracks.

mod check;
mod contract;
mod endpoint;
mod error;
mod request;
mod response;

use cpix::{Delivery, Document, UnwrapKey};

use host_access::Host;
use key_http_client::{Canceller, Request, RetrySchedule, Transport};

pub use contract::TrackRule;
pub use endpoint::{Endpoint, SpekeVersion};
pub use error::Error;
pub use request::{KeyPeriod, KeyRequest};
pub use response::{KeyResponse, ResponseKey};

/// A client of one key server. Its calls block, so make them on a thread of their own.
pub struct SpekeClient {
    endpoint: Endpoint,
    transport: Transport,
    recipient: Option<Recipient>,
}

/// The certificate that the server encrypts keys to, and its private key.
struct Recipient {
    certificate: Vec<u8>,
    private_key: Box<dyn UnwrapKey + Send + Sync>,
}

impl SpekeClient {
    /// Reads the address and the files that it names. No request is sent yet.
    ///
    /// # Errors
    /// [`Error::BadUri`], and [`Error::Http`] for its files.
    pub fn open(uri: &str, host: &Host) -> Result<Self, Error> {
        let endpoint = Endpoint::open(uri, &*host.files)?;
        Ok(Self {
            transport: Transport::new(&endpoint.server, host)?,
            endpoint,
            recipient: None,
        })
    }

    /// Requests keys that are encrypted to an X.509 certificate, in DER.
    #[must_use]
    pub fn with_recipient(
        mut self,
        certificate: Vec<u8>,
        private_key: Box<dyn UnwrapKey + Send + Sync>,
    ) -> Self {
        self.recipient = Some(Recipient {
            certificate,
            private_key,
        });
        self
    }

    /// Returns the server, whose Display masks secrets.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns what ends requests from another thread.
    pub fn canceller(&self) -> Canceller {
        self.transport.canceller()
    }

    /// Requests the keys of a content. The same request has the same keys, so it can be repeated safely.
    ///
    /// # Errors
    /// Any but [`Error::BadUri`]. [`Error::is_temporary`] is true if a later request may succeed.
    pub fn request_keys(&self, request: &KeyRequest) -> Result<KeyResponse, Error> {
        let version = self.endpoint.version();
        let mut sent = request.to_document(version)?;
        sent.deliveries.extend(
            self.recipient
                .as_ref()
                .map(|recipient| Delivery::request(recipient.certificate.clone())),
        );
        let reply = self.transport.post(
            &self.endpoint.server,
            &Request {
                headers: Vec::from_iter(
                    (version != SpekeVersion::V1_0)
                        .then_some(("X-Speke-Version", version.number())),
                ),
                body: sent.to_xml(version.cpix())?.as_bytes(),
            },
            RetrySchedule::of(self.endpoint.attempts),
        )?;
        check::check_version(version, reply.header("X-Speke-Version").as_deref())?;
        let mut received = Document::from_bytes(&reply.body)?;
        received.refuse_signature()?;
        if let Some(recipient) = &self.recipient {
            received.decrypt(&*recipient.private_key)?;
        }
        check::check_echo(version, request.scheme, &sent, &received)?;
        let response = KeyResponse::new(request, &sent, received)?;
        check::check_signaling(&response)?;
        Ok(response)
    }
}
