// SPDX-License-Identifier: MPL-2.0
//! The log on standard error, one line per event, as text or JSON. It holds no key, token or query string.

use std::io;

use tracing_subscriber::fmt;

use super::serve::LogFormat;

/// Sends the events of this process to standard error.
pub fn start(format: LogFormat) {
    let subscriber = fmt().with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => subscriber.with_ansi(false).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
