// SPDX-License-Identifier: MPL-2.0
//! `serve`: runs the key server with the settings of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use host_access::Host;
use key_server::server::{
    CertificateSource, ConnectionLimits, Retention, ServerSettings, SettingsSource,
};
use url::Url;

use crate::{log, print, process, serve_config};

const EXAMPLES: &str = "\
Examples:
  playready-packager serve --database sqlite://$HOME/keys/keys.db
  playready-packager serve --listen 0.0.0.0:8443 --tls-certificate server.pem --tls-key server.key --client-ca licence-servers.pem
  playready-packager serve --database 'postgresql://keys@db/keys?sslmode=verify-full&kek-credential=playready-kek'

The key-encryption key of the store is the systemd credential 'playready-kek' if the service has it. Otherwise, for an SQLite store,
it is in the file next to the store with '.kek' appended to its name. To use another key, add '?kek-file=PATH' or
'?kek-credential=NAME' to the store's address.

Exit codes:
  0  the server was stopped by a signal
  1  the server could not start
  2  wrong usage";

/// Run the key server, with a web page for operators, a REST interface, and SPEKE for packagers
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Address and port to listen on; TLS is required unless it is a loopback address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The key store: sqlite:///path/keys.db, created if it does not exist, or postgresql://user@host/database
    #[arg(
        long,
        value_name = "STORE",
        default_value = "sqlite:///var/lib/playready-packager/keys.db"
    )]
    pub database: String,
    /// File with the administrator's token of at least 32 characters; without it, a token is created at the first start and shown once
    #[arg(long, value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// The address that operators and packagers use, if it differs from --listen
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Allow delivery targets with loopback, private and link-local addresses
    #[arg(long)]
    pub allow_private_targets: bool,
    /// Create keys only for existing contents; without it, a key request for an unknown content adds the content
    #[arg(long)]
    pub known_contents_only: bool,
    /// File with further options, one a line without "--"; those of the command line override it, and SIGHUP reads it anew
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Format of the log on standard error
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log: LogFormat,
    /// The least important lines that the log has
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
    #[command(flatten)]
    pub retention: RetentionOptions,
    #[command(flatten)]
    pub limits: LimitOptions,
    // The last, because its heading applies to all options after it.
    #[command(flatten)]
    pub tls: TlsOptions,
}

/// The limits of connections.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// The most connections at a time
    #[arg(long, value_name = "NUMBER", default_value = "1024", value_parser = number())]
    pub max_connections: u32,
    /// The most connections of one address at a time; raise it if all clients come through one proxy
    #[arg(long, value_name = "NUMBER", default_value = "256", value_parser = number())]
    pub max_connections_per_address: u32,
    /// Seconds for the TLS handshake and for the head of each request
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds())]
    pub head_timeout: u32,
    /// Seconds that a connection may have no request, and that a client may take to read a response
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds())]
    pub idle_timeout: u32,
}

fn number() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=1_000_000)
}

fn seconds() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=3600)
}

/// The time for which rows are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionOptions {
    /// Days for which rows of the audit log are kept; without it, for ever
    #[arg(long, value_name = "DAYS", value_parser = number())]
    pub keep_audit: Option<u32>,
    /// Days for which acknowledged deliveries of superseded keys are kept; without it, for ever
    #[arg(long, value_name = "DAYS", value_parser = number())]
    pub keep_deliveries: Option<u32>,
    /// Hours for which a request with an Idempotency-Key gets the same response
    #[arg(long, value_name = "HOURS", default_value = "24", value_parser = number())]
    pub keep_answers: u32,
}

/// The certificates of the server and of its clients.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsOptions {
    /// PEM file with the server's certificate and the intermediate certificates
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the server's private key; its mode must be 0600 or stricter
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Folder with a self-signed certificate, which is created if it is missing
    #[arg(long, value_name = "FOLDER", conflicts_with = "tls_certificate")]
    pub tls_self_signed: Option<PathBuf>,
    /// PEM file with the authorities of client certificates, with which accounts may then sign in
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
}

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text per event
    Text,
    /// One JSON object per event
    Json,
}

/// The least important lines of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What an operator must act on
    Error,
    /// What may need action
    Warn,
    /// What has changed
    Info,
    /// Each request
    Debug,
    /// All details
    Trace,
}

/// Runs the server until a signal stops it.
pub fn run(args: ServeArgs, host: &Host) -> ExitCode {
    let args = match serve_config::with_file(args) {
        Ok(args) => args,
        Err(error) => return print::fail(print::FAULTY, &error),
    };
    let log = log::start(args.log, args.log_level);
    let settings = ServerSettings::from(&args);
    if let Err(error) = process::prepare(settings.connections.total) {
        return print::fail(print::FAULTY, &error);
    }
    let source = SettingsSource {
        current: settings,
        read: Box::new(move || reload(&log)),
    };
    match key_server::server::run(source, host) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print::fail(print::FAULTY, &error),
    }
}

/// Reads the options of the file and of the command line anew.
fn reload(log: &log::Log) -> Result<ServerSettings, String> {
    let args = serve_config::read_again().map_err(|error| error.to_string())?;
    if args.log != log.format {
        tracing::warn!(
            setting = "--log",
            "the setting cannot be changed while the server runs: restart it"
        );
    }
    let settings = ServerSettings::from(&args);
    process::allow_files(settings.connections.total).map_err(|error| error.to_string())?;
    log.set_level(args.log_level)?;
    Ok(settings)
}

impl From<&ServeArgs> for ServerSettings {
    fn from(args: &ServeArgs) -> Self {
        let tls = &args.tls;
        let certificate = match (tls.tls_certificate.clone(), tls.tls_key.clone()) {
            (Some(certificate), Some(key)) => Some(CertificateSource::Files { certificate, key }),
            _ => tls
                .tls_self_signed
                .clone()
                .map(CertificateSource::SelfSigned),
        };
        Self {
            listen: args.listen,
            database: args.database.clone(),
            admin_token_file: args.admin_token_file.clone(),
            public_url: args.public_url.clone(),
            certificate,
            client_ca: tls.client_ca.clone(),
            allow_private_targets: args.allow_private_targets,
            known_contents_only: args.known_contents_only,
            connections: (&args.limits).into(),
            retention: (&args.retention).into(),
        }
    }
}

impl From<&RetentionOptions> for Retention {
    fn from(options: &RetentionOptions) -> Self {
        let days = |count: u32| Duration::from_hours(24).saturating_mul(count);
        Self {
            audit: options.keep_audit.map(days),
            deliveries: options.keep_deliveries.map(days),
            answers: Duration::from_hours(options.keep_answers.into()),
        }
    }
}

impl From<&LimitOptions> for ConnectionLimits {
    fn from(options: &LimitOptions) -> Self {
        let seconds = |count: u32| Duration::from_secs(count.into());
        Self {
            total: usize::try_from(options.max_connections).unwrap_or(usize::MAX),
            per_address: usize::try_from(options.max_connections_per_address).unwrap_or(usize::MAX),
            head: seconds(options.head_timeout),
            idle: seconds(options.idle_timeout),
        }
    }
}
