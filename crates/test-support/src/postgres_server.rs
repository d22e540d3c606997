// SPDX-License-Identifier: MPL-2.0
//! Runs a PostgreSQL server for the tests, on a socket and a port of its own, as a user who is not root. It ends with the
//! last test that uses it, or with the process of the tests.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::launch::Run;
use crate::tools;

/// The password of the user. Connections over TLS must give it.
const PASSWORD: &str = "pass:wo\\rd";

/// The start of the folders' names. The id of the process follows.
const FOLDER: &str = "playready-postgres-";

/// A running server.
pub struct PostgresServer {
    /// The folder with its data and its socket.
    pub folder: PathBuf,
    /// Its port.
    pub port: u16,
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl PostgresServer {
    /// The server of this process. Returns None and reports a skipped test where PostgreSQL is not installed.
    pub fn shared(test: &str) -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let Some(programs) = programs() else {
            tools::skip(test, "PostgreSQL's server is not installed");
            return None;
        };
        let server = Arc::new(Self::start(&programs));
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn start(programs: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // The folder is not below the target folder, which the user may be unable to reach, and the path of a socket must be
        // short.
        sweep();
        let folder = std::env::temp_dir().join(format!("{FOLDER}{}-{count}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        certify(&folder);
        if is_root() {
            succeed(Command::new("chown").args(["-R", "postgres:"]).arg(&folder));
        }
        let data = folder.join("data");
        let mut make = as_user(&programs.join("initdb"));
        make.args([
            "--auth=trust",
            "--username=keys",
            "--no-sync",
            "--encoding=UTF8",
            "--wal-segsize=1",
            "-D",
        ]);
        succeed(make.arg(&data));
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), rules).unwrap();
        let port = free_port();
        let mut serve = as_user(&programs.join("postgres"));
        let folder_text = folder.display();
        // The tests kill programs, not the machine: no data needs to reach the disk.
        for option in [
            format!("unix_socket_directories={folder_text}"),
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={folder_text}/server.pem"),
            format!("ssl_key_file={folder_text}/server.key"),
            "fsync=off".to_owned(),
            "shared_buffers=16MB".to_owned(),
            // Shared memory is in the folder, which is removed after the server is killed. Files in /dev/shm would remain.
            "dynamic_shared_memory_type=mmap".to_owned(),
        ] {
            serve.args(["-c", &option]);
        }
        serve.arg("-D").arg(&data);
        serve.stdin(Stdio::null()).stdout(Stdio::null());
        serve.stderr(fs::File::create(folder.join("log")).unwrap());
        let (stop, thread) = keep(serve);
        let server = Self {
            folder,
            port,
            stop,
            thread: Some(thread),
        };
        server.wait();
        server
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        while let Err(error) = Client::connect(&self.uri("postgres"), NoTls) {
            let log = || fs::read_to_string(self.folder.join("log"));
            assert!(Instant::now() < until, "{error}: {:?}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        let sql = format!("ALTER USER keys PASSWORD '{PASSWORD}'");
        run(&self.uri("postgres"), &sql).unwrap();
    }

    /// The URI of a database over the server's socket.
    fn uri(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://keys@{folder}:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its URI.
    pub fn new_database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
        run(&self.uri("postgres"), &format!("CREATE DATABASE {name}")).unwrap();
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
        let _ = self.stop.send(());
        let _ = self.thread.take().map(JoinHandle::join);
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

/// Runs a server on a thread that lasts until it is to stop: the server ends with the thread that started it.
fn keep(mut serve: Command) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let mut child = serve.spawn().unwrap();
        let _ = stopped.recv();
        child.kill().unwrap();
        child.wait().unwrap();
    });
    (stop, thread)
}

/// Removes the folders of processes that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name
            .strip_prefix(FOLDER)
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A command that runs as a user who is not root, and that ends when its parent does.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.current_dir("/");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn succeed(command: &mut Command) {
    Run::of(command).succeeded();
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

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Makes two self-signed certificates for localhost.
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
        make.args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ]);
        make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        make.arg("-keyout").arg(folder.join(format!("{name}.key")));
        make.arg("-out").arg(folder.join(format!("{name}.pem")));
        succeed(&mut make);
    }
}
