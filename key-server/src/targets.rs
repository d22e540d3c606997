// SPDX-License-Identifier: MPL-2.0
//! Targets: the licence servers that receive keys. Their credentials are stored wrapped, as keys are, and are never listed.

use std::time::Duration;

use content_key_store::{
    Error as StoreError, KeyStore, RequestError, Row, SignedRow, Transaction, Value, check_name,
};
use key_http_client::Server;
use url::Url;
use zeroize::Zeroizing;

use crate::fingerprints::fingerprints;

macro_rules! columns {
    () => {
        "name, url, certificate, ca, timeout, CAST(length(wrapped) AS BIGINT) FROM target"
    };
}

/// The most characters of an address or of PEM.
const MAX_TEXT: usize = 1 << 16;

/// Errors of targets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// There is no such target.
    #[error("no target '{0}' in the store: check its name, or add it")]
    NoTarget(String),
    /// A target's settings cannot be used.
    #[error("cannot use the target: {0}")]
    BadTarget(&'static str),
    /// A content requires a target.
    #[error("content '{content}' requires target '{target}': take it from the content first")]
    TargetRequired {
        /// The target.
        target: String,
        /// The first content that requires it.
        content: String,
    },
    /// The store failed or refused the request.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RequestError for TargetError {
    fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_temporary())
    }
}

/// The settings of a licence server, without its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSettings {
    /// Its name, by which contents refer to it; 1 to 200 characters.
    pub name: String,
    /// The URL for documents, `https://…` or `http://…`, without user and password.
    pub url: String,
    /// PEM; keys are encrypted to its first certificate. None if they go in the clear within TLS.
    pub certificate: Option<String>,
    /// The trusted certificates for TLS in PEM; None for those of the system.
    pub ca: Option<String>,
    /// The timeout of an attempt, 1 to 300 seconds.
    pub timeout: Duration,
    /// True if the store has credentials for it; ignored by [`put`].
    pub has_credentials: bool,
}

/// Adds a target, or changes the one of that name. Credentials are lines as in a file of credentials; an empty text removes
/// the stored ones. None keeps them, unless the URL or the trusted certificates change: whoever may change these must not
/// learn the credentials.
///
/// # Errors
/// [`StoreError::BadName`], [`TargetError::BadTarget`].
pub fn put(
    store: &KeyStore,
    target: &TargetSettings,
    credentials: Option<&str>,
) -> Result<(), TargetError> {
    check(target)?;
    store.write("put target", &target.name, |transaction| {
        let before = load(transaction, &target.name)?;
        let has_others = before
            .is_some_and(|before| before.has_credentials && !before.keeps_credentials(target));
        store_row(transaction, target)?;
        let (credentials, change) = match credentials {
            None if has_others => (
                Some(""),
                ", credentials removed: they were for another url or ca",
            ),
            None => (None, ""),
            Some("") => (Some(""), ", without credentials"),
            Some(text) => (Some(text), ", with new credentials"),
        };
        if let Some(credentials) = credentials {
            store_credentials(transaction, &target.name, credentials)?;
        }
        transaction.sign(SignedRow::Target(&target.name))?;
        Ok(((), format!("ok: {}{change}", description(target))))
    })
}

/// Lists all targets, sorted by name.
///
/// # Errors
/// If the database fails.
pub fn list(store: &KeyStore) -> Result<Vec<TargetSettings>, StoreError> {
    store
        .read(|transaction| {
            transaction.verify_rows()?;
            transaction.run(concat!("SELECT ", columns!(), " ORDER BY name"), &[])
        })?
        .into_iter()
        .map(|mut row| TargetSettings::from_row(&mut row))
        .collect()
}

/// Returns a target by its name.
///
/// # Errors
/// [`TargetError::NoTarget`].
pub fn get(store: &KeyStore, name: &str) -> Result<TargetSettings, TargetError> {
    store
        .read(|transaction| load(transaction, name))?
        .ok_or_else(|| TargetError::NoTarget(name.to_owned()))
}

fn load(
    transaction: &mut Transaction<'_>,
    name: &str,
) -> Result<Option<TargetSettings>, StoreError> {
    transaction.verify(SignedRow::Target(name))?;
    transaction
        .one(
            concat!("SELECT ", columns!(), " WHERE name = $1"),
            &[name.into()],
        )?
        .map(|mut row| TargetSettings::from_row(&mut row))
        .transpose()
}

/// Describes a target for the audit: its URL without the values of its query, and the fingerprints of its certificates.
fn description(target: &TargetSettings) -> String {
    let url = Server::at(&target.url).map_or_else(|_| String::new(), |server| server.to_string());
    let keys = match &target.certificate {
        Some(pem) => format!("keys encrypted to {}", fingerprints(pem)),
        None => "keys in the clear".to_owned(),
    };
    match &target.ca {
        Some(pem) => format!("{url}, {keys}, ca {}", fingerprints(pem)),
        None => format!("{url}, {keys}"),
    }
}

/// Removes a target and its credentials.
///
/// # Errors
/// [`TargetError::NoTarget`], [`TargetError::TargetRequired`] while a content requires it.
pub fn remove(store: &KeyStore, name: &str) -> Result<(), TargetError> {
    store.write("remove target", name, |transaction| {
        if let Some(mut row) = transaction.one(
            "SELECT content_id FROM content_target WHERE target = $1 ORDER BY content_id LIMIT 1",
            &[name.into()],
        )? {
            return Err(TargetError::TargetRequired {
                target: name.to_owned(),
                content: row.text()?,
            });
        }
        transaction
            .one(
                "DELETE FROM target WHERE name = $1 RETURNING name",
                &[name.into()],
            )?
            .ok_or_else(|| TargetError::NoTarget(name.to_owned()))?;
        transaction.sign(SignedRow::Target(name))?;
        Ok(((), "ok".to_owned()))
    })
}

/// Returns the credentials of a target, for use with it only; the audit does not record it.
///
/// # Errors
/// [`TargetError::NoTarget`], [`StoreError::Tampered`].
pub fn credentials(store: &KeyStore, name: &str) -> Result<Option<Zeroizing<String>>, TargetError> {
    store.read(|transaction| {
        transaction.verify(SignedRow::Target(name))?;
        let mut row = transaction
            .one("SELECT wrapped FROM target WHERE name = $1", &[name.into()])?
            .ok_or_else(|| TargetError::NoTarget(name.to_owned()))?;
        let Some(wrapped) = row.optional_blob()? else {
            return Ok(None);
        };
        let mut clear = transaction.unwrap_credentials(name, &wrapped)?;
        // The bytes move, so that no copy stays.
        String::from_utf8(std::mem::take(&mut *clear))
            .map(|text| Some(Zeroizing::new(text)))
            .map_err(|_| StoreError::Damaged("credentials are not utf-8").into())
    })
}

/// Checks a target on its own.
///
/// # Errors
/// [`StoreError::BadName`], [`TargetError::BadTarget`].
pub fn check(target: &TargetSettings) -> Result<(), TargetError> {
    check_name("target's name", &target.name)?;
    if target.name.chars().count() > 200 {
        return Err(TargetError::BadTarget(
            "its name has more than 200 characters",
        ));
    }
    let url =
        Url::parse(&target.url).map_err(|_| TargetError::BadTarget("its address is not a URI"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TargetError::BadTarget(
            "its address is neither http nor https",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::BadTarget(
            "its address has a user or password: give them as credentials",
        ));
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(300)).contains(&target.timeout) {
        return Err(TargetError::BadTarget(
            "its timeout is not 1 to 300 seconds",
        ));
    }
    match [
        Some(&target.url),
        target.certificate.as_ref(),
        target.ca.as_ref(),
    ]
    .into_iter()
    .flatten()
    .any(|text| text.len() > MAX_TEXT || text.contains('\0'))
    {
        true => Err(TargetError::BadTarget(
            "its address or a certificate is longer than 64 KiB or contains a NUL character",
        )),
        false => Ok(()),
    }
}

fn store_row(transaction: &mut Transaction<'_>, target: &TargetSettings) -> Result<(), StoreError> {
    transaction.run(
        "INSERT INTO target (name, url, certificate, ca, timeout) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name) DO UPDATE SET url = $2, certificate = $3, ca = $4, timeout = $5",
        &[
            target.name.as_str().into(),
            target.url.as_str().into(),
            target.certificate.as_deref().into(),
            target.ca.as_deref().into(),
            i64::try_from(target.timeout.as_millis())
                .map_err(|_| StoreError::OutOfRange("the timeout"))?
                .into(),
        ],
    )?;
    Ok(())
}

fn store_credentials(
    transaction: &mut Transaction<'_>,
    name: &str,
    credentials: &str,
) -> Result<(), StoreError> {
    let wrapped = match credentials {
        "" => Value::Null,
        text => transaction.wrap_credentials(name, text.as_bytes())?.into(),
    };
    transaction.run(
        "UPDATE target SET wrapped = $2 WHERE name = $1",
        &[name.into(), wrapped],
    )?;
    Ok(())
}

impl TargetSettings {
    /// True if the credentials of this target may be sent to the target with the settings `new`.
    pub fn keeps_credentials(&self, new: &Self) -> bool {
        self.has_credentials && self.url == new.url && self.ca == new.ca
    }

    fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.text()?,
            url: row.text()?,
            certificate: row.optional_text()?,
            ca: row.optional_text()?,
            timeout: Duration::from_millis(row.int()?.unsigned_abs()),
            has_credentials: row.optional_int()?.is_some(),
        })
    }
}
