// SPDX-License-Identifier: MPL-2.0
//! The server, password and TLS settings of a URI (PostgreSQL 17 manual, 32.1.2 and 32.19).

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use host_access::SecretFiles;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use url::Url;

use super::session::{OpenError, PostgresSession, Preparation};
use super::{passfile, tls};
use crate::Error;
use crate::database::Access;
use crate::location::Location;

/// A server, with all that a new connection to it needs.
pub(super) struct PostgresServer {
    config: Config,
    tls: Option<tls::Connector>,
    location: Location,
    /// True behind a connection pooler that gives each transaction another connection to the server.
    is_pooled: bool,
}

/// Settings of a connection, as options of it: limits for a writer that hangs, and indexes for all that has one. The server keeps the plans
/// that it made while the tables were nearly empty, when reading them whole costs less. Options of the URI replace them.
const SETTINGS: &str = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s -c enable_seqscan=off -c jit=off";

/// The same for a transaction, since others get the connection after it.
macro_rules! set_local {
    () => {
        "; SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '60s';
        SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
    };
}

/// Starts a transaction that reads.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_READ_WITH_SETTINGS: &str = concat!(
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    set_local!()
);
const BEGIN_WITH_SETTINGS: &str = concat!("BEGIN", set_local!());

/// The options of a URI that the client crate does not support.
#[derive(Default)]
struct OwnOptions {
    roots: Option<PathBuf>,
    passwords: Option<PathBuf>,
    is_pooled: bool,
    accepts_unencrypted: bool,
}

impl PostgresServer {
    pub(super) fn parse(
        uri: &str,
        location: Location,
        files: &dyn SecretFiles,
    ) -> Result<Self, Error> {
        let (uri, own) = split_options(uri)?;
        // The crate's error may repeat parts of the URI.
        let mut config: Config = uri.parse().map_err(|_| Error::BadOptions)?;
        set_timeouts(&mut config);
        let is_remote = config.get_hosts().iter().any(is_remote)
            || config
                .get_hostaddrs()
                .iter()
                .any(|address| !address.is_loopback());
        if is_remote && config.get_ssl_mode() == SslMode::Disable && !own.accepts_unencrypted {
            return Err(Error::Unencrypted);
        }
        if (is_remote || own.roots.is_some()) && config.get_ssl_mode() == SslMode::Prefer {
            // An attacker between both could make them use no encryption.
            config.ssl_mode(SslMode::Require);
        }
        let tls = (config.get_ssl_mode() == SslMode::Require)
            .then(|| tls::Connector::new(own.roots))
            .transpose()?;
        if config.get_password().is_none() {
            passfile::set_password(&mut config, own.passwords, files)?;
        }
        Ok(Self {
            config,
            tls,
            location,
            is_pooled: own.is_pooled,
        })
    }

    pub(super) fn connect(&mut self) -> Result<PostgresSession, Error> {
        match self.open() {
            // A pooler, such as PgBouncer, that does not take options when a connection starts.
            Err(OpenError::Postgres(error)) if !self.is_pooled && refuses_options(&error) => {
                self.is_pooled = true;
                self.open()
            }
            opened => opened,
        }
        .map_err(|error| match error {
            OpenError::Postgres(error) => self.unavailable(error),
            OpenError::Runtime(error) => self.failed(error.into(), TRY_AGAIN),
        })
    }

    fn open(&self) -> Result<PostgresSession, OpenError> {
        let mut config = self.config.clone();
        let preparation = match self.is_pooled {
            true => Preparation::Unnamed,
            false => {
                let given = config.get_options().unwrap_or_default();
                config.options(format!("{SETTINGS} {given}"));
                Preparation::Named(HashMap::new())
            }
        };
        PostgresSession::open(&config, self.tls.as_ref(), preparation)
    }

    /// Makes the next connections expect a pooler.
    pub(super) const fn set_pooled(&mut self) {
        self.is_pooled = true;
    }

    /// Returns the statements that start a transaction.
    pub(super) const fn begin(&self, access: Access) -> &'static str {
        match (self.is_pooled, access) {
            (false, Access::Read) => BEGIN_READ,
            (false, Access::Claim | Access::Write) => "BEGIN",
            (true, Access::Read) => BEGIN_READ_WITH_SETTINGS,
            (true, Access::Claim | Access::Write) => BEGIN_WITH_SETTINGS,
        }
    }

    pub(super) fn unavailable(&self, error: tokio_postgres::Error) -> Error {
        let remedy = remedy_of(&error);
        // The crate's own text has only the stage at which it failed.
        let text = error.to_string();
        self.failed(error.into_source().unwrap_or_else(|| text.into()), remedy)
    }

    /// Returns the error of a connection that ended during a transaction.
    pub(super) fn lost(&self) -> Error {
        self.failed("connection lost".into(), TRY_AGAIN)
    }

    fn failed(
        &self,
        source: Box<dyn std::error::Error + Send + Sync>,
        remedy: &'static str,
    ) -> Error {
        Error::Unavailable {
            location: self.location.clone(),
            source,
            remedy,
        }
    }
}

const TRY_AGAIN: &str = "try again; if it stays, check the server, and its host, user and password";

fn remedy_of(error: &tokio_postgres::Error) -> &'static str {
    match error.code() {
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => {
            "name the server that may be written, or all servers with target_session_attrs=read-write"
        }
        _ if is_certificate_fault(error) => {
            "give the server a certificate for the host in the URI, and name by sslrootcert= in the URI the authority that signed it"
        }
        _ => TRY_AGAIN,
    }
}

/// True if TLS has refused the server's certificate.
fn is_certificate_fault(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(|error| error.get_ref()?.downcast_ref::<rustls::Error>())
        .is_some_and(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// Sets timeouts for a server that is gone. Options of the URI replace them.
fn set_timeouts(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(30));
    }
}

/// True if a connection was refused because it starts with options, as PgBouncer does unless its configuration allows them.
fn refuses_options(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|error| {
        *error.code() == SqlState::PROTOCOL_VIOLATION
            && error.message().starts_with("unsupported startup parameter")
    })
}

fn is_remote(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name
            .parse::<IpAddr>()
            .map_or(name != "localhost", |address| !address.is_loopback()),
        Host::Unix(_) => false,
    }
}

/// Returns the URI for the client crate, and the options that it does not support.
fn split_options(uri: &str) -> Result<(String, OwnOptions), Error> {
    let mut own = OwnOptions::default();
    let Some((place, options)) = uri.split_once('?') else {
        return Ok((uri.to_owned(), own));
    };
    let mut kept = Vec::new();
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').ok_or(Error::BadOptions)?;
        match (name, value) {
            ("sslrootcert", path) => own.roots = Some(path_of(path)?),
            ("pooler", "transaction") => own.is_pooled = true,
            ("passfile", path) => own.passwords = Some(path_of(path)?),
            // This client always checks the certificate and its name, as verify-full demands.
            ("sslmode", "verify-ca" | "verify-full") => kept.push("sslmode=require"),
            ("accept-unencrypted", "yes") => own.accepts_unencrypted = true,
            _ => kept.push(option),
        }
    }
    Ok((format!("{place}?{}", kept.join("&")), own))
}

fn path_of(text: &str) -> Result<PathBuf, Error> {
    let text = text.replace("%2F", "/").replace("%2f", "/");
    Url::parse(&format!("file://{text}"))
        .ok()
        .and_then(|url| url.to_file_path().ok())
        .filter(|_| text.starts_with('/'))
        .ok_or(Error::BadOptions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(uri: &str) -> Result<PostgresServer, Error> {
        PostgresServer::parse(
            uri,
            Location::parse(uri).unwrap(),
            &*host_access::Host::system().files,
        )
    }

    #[test]
    fn other_machines_are_reached_by_tls_only() {
        for (uri, mode, has_tls) in [
            ("postgresql://u:p@db/keys", SslMode::Require, true),
            (
                "postgresql://u:p@db/keys?sslmode=prefer",
                SslMode::Require,
                true,
            ),
            (
                "postgresql://u:p@db/keys?sslmode=verify-full",
                SslMode::Require,
                true,
            ),
            (
                "postgresql://u:p@db/keys?sslmode=require",
                SslMode::Require,
                true,
            ),
            (
                "postgresql://u:p@db/keys?sslmode=disable&accept-unencrypted=yes",
                SslMode::Disable,
                false,
            ),
            (
                "postgresql://u:p@localhost/keys?sslmode=disable",
                SslMode::Disable,
                false,
            ),
            ("postgresql://u:p@localhost/keys", SslMode::Prefer, false),
            ("postgresql://u:p@127.0.0.1/keys", SslMode::Prefer, false),
            (
                "postgresql://u:p@%2Frun%2Fpostgresql/keys",
                SslMode::Prefer,
                false,
            ),
            ("postgresql://u:p@127.0.0.1,db/keys", SslMode::Require, true),
        ] {
            let server = match server(uri) {
                // The system's certificates may be missing.
                Err(Error::BadRoots { .. }) => continue,
                server => server.unwrap(),
            };
            assert_eq!(server.config.get_ssl_mode(), mode, "{uri}");
            assert_eq!(server.tls.is_some(), has_tls, "{uri}");
        }
    }

    #[test]
    fn other_machines_without_tls_must_be_accepted_by_name() {
        for place in [
            "db/keys?",
            "10.0.0.1/keys?",
            "localhost,db/keys?",
            "localhost/keys?hostaddr=10.0.0.1&",
            "db/keys?hostaddr=127.0.0.1&",
            "%2Frun%2Fpostgresql,db/keys?",
            "/keys?host=db&",
        ] {
            let uri = format!("postgresql://u:secret@{place}sslmode=disable");
            let refused = server(&uri).err().unwrap();
            assert!(matches!(refused, Error::Unencrypted), "{uri}: {refused}");
            let accepted = server(&format!("{uri}&accept-unencrypted=yes")).unwrap();
            assert!(accepted.tls.is_none(), "{uri}");
        }
    }

    #[test]
    fn unknown_options_are_refused_without_repeating_them() {
        for options in [
            "service=secret",
            "sslmode=secret",
            "secret",
            "sslrootcert=secret",
            "port=secret",
            "accept-unencrypted=secret",
        ] {
            let refused = server(&format!("postgresql://u:secret@localhost/keys?{options}"));
            let error = refused.err().unwrap().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn unreachable_server_is_named_without_its_password() {
        let mut server = server("postgresql://u:secret@127.0.0.1:1/keys").unwrap();
        let error = server.connect().err().unwrap();
        assert!(error.is_temporary());
        let text = error.to_string();
        assert!(text.contains("postgresql://127.0.0.1:1/keys"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
