// SPDX-License-Identifier: MPL-2.0
//! The place of a store: a database of its own, and a folder with its key-encryption keys.

use std::path::PathBuf;

use content_key_store::{KekSource, KeyStore};

use crate::scratch::Scratch;

/// A database that is removed when the test ends.
pub struct Place {
    pub uri: String,
    pub scratch: Scratch,
    #[cfg(feature = "postgres")]
    pub server: Option<std::sync::Arc<super::server::PostgresServer>>,
}

/// A place for each back end.
pub fn places(test: &str) -> Vec<Place> {
    let sqlite = sqlite(test);
    #[cfg(feature = "postgres")]
    if let Some(server) = super::server::PostgresServer::shared(test) {
        return vec![sqlite, postgres(test, server)];
    }
    vec![sqlite]
}

pub fn sqlite(test: &str) -> Place {
    let scratch = Scratch::new(test);
    Place {
        uri: format!("sqlite://{}/store/keys.db", scratch.path().display()),
        scratch,
        #[cfg(feature = "postgres")]
        server: None,
    }
}

#[cfg(feature = "postgres")]
pub fn postgres(test: &str, server: std::sync::Arc<super::server::PostgresServer>) -> Place {
    Place {
        uri: server.new_database(),
        scratch: Scratch::new(test),
        server: Some(server),
    }
}

impl Place {
    pub fn kek(&self) -> KekSource {
        KekSource::File(self.kek_path("kek"))
    }

    pub fn kek_path(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    pub fn open(&self) -> KeyStore {
        KeyStore::open(&self.uri, &[self.kek()], &host_access::Host::system())
            .unwrap_or_else(|e| panic!("{}: {e}", self.uri))
    }

    /// Runs SQL statements directly, without the store.
    pub fn run(&self, sql: &str) -> Result<(), String> {
        #[cfg(feature = "postgres")]
        if self.server.is_some() {
            return super::server::run(&self.uri, sql);
        }
        let connection = rusqlite::Connection::open(self.sqlite_path()).unwrap();
        let keys = connection.execute_batch("PRAGMA foreign_keys = ON");
        keys.and_then(|()| connection.execute_batch(sql))
            .map_err(|e| e.to_string())
    }

    pub fn sqlite_path(&self) -> PathBuf {
        self.scratch.join("store/keys.db")
    }

    /// Drops triggers, as the owner of the database can, so that statements may break their rules.
    pub fn drop_triggers(&self, table: &str, names: &[&str]) {
        for name in names {
            let on_table = match self.is_sqlite() {
                true => String::new(),
                false => format!(" ON {table}"),
            };
            self.run(&format!("DROP TRIGGER {name}{on_table}")).unwrap();
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.uri.starts_with("sqlite:")
    }

    /// Bytes as an SQL literal.
    pub fn literal(&self, bytes: &[u8]) -> String {
        match self.is_sqlite() {
            true => format!("x'{}'", super::hex(bytes)),
            false => format!("'\\x{}'::bytea", super::hex(bytes)),
        }
    }

    /// The bytes of all files of the database.
    pub fn files(&self) -> Vec<Vec<u8>> {
        #[cfg(feature = "postgres")]
        if let Some(server) = &self.server {
            return server.files(&self.uri);
        }
        let folder = std::fs::read_dir(self.scratch.join("store")).unwrap();
        folder
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }
}
