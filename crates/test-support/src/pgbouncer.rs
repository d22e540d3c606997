// SPDX-License-Identifier: MPL-2.0
//! Runs PgBouncer, by which clients share few connections to a PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};

use postgres::{Client, NoTls};

use crate::postgres_server::PostgresServer;
use crate::service::{Service, as_user, free_port, give, new_folder, wait_until};
use crate::tools;

const PROGRAM: &str = "/usr/sbin/pgbouncer";
/// The number of connections to the server.
pub const CONNECTIONS: usize = 2;

/// The options with which a client starts a connection, such as a time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartOptions {
    /// The client is refused, as PgBouncer does unless it is configured otherwise.
    Refused,
    /// They are dropped.
    Ignored,
}

/// PgBouncer in transaction mode: each transaction has any of the connections.
pub struct PgBouncer {
    folder: PathBuf,
    port: u16,
    service: Option<Service>,
}

impl PgBouncer {
    /// Starts it before a server. Returns None and reports a skipped test where it is not installed.
    pub fn start(server: &PostgresServer, options: StartOptions, test: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            tools::skip(test, "PgBouncer is not installed");
            return None;
        }
        let mut bouncer = Self {
            folder: new_folder(),
            port: free_port(),
            service: None,
        };
        let ignored = match options {
            StartOptions::Refused => "",
            StartOptions::Ignored => "ignore_startup_parameters = options\n",
        };
        let settings = format!(
            "[databases]\n* = host={} port={} user=keys\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n{ignored}",
            server.folder.display(),
            server.port,
            bouncer.port,
        );
        fs::write(bouncer.settings(), settings).unwrap();
        give(&bouncer.folder);
        bouncer.restart();
        Some(bouncer)
    }

    /// Kills it if it runs, and starts it.
    pub fn restart(&mut self) {
        self.end();
        let mut serve = as_user(Path::new(PROGRAM));
        serve.arg(self.settings());
        self.service = Some(Service::start(serve, &self.folder.join("log")));
        wait_until("PgBouncer does not start", || {
            Client::connect(&self.uri("postgres"), NoTls).is_ok()
        });
    }

    /// The URI of a database of the server.
    pub fn uri(&self, database: &str) -> String {
        format!("postgresql://keys@127.0.0.1:{}/{database}", self.port)
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("pgbouncer.ini")
    }

    fn end(&mut self) {
        if let Some(service) = self.service.take() {
            service.end("KILL");
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.end();
        // The next run removes a folder that remains.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
