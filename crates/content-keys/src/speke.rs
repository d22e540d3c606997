// SPDX-License-Identifier: MPL-2.0
//! A client of key servers that speak SPEKE 1.0, 2.0 or 2.1: CPIX documents over HTTP or HTTPS.
//!
//! The server's address is `speke+https://host/path` or `speke+http://host/path`. Query parameters that begin with `speke-` are
//! ours; all others are sent to the server as they stand:
//!
//! | parameter | value | default |
//! |---|---|---|
//! | `speke-version` | `1.0`, `2.0` or `2.1` | `2.0` |
//! | `speke-auth-file` | whole path of a file with credentials, of mode 0600 or stricter | none |
//! | `speke-ca-file` | whole path of PEM certificates that may sign the server's | those of the system |
//! | `speke-timeout` | seconds for each attempt, 1 to 300 | 10 |
//! | `speke-tracks` | names of the tracks with a key of their own each, such as `VIDEO,AUDIO`: see [`TrackRule::named`] | `ALL` |
//! | `speke-attempts` | how often to try, 1 to 10 | 4 |
//!
//! A name and password in the address itself serve as `basic`; a file is better, since an address is seen in process lists and
//! configurations. Lines of the file (`#` starts a comment line; one of `basic`, `digest` and `bearer` at most):
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
//! Only connections that fail, timeouts, and the statuses 429 and 5xx are tried again. Redirects are not followed. An answer is
//! used only when every check holds: content id, versions, scheme and periods come back as they were sent, each track has a key, and
//! the signaling fits the keys. KIDs that the server puts in place of ours are taken by usage rule.

mod check;
mod contract;
mod endpoint;
mod error;
mod request;
mod response;

use cpix::{Delivery, Document, UnwrapKey};

use host_access::Host;
use key_http_client::{Request, Schedule, Transport};

pub use contract::TrackRule;
pub use endpoint::{Endpoint, SpekeVersion};
pub use error::Error;
pub use request::{KeyPeriod, KeyRequest, key_id_for};
pub use response::{KeyResponse, ResponseKey};

/// A key server and how it is reached. Calls block; make them on a thread of their own.
pub struct SpekeClient {
    endpoint: Endpoint,
    transport: Transport,
    recipient: Option<Recipient>,
}

/// To whom the server encrypts the keys.
struct Recipient {
    certificate: Vec<u8>,
    private: Box<dyn UnwrapKey + Send + Sync>,
}

impl SpekeClient {
    /// Reads the address and the files that it names. The server is not asked yet.
    ///
    /// # Errors
    /// What is wrong with the address or its files.
    pub fn open(uri: &str, host: &Host) -> Result<Self, Error> {
        let endpoint = Endpoint::open(uri, &*host.files)?;
        let transport = Transport::new(&endpoint.server, host)?;
        Ok(Self {
            endpoint,
            transport,
            recipient: None,
        })
    }

    /// Asks for keys that are encrypted to an X.509 certificate, in DER.
    #[must_use]
    pub fn with_recipient(
        mut self,
        certificate: Vec<u8>,
        private: Box<dyn UnwrapKey + Send + Sync>,
    ) -> Self {
        self.recipient = Some(Recipient {
            certificate,
            private,
        });
        self
    }

    /// The server; its Display masks what is secret.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The keys of a content, all of them or an error. The same question has the same answer, so that asking again is safe.
    ///
    /// # Errors
    /// [`Error::is_temporary`] tells whether asking later may help.
    pub fn keys(&self, request: &KeyRequest) -> Result<KeyResponse, Error> {
        let version = self.endpoint.version();
        let mut asked = request.to_document(version)?;
        let recipient = self.recipient.as_ref();
        let delivery = recipient.map(|recipient| Delivery::request(recipient.certificate.clone()));
        asked.deliveries.extend(delivery);
        let body = asked.to_xml(version.cpix())?;
        let header = ("X-Speke-Version", version.number());
        let post = Request {
            headers: Vec::from_iter((version != SpekeVersion::V1_0).then_some(header)),
            body: body.as_bytes(),
        };
        let schedule = Schedule::of(self.endpoint.attempts);
        let server = &self.endpoint.server;
        let reply = self.transport.post(server, &post, schedule)?;
        check::version(version, reply.header("X-Speke-Version").as_deref())?;
        let mut document = Document::from_bytes(&reply.body)?;
        if let Some(recipient) = recipient {
            document.decrypt(&*recipient.private)?;
        }
        check::echo(version, &asked, &document)?;
        let answer = KeyResponse::new(request, &asked, document)?;
        check::signaling(&answer)?;
        Ok(answer)
    }
}
