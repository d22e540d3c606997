// SPDX-License-Identifier: MPL-2.0
//! The log on standard error, one line per event, as text or JSON. It holds no key, token or query string.

use std::io;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

use super::serve::{LogFormat, LogLevel};

/// The log of this process.
pub struct Log {
    /// Its format, which stays.
    pub format: LogFormat,
    level: reload::Handle<LevelFilter, Registry>,
}

/// Sends the events of this process to standard error.
pub fn start(format: LogFormat, level: LogLevel) -> Log {
    let (filter, handle) = reload::Layer::new(LevelFilter::from(level));
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => registry.with(lines.with_ansi(false)).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
    Log {
        format,
        level: handle,
    }
}

impl Log {
    /// Sets the level.
    ///
    /// # Errors
    /// If the log is gone.
    pub fn set_level(&self, level: LogLevel) -> Result<(), String> {
        let new = LevelFilter::from(level);
        let before = self.level.with_current(|level| *level);
        if before.as_ref().is_ok_and(|before| *before == new) {
            return Ok(());
        }
        self.level.reload(new).map_err(|error| error.to_string())?;
        tracing::info!(setting = "--log-level", to = %new, "setting changed");
        Ok(())
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}
