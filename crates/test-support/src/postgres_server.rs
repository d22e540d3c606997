// SPDX-License-Identifier: MPL-2.0
//! Runs a PostgreSQL server for the tests, on a socket and a port of its own. It ends with the last test that uses it, or with the
//! process of the tests. A test may have servers of its own, stop and start them, and give them standbys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use postgres::{Client, NoTls};

use crate::service::{
    Service, as_user, free_port, give, new_folder, sleep_a_moment, succeed, wait_until,
};
use crate::tools;

/// The password of the user `keys`. Connections over TLS must give it.
const PASSWORD: &str = "pass:wo\\rd";
/// The same, as a line of a password file for any host, port and database.
pub const PASSWORD_LINE: &str = "*:*:*:keys:pass\\:wo\\\\rd\n";
/// A host name of another machine, for which the server has a certificate too. It needs `hostaddr=127.0.0.1`.
pub const OTHER_HOST: &str = "database.example";

/// A server, which runs unless the test has stopped it.
pub struct PostgresServer {
    /// The folder with its data, its socket, its certificate `server.pem`, and one of the same names under another key, `other.pem`.
    pub folder: PathBuf,
    /// Its port.
    pub port: u16,
    programs: PathBuf,
    service: Option<Service>,
}

impl PostgresServer {
    /// The server of this process. Returns None and reports a skipped test where PostgreSQL is not installed.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::own(test)?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    /// A server for one test alone. Returns None and reports a skipped test where PostgreSQL is not installed.
    pub fn own(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            tools::skip(test, "PostgreSQL's server is not installed");
            return None;
        };
        let mut server = Self::new(programs);
        certify(&server.folder);
        give(&server.folder);
        let mut make = as_user(&server.programs.join("initdb"));
        make.args([
            "--auth=trust",
            "--username=keys",
            "--no-sync",
            "--encoding=UTF8",
            "--wal-segsize=1",
            "-D",
        ]);
        succeed(make.arg(server.data()));
        let rules = "local all,replication all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(server.data().join("pg_hba.conf"), rules).unwrap();
        server.start();
        server.run(&format!("ALTER USER keys PASSWORD '{PASSWORD}'"));
        Some(server)
    }

    fn new(programs: PathBuf) -> Self {
        Self {
            folder: new_folder(),
            port: free_port(),
            programs,
            service: None,
        }
    }

    /// A copy of this server that follows it and only reads.
    pub fn standby(&self) -> Self {
        let mut standby = Self::new(self.programs.clone());
        for name in ["server.pem", "server.key", "other.pem", "other.key"] {
            fs::copy(self.folder.join(name), standby.folder.join(name)).unwrap();
        }
        give(&standby.folder);
        let primary = format!(
            "host={} port={} user=keys application_name=standby",
            self.folder.display(),
            self.port
        );
        let mut copy = as_user(&self.programs.join("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        copy.args(["--dbname", &primary, "-D"]);
        succeed(copy.arg(standby.data()));
        standby.start();
        standby
    }

    /// Lets commits wait for a standby, and waits until one follows.
    pub fn require_standby(&self) {
        self.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        self.run("SELECT pg_reload_conf()");
        let mut client = Client::connect(&self.uri("postgres"), NoTls).unwrap();
        wait_until("no standby follows", || {
            let sql = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
            !client.query(sql, &[]).unwrap().is_empty()
        });
    }

    /// Waits until all standbys have all changes.
    pub fn wait_for_standbys(&self) {
        let mut client = Client::connect(&self.uri("postgres"), NoTls).unwrap();
        wait_until("a standby lacks changes", || {
            let sql = "SELECT 1 FROM pg_stat_replication
                WHERE replay_lsn IS NULL OR replay_lsn < pg_current_wal_lsn()";
            client.query(sql, &[]).unwrap().is_empty()
        });
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.run("SELECT pg_promote()");
    }

    /// Starts the server, and waits until it takes connections.
    pub fn start(&mut self) {
        let uri = self.uri("postgres");
        wait_until("PostgreSQL does not start", || {
            // It does not start while processes of a server that was killed are left.
            if !self.service.as_ref().is_some_and(Service::runs) {
                let log = self.folder.join("log");
                self.service = Some(Service::start(self.command(), &log));
            }
            sleep_a_moment();
            Client::connect(&uri, NoTls).is_ok()
        });
    }

    /// Ends the server by a signal to its main process: `KILL`; `QUIT`, with which all its processes end at once; `INT`, with which
    /// it ends its connections first.
    pub fn end(&mut self, signal: &'static str) {
        if let Some(service) = self.service.take() {
            service.end(signal);
        }
    }

    fn command(&self) -> Command {
        let mut serve = as_user(&self.programs.join("postgres"));
        let folder = self.folder.display();
        // The tests kill programs, not the machine: no data needs to reach the disk.
        for option in [
            format!("unix_socket_directories={folder}"),
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={folder}/server.pem"),
            format!("ssl_key_file={folder}/server.key"),
            "fsync=off".to_owned(),
            "shared_buffers=16MB".to_owned(),
            // Shared memory is in the folder, which is removed after the server is killed. Files in /dev/shm would remain.
            "dynamic_shared_memory_type=mmap".to_owned(),
        ] {
            serve.args(["-c", &option]);
        }
        serve.arg("-D").arg(self.data());
        serve
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The URI of a database over the server's socket.
    pub fn uri(&self, database: &str) -> String {
        format!("postgresql://keys@{}/{database}", self.address())
    }

    /// The folder of the server's socket and the port, as a URI has them.
    pub fn address(&self) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("{folder}:{}", self.port)
    }

    /// Runs SQL statements in the database `postgres`.
    pub fn run(&self, sql: &str) {
        run(&self.uri("postgres"), sql).unwrap();
    }

    /// Makes an empty database and returns its URI.
    pub fn new_database(&self) -> String {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("test{count}");
        self.run(&format!("CREATE DATABASE {name}"));
        self.uri(&name)
    }

    /// The bytes of a database's files and of the log, after a checkpoint.
    pub fn files(&self, uri: &str) -> Vec<Vec<u8>> {
        let mut client = Client::connect(uri, NoTls).unwrap();
        client.batch_execute("CHECKPOINT").unwrap();
        let sql = "SELECT oid FROM pg_database WHERE datname = current_database()";
        let oid: u32 = client.query_one(sql, &[]).unwrap().get(0);
        [format!("data/base/{oid}"), "data/pg_wal".to_owned()]
            .iter()
            .flat_map(|folder| fs::read_dir(self.folder.join(folder)).unwrap())
            // An entry that cannot be read is a folder, or was removed meanwhile.
            .flat_map(|entry| fs::read(entry.unwrap().path()))
            .collect()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.end("KILL");
        // The next run removes a folder that remains.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs SQL statements directly, without the store.
pub fn run(uri: &str, sql: &str) -> Result<(), String> {
    Client::connect(uri, NoTls)
        .unwrap()
        .batch_execute(sql)
        .map_err(|e| {
            e.as_db_error()
                .map_or_else(|| e.to_string(), |e| e.message().to_owned())
        })
}

/// The folder with the programs of the newest version, where Debian installs them.
fn programs() -> Option<PathBuf> {
    fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("postgres").exists())
        .max()
}

/// Makes two self-signed certificates for localhost and [`OTHER_HOST`].
fn certify(folder: &Path) {
    for name in ["server", "other"] {
        let mut make = Command::new("openssl");
        make.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ]);
        let names = format!("subjectAltName=DNS:localhost,DNS:{OTHER_HOST}");
        make.args(["-days", "2", "-subj", "/CN=localhost", "-addext", &names]);
        make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        make.arg("-keyout").arg(folder.join(format!("{name}.key")));
        make.arg("-out").arg(folder.join(format!("{name}.pem")));
        succeed(&mut make);
    }
}
