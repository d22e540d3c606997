// SPDX-License-Identifier: MPL-2.0
//! Accounts of the people and programs that may use the server, with their roles. Accounts are disabled, never removed, since the
//! audit names them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use content_key_store::{
    ContentPattern, ContentScope, Error as StoreError, KeyStore, Row, SignedRow, Transaction,
    check_name,
};

mod error;
mod role;

pub use error::AccountError;
pub use role::Role;

/// A person or a program that may use the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// SHA-256 of the DER client certificate that it signs in with over mutual TLS.
    pub certificate: Option<[u8; 32]>,
    /// The contents that it may use.
    pub contents: ContentScope,
    /// The time when it was added.
    pub created: SystemTime,
    /// The time when it was disabled; None while it is enabled.
    pub disabled: Option<SystemTime>,
}

/// The settings of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountSettings {
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// SHA-256 of the DER client certificate that it signs in with over mutual TLS.
    pub certificate: Option<[u8; 32]>,
    /// The contents that it may use; None for those that it has, or all for a new account.
    pub contents: Option<ContentScope>,
}

impl AccountSettings {
    /// Makes the settings of an account with roles and without a certificate.
    pub fn with_roles(roles: impl IntoIterator<Item = Role>) -> Self {
        Self {
            roles: roles.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// Adds an account, or replaces the settings of an account. It stays enabled or disabled.
///
/// # Errors
/// [`content_key_store::Error::BadName`], [`AccountError::CertificateTaken`], [`AccountError::LastAdmin`],
/// [`AccountError::WholeStore`].
pub fn put(store: &KeyStore, name: &str, settings: &AccountSettings) -> Result<(), AccountError> {
    check_name("account's name", name)?;
    store.write("put account", name, |transaction| {
        let before = contents_of(transaction, name)?;
        let contents = settings.contents.as_ref().unwrap_or(&before);
        check_scope(&settings.roles, contents)?;
        keep_admin(transaction, |transaction| {
            store_row(transaction, name, settings.certificate)?;
            replace_roles(transaction, name, &settings.roles)?;
            replace_contents(transaction, name, contents)
        })?;
        transaction.sign(SignedRow::Account(name))?;
        let changed = match *contents == before {
            true => String::new(),
            false => format!(", before: {before}"),
        };
        Ok((
            (),
            format!("{}; contents: {contents}{changed}", description(settings)),
        ))
    })
}

/// Describes the roles and the certificate of an account for the audit.
fn description(settings: &AccountSettings) -> String {
    let names: Vec<_> = settings.roles.iter().map(|role| role.name()).collect();
    let with = settings.certificate.map_or("", |_| " with a certificate");
    format!("roles: {}{with}", names.join(", "))
}

/// Refuses to limit an account whose role concerns the whole store: an administrator could lift the limit, and the audit is of all
/// contents.
fn check_scope(roles: &BTreeSet<Role>, contents: &ContentScope) -> Result<(), AccountError> {
    match roles
        .iter()
        .find(|role| contents.is_limited() && role.is_of_whole_store())
    {
        Some(role) => Err(AccountError::WholeStore(*role)),
        None => Ok(()),
    }
}

/// Gives an account the role admin, and adds or enables it, so that somebody can sign in again.
///
/// # Errors
/// If the database fails.
pub fn restore_admin(store: &KeyStore, name: &str) -> Result<(), AccountError> {
    let account = match get(store, name) {
        Err(AccountError::NoAccount(_)) => {
            return put(store, name, &AccountSettings::with_roles(Role::ALL));
        }
        account => account?,
    };
    if account.disabled.is_some() {
        set_disabled(store, name, false)?;
    }
    if !account.roles.contains(&Role::Admin) {
        let settings = AccountSettings {
            roles: account.roles.iter().copied().chain([Role::Admin]).collect(),
            certificate: account.certificate,
            contents: Some(ContentScope::default()),
        };
        put(store, name, &settings)?;
    }
    Ok(())
}

/// Returns an account by its name.
///
/// # Errors
/// [`AccountError::NoAccount`].
pub fn get(store: &KeyStore, name: &str) -> Result<Account, AccountError> {
    store.read(|transaction| load(transaction, name))
}

/// Lists all accounts in alphabetical order.
///
/// # Errors
/// If the database fails.
pub fn list(store: &KeyStore) -> Result<Vec<Account>, StoreError> {
    store.read(|transaction| {
        transaction.verify_rows()?;
        let mut roles = BTreeMap::<String, BTreeSet<Role>>::new();
        for mut row in transaction.run("SELECT account, role FROM account_role", &[])? {
            roles
                .entry(row.text()?)
                .or_default()
                .insert(role_of(&mut row)?);
        }
        let mut contents = BTreeMap::<String, BTreeSet<ContentPattern>>::new();
        for mut row in transaction.run("SELECT account, pattern FROM account_content", &[])? {
            contents
                .entry(row.text()?)
                .or_default()
                .insert(ContentPattern::parse(&row.text()?)?);
        }
        transaction
            .run(
                "SELECT name, certificate, created, disabled FROM account ORDER BY name",
                &[],
            )?
            .into_iter()
            .map(|mut row| {
                let account = Account::from_row(&mut row)?;
                Ok(Account {
                    roles: roles.remove(&account.name).unwrap_or_default(),
                    contents: ContentScope::of(contents.remove(&account.name).unwrap_or_default())?,
                    ..account
                })
            })
            .collect()
    })
}

/// Disables or enables an account and its tokens.
///
/// # Errors
/// [`AccountError::NoAccount`], [`AccountError::LastAdmin`].
pub fn set_disabled(store: &KeyStore, name: &str, disabled: bool) -> Result<(), AccountError> {
    let (action, sql) = match disabled {
        true => (
            "disable account",
            "UPDATE account SET disabled = COALESCE(disabled, $2) WHERE name = $1 RETURNING name",
        ),
        false => (
            "enable account",
            "UPDATE account SET disabled = NULL WHERE name = $1 RETURNING name",
        ),
    };
    store.write(action, name, |transaction| {
        keep_admin(transaction, |transaction| {
            transaction
                .one(sql, &[name.into(), transaction.now().into()])?
                .map(|_| ())
                .ok_or_else(|| AccountError::NoAccount(name.to_owned()))
        })?;
        transaction.sign(SignedRow::Account(name))?;
        Ok(((), "ok".to_owned()))
    })
}

/// Returns the account with a client certificate, by the SHA-256 of its DER form; None when there is none or it is disabled.
///
/// # Errors
/// If the database fails.
pub fn by_certificate(
    store: &KeyStore,
    sha256: &[u8; 32],
) -> Result<Option<Account>, AccountError> {
    store.read(|transaction| {
        transaction
            .one(
                "SELECT name FROM account WHERE certificate = $1 AND disabled IS NULL",
                &[sha256.as_slice().into()],
            )?
            .map(|mut row| load(transaction, &row.text()?))
            .transpose()
    })
}

pub(super) fn load(transaction: &mut Transaction<'_>, name: &str) -> Result<Account, AccountError> {
    transaction.verify(SignedRow::Account(name))?;
    let mut row = transaction
        .one(
            "SELECT name, certificate, created, disabled FROM account WHERE name = $1",
            &[name.into()],
        )?
        .ok_or_else(|| AccountError::NoAccount(name.to_owned()))?;
    Ok(Account {
        roles: transaction
            .run(
                "SELECT role FROM account_role WHERE account = $1",
                &[name.into()],
            )?
            .into_iter()
            .map(|mut row| role_of(&mut row))
            .collect::<Result<_, _>>()?,
        contents: contents_of(transaction, name)?,
        ..Account::from_row(&mut row)?
    })
}

fn contents_of(transaction: &mut Transaction<'_>, name: &str) -> Result<ContentScope, StoreError> {
    ContentScope::of(
        transaction
            .run(
                "SELECT pattern FROM account_content WHERE account = $1",
                &[name.into()],
            )?
            .into_iter()
            .map(|mut row| ContentPattern::parse(&row.text()?))
            .collect::<Result<_, _>>()?,
    )
}

fn store_row(
    transaction: &mut Transaction<'_>,
    name: &str,
    certificate: Option<[u8; 32]>,
) -> Result<(), AccountError> {
    let certificate = certificate.as_ref().map(<[u8; 32]>::as_slice);
    if let Some(mut other) = transaction.one(
        "SELECT name FROM account WHERE certificate = $1 AND name <> $2",
        &[certificate.into(), name.into()],
    )? {
        return Err(AccountError::CertificateTaken(other.text()?));
    }
    transaction.run(
        "INSERT INTO account (name, certificate, created) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET certificate = $2",
        &[name.into(), certificate.into(), transaction.now().into()],
    )?;
    Ok(())
}

fn replace_roles(
    transaction: &mut Transaction<'_>,
    name: &str,
    roles: &BTreeSet<Role>,
) -> Result<(), AccountError> {
    transaction.run(
        "DELETE FROM account_role WHERE account = $1",
        &[name.into()],
    )?;
    for role in roles {
        transaction.run(
            "INSERT INTO account_role (account, role) VALUES ($1, $2)",
            &[name.into(), role.name().into()],
        )?;
    }
    Ok(())
}

fn replace_contents(
    transaction: &mut Transaction<'_>,
    name: &str,
    contents: &ContentScope,
) -> Result<(), AccountError> {
    transaction.run(
        "DELETE FROM account_content WHERE account = $1",
        &[name.into()],
    )?;
    for pattern in contents.patterns() {
        transaction.run(
            "INSERT INTO account_content (account, pattern) VALUES ($1, $2)",
            &[name.into(), pattern.as_str().into()],
        )?;
    }
    Ok(())
}

/// Runs a change, and refuses it if no administrator can sign in after it, unless none could before.
///
/// # Errors
/// [`AccountError::LastAdmin`], and those of the change.
pub(super) fn keep_admin<T>(
    transaction: &mut Transaction<'_>,
    change: impl FnOnce(&mut Transaction<'_>) -> Result<T, AccountError>,
) -> Result<T, AccountError> {
    let had_admin = has_admin(transaction)?;
    let changed = change(transaction)?;
    match had_admin && !has_admin(transaction)? {
        true => Err(AccountError::LastAdmin),
        false => Ok(changed),
    }
}

/// True if an enabled administrator has a certificate, or a token that is valid.
fn has_admin(transaction: &mut Transaction<'_>) -> Result<bool, AccountError> {
    Ok(transaction
        .one(ADMIN_WITH_PROOF, &[transaction.now().into()])?
        .is_some())
}

/// An enabled administrator who can sign in.
const ADMIN_WITH_PROOF: &str = "SELECT name FROM account_role JOIN account ON account.name = account_role.account
    WHERE role = 'admin' AND disabled IS NULL AND (certificate IS NOT NULL OR EXISTS (SELECT id FROM token
        WHERE token.account = account.name AND revoked IS NULL AND (expires IS NULL OR expires > $1))) LIMIT 1";

fn role_of(row: &mut Row) -> Result<Role, StoreError> {
    row.text()?
        .parse()
        .map_err(|_| StoreError::Damaged("unknown role"))
}

impl Account {
    /// Reads an account without its roles and contents.
    fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.text()?,
            roles: BTreeSet::new(),
            certificate: row
                .optional_blob()?
                .map(TryInto::try_into)
                .transpose()
                .map_err(|_| StoreError::Damaged("a certificate's hash has another length"))?,
            contents: ContentScope::default(),
            created: row.time()?,
            disabled: row.optional_time()?,
        })
    }
}
