// SPDX-License-Identifier: MPL-2.0
//! Passwords outside the URI: PGPASSWORD, or a password file (PostgreSQL 17 manual, 32.16).

use std::env;
use std::path::PathBuf;

use host_access::SecretFiles;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use zeroize::Zeroizing;

use crate::Error;

/// Sets the password for the first host of the configuration, if there is one: `PGPASSWORD`, or the matching line of the given file,
/// of `PGPASSFILE` or of `~/.pgpass`.
pub(super) fn set_password(
    config: &mut Config,
    given: Option<PathBuf>,
    files: &dyn SecretFiles,
) -> Result<(), Error> {
    if let Ok(password) = env::var("PGPASSWORD").map(Zeroizing::new) {
        config.password(password.as_bytes());
        return Ok(());
    }
    let Some(path) = given
        .or_else(|| env::var_os("PGPASSFILE").map(PathBuf::from))
        .or_else(|| {
            let path = PathBuf::from(env::var_os("HOME")?).join(".pgpass");
            path.exists().then_some(path)
        })
    else {
        return Ok(());
    };
    let text = files.read(&path).map_err(Error::PasswordFile)?;
    if let Some(password) = find(&text, &wanted(config)) {
        config.password(password.as_bytes());
    }
    Ok(())
}

/// Returns the values with which a line's first four fields are compared.
fn wanted(config: &Config) -> [String; 4] {
    let user = config.get_user().unwrap_or_default();
    [
        match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            // The manual demands this name for sockets.
            Some(Host::Unix(_)) | None => "localhost".to_owned(),
        },
        config.get_ports().first().unwrap_or(&5432).to_string(),
        config.get_dbname().unwrap_or(user).to_owned(),
        user.to_owned(),
    ]
}

fn find(text: &str, wanted: &[String; 4]) -> Option<Zeroizing<String>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(fields)
        .find_map(|mut fields| {
            let password = (fields.len() == 5).then(|| fields.pop())??;
            fields
                .iter()
                .zip(wanted)
                .all(|(field, wanted)| field.as_str() == "*" || **field == *wanted)
                .then_some(password)
        })
}

/// Splits a line `host:port:database:user:password`, in which `\:` and `\\` stand for those characters.
fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let new = || Zeroizing::new(String::with_capacity(line.len()));
    let (mut fields, mut field, mut characters) = (Vec::new(), new(), line.chars());
    while let Some(character) = characters.next() {
        match character {
            ':' => fields.push(std::mem::replace(&mut field, new())),
            '\\' => field.extend(characters.next()),
            _ => field.push(character),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n\
        db:5432:keys:alice:first\n\
        *:5432:*:bob:a\\:b\\\\c\n\
        short:line\n\
        *:*:*:*:last\n";

    // The rules are those of the manual: the first line that fits counts, '*' fits anything, a backslash protects.
    #[test]
    fn first_line_that_fits_counts() {
        let password = |wanted: [&str; 4]| {
            let found = find(FILE, &wanted.map(str::to_owned));
            found.map(|found| found.as_str().to_owned())
        };
        assert_eq!(
            password(["db", "5432", "keys", "alice"]).as_deref(),
            Some("first")
        );
        assert_eq!(
            password(["x", "5432", "y", "bob"]).as_deref(),
            Some("a:b\\c")
        );
        assert_eq!(
            password(["db", "5433", "keys", "alice"]).as_deref(),
            Some("last")
        );
        assert!(
            find(
                "db:1:keys:alice:x",
                &["db", "2", "keys", "alice"].map(str::to_owned)
            )
            .is_none()
        );
    }

    #[test]
    fn sockets_are_localhost_and_the_database_is_the_users() {
        let config = "postgresql://alice@%2Frun%2Fpg".parse().unwrap();
        assert_eq!(wanted(&config), ["localhost", "5432", "alice", "alice"]);
    }
}
