// SPDX-License-Identifier: MPL-2.0
//! The log on standard error: one line for each event, as text or JSON. What is logged holds no key, token or query.

use std::io;

use tracing_subscriber::fmt;

use super::serve::LogFormat;

pub fn start(format: LogFormat) {
    let lines = fmt().with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
