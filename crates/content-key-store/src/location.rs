// SPDX-License-Identifier: MPL-2.0
//! The location of a key store: the URI that the operator gives, without the parts that must not be shown.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::Error;

/// The location of a key store. Printing it shows no user, password or options.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// The file of a SQLite database.
    Sqlite(PathBuf),
    /// A PostgreSQL database: host, port and name, as far as the URI has them.
    Postgres(String),
}

impl Location {
    /// Reads `sqlite:///path` or `postgresql://…`.
    ///
    /// # Errors
    /// [`Error::BadUri`] for anything else.
    pub fn parse(uri: &str) -> Result<Self, Error> {
        if uri.starts_with("sqlite:///") {
            return Self::sqlite(uri).ok_or(Error::BadUri);
        }
        // Url does not read it: a URI of PostgreSQL may have no host, or several.
        let rest = uri
            .strip_prefix("postgresql://")
            .or_else(|| uri.strip_prefix("postgres://"))
            .ok_or(Error::BadUri)?
            .split(['?', '#'])
            .next()
            .unwrap_or_default();
        // A password may hold an unescaped '/' or '@', so all up to the last '@' may be part of it.
        let shown = rest.rsplit_once('@').map_or(rest, |(_, shown)| shown);
        Ok(Self::Postgres(shown.to_owned()))
    }

    fn sqlite(uri: &str) -> Option<Self> {
        let url = Url::parse(uri).ok()?;
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        // Url gives file paths only of file: URLs.
        let path = Url::parse(&format!("file://{}", url.path()))
            .ok()?
            .to_file_path()
            .ok()?;
        path.file_name()?;
        Some(Self::Sqlite(path))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(shown) => write!(f, "postgresql://{shown}"),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        for (uri, shown) in [
            ("postgresql://alice:secret@db:5433/keys", "db:5433/keys"),
            (
                "postgres://alice:sec/r@et@db/keys?password=secret",
                "db/keys",
            ),
            ("postgresql:///keys?host=/run/x&password=secret", "/keys"),
            ("postgresql://db/keys#secret", "db/keys"),
        ] {
            let location = Location::parse(uri).unwrap();
            assert_eq!(location.to_string(), format!("postgresql://{shown}"));
            assert_eq!(format!("{location:?}"), location.to_string());
        }
    }

    #[test]
    fn sqlite_takes_whole_paths() {
        let location = Location::parse("sqlite:///var/lib/a%20b/keys.db").unwrap();
        assert_eq!(location, Location::Sqlite("/var/lib/a b/keys.db".into()));
        for uri in [
            "sqlite://keys.db",
            "sqlite:keys.db",
            "sqlite:///",
            "sqlite:///x?mode=memory",
            "/keys.db",
            "mysql://x",
            "",
        ] {
            assert!(matches!(Location::parse(uri), Err(Error::BadUri)), "{uri}");
        }
    }
}
