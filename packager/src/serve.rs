// SPDX-License-Identifier: MPL-2.0
//! The options of `serve`, and which of them go together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use host_access::Host;
use key_server::server::{CertificateSource, ServerSettings};
use url::Url;

use crate::{log, print};

const EXAMPLES: &str = "\
Examples:
  playready-packager serve --database sqlite://$HOME/keys/keys.db
  playready-packager serve --listen 0.0.0.0:8443 --tls-certificate server.pem --tls-key server.key --client-ca licence-servers.pem
  playready-packager serve --database 'postgresql://keys@db/keys?sslmode=verify-full&kek-credential=playready-kek'

The key-encryption key of the store is the systemd credential 'playready-kek', where the service has one, or the file beside an
SQLite store that has its name and '.kek' behind it; '?kek-file=PATH' or '?kek-credential=NAME' in the store's address names another.

Exit codes:
  0  stopped as it was told to
  1  it could not start
  2  wrong usage";

/// Serve keys: a page for operators, REST, and SPEKE for packagers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Address and port; any but a loopback address needs TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The key store: sqlite:///path/keys.db, made where it does not exist, or postgresql://user@host/database
    #[arg(
        long,
        value_name = "STORE",
        default_value = "sqlite:///var/lib/playready-packager/keys.db"
    )]
    pub database: String,
    /// File of the administrator's token, at least 32 characters; without it, one is made at the first start and shown once
    #[arg(long, value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// The address that people and packagers use, where it is another than that of --listen
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    #[command(flatten)]
    pub tls: TlsOptions,
    /// Let delivery targets that are set on the page be in this network: loopback, private and link-local addresses
    #[arg(long)]
    pub allow_private_targets: bool,
    /// Make keys only for contents that were set up; else whoever may ask for keys adds a content by asking
    #[arg(long)]
    pub known_contents_only: bool,
    /// What the log on standard error looks like
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
}

/// What the server shows for itself, and whom it believes.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsOptions {
    /// PEM file of the server's certificate and those between it and the root
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file of its private key, of mode 0600 or stricter
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Folder of a self-signed certificate, which is made where it is missing
    #[arg(long, value_name = "FOLDER", conflicts_with = "tls_certificate")]
    pub tls_self_signed: Option<PathBuf>,
    /// PEM file of the certificates that sign those of clients: accounts may then sign in by theirs
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
}

/// What the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text for each event
    Text,
    /// A JSON object for each event
    Json,
}

/// Serves until it is told to stop.
pub fn run(args: ServeArgs, host: &Host) -> ExitCode {
    log::start(args.log);
    match key_server::server::run(&args.into(), host) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

impl From<ServeArgs> for ServerSettings {
    fn from(args: ServeArgs) -> Self {
        let files = args.tls.tls_certificate.zip(args.tls.tls_key);
        let files = files.map(|(certificate, key)| CertificateSource::Files { certificate, key });
        let self_signed = args.tls.tls_self_signed.map(CertificateSource::SelfSigned);
        Self {
            listen: args.listen,
            database: args.database,
            admin_token_file: args.admin_token_file,
            public_url: args.public_url,
            certificate: files.or(self_signed),
            client_ca: args.tls.client_ca,
            allow_private_targets: args.allow_private_targets,
            known_contents_only: args.known_contents_only,
        }
    }
}
