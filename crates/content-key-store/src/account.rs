// SPDX-License-Identifier: MPL-2.0
//! Accounts: who may use a service over the store, and in which roles. They are disabled, never removed, since the audit names them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::database::Row;
use super::model::{check_name, milliseconds, time_of};
use super::transaction::Transaction;
use super::{Error, KeyStore, Role};

/// Somebody, or some program, that may use a service over the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// SHA-256 of the DER client certificate that it signs in with over mutual TLS.
    pub certificate: Option<[u8; 32]>,
    /// When it was added.
    pub created: SystemTime,
    /// Since when it cannot be used.
    pub disabled: Option<SystemTime>,
}

impl KeyStore {
    /// Adds an account, or gives one that is there other roles and another certificate. It stays enabled or disabled.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::CertificateTaken`], [`Error::LastAdmin`].
    pub fn put_account(
        &self,
        name: &str,
        roles: &BTreeSet<Role>,
        certificate: Option<[u8; 32]>,
    ) -> Result<(), Error> {
        check_name("account's name", name)?;
        self.write("put account", name, |transaction| {
            keep_admin(transaction, |transaction| {
                store(transaction, name, certificate)?;
                replace_roles(transaction, name, roles)
            })?;
            let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
            let with = certificate.map_or("", |_| " with a certificate");
            Ok(((), format!("roles: {}{with}", names.join(", "))))
        })
    }

    /// An account by its name.
    ///
    /// # Errors
    /// [`Error::NoAccount`].
    pub fn account(&self, name: &str) -> Result<Account, Error> {
        self.read(|transaction| load(transaction, name))
    }

    /// All accounts, in alphabetical order.
    ///
    /// # Errors
    /// When the database fails.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.read(|transaction| {
            let mut roles = BTreeMap::<String, BTreeSet<Role>>::new();
            for mut row in transaction.run("SELECT account, role FROM account_role", &[])? {
                let account = row.text()?;
                roles.entry(account).or_default().insert(role_of(&mut row)?);
            }
            let sql = "SELECT name, certificate, created, disabled FROM account ORDER BY name";
            let rows = transaction.run(sql, &[])?;
            let read = |mut row: Row| {
                let mut account = Account::from_row(&mut row)?;
                account.roles = roles.remove(&account.name).unwrap_or_default();
                Ok(account)
            };
            rows.into_iter().map(read).collect()
        })
    }

    /// Keeps an account from being used, or lets it be used again. Its tokens go with it.
    ///
    /// # Errors
    /// [`Error::NoAccount`], [`Error::LastAdmin`].
    pub fn set_account_disabled(&self, name: &str, disabled: bool) -> Result<(), Error> {
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
        let now = milliseconds(self.host.clock.system_time());
        self.write(action, name, |transaction| {
            keep_admin(transaction, |transaction| {
                let changed = transaction.one(sql, &[name.into(), now.into()])?;
                changed
                    .map(|_| ())
                    .ok_or_else(|| Error::NoAccount(name.to_owned()))
            })?;
            Ok(((), "ok".to_owned()))
        })
    }

    /// The account that signs in with a client certificate, by the SHA-256 of its DER; None when there is none, or it is disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub fn account_of_certificate(&self, sha256: &[u8; 32]) -> Result<Option<Account>, Error> {
        self.read(|transaction| {
            let sql = "SELECT name FROM account WHERE certificate = $1 AND disabled IS NULL";
            let row = transaction.one(sql, &[sha256.as_slice().into()])?;
            row.map(|mut row| load(transaction, &row.text()?))
                .transpose()
        })
    }
}

pub(super) fn load(transaction: &mut Transaction<'_>, name: &str) -> Result<Account, Error> {
    let sql = "SELECT name, certificate, created, disabled FROM account WHERE name = $1";
    let row = transaction.one(sql, &[name.into()])?;
    let mut row = row.ok_or_else(|| Error::NoAccount(name.to_owned()))?;
    let mut account = Account::from_row(&mut row)?;
    let sql = "SELECT role FROM account_role WHERE account = $1";
    let rows = transaction.run(sql, &[name.into()])?;
    account.roles = rows
        .into_iter()
        .map(|mut row| role_of(&mut row))
        .collect::<Result<_, _>>()?;
    Ok(account)
}

fn store(
    transaction: &mut Transaction<'_>,
    name: &str,
    certificate: Option<[u8; 32]>,
) -> Result<(), Error> {
    let certificate = certificate.as_ref().map(<[u8; 32]>::as_slice);
    let sql = "SELECT name FROM account WHERE certificate = $1 AND name <> $2";
    let other = transaction.one(sql, &[certificate.into(), name.into()])?;
    if let Some(mut other) = other {
        return Err(Error::CertificateTaken(other.text()?));
    }
    let sql = "INSERT INTO account (name, certificate, created) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET certificate = $2";
    let created = transaction.now();
    let values = [name.into(), certificate.into(), created.into()];
    transaction.run(sql, &values).map(|_| ())
}

fn replace_roles(
    transaction: &mut Transaction<'_>,
    name: &str,
    roles: &BTreeSet<Role>,
) -> Result<(), Error> {
    transaction.run(
        "DELETE FROM account_role WHERE account = $1",
        &[name.into()],
    )?;
    for role in roles {
        let sql = "INSERT INTO account_role (account, role) VALUES ($1, $2)";
        transaction.run(sql, &[name.into(), role.name().into()])?;
    }
    Ok(())
}

/// A change that must not leave a store that has an administrator without one.
fn keep_admin(
    transaction: &mut Transaction<'_>,
    change: impl FnOnce(&mut Transaction<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let had_admin = has_admin(transaction)?;
    change(transaction)?;
    match had_admin && !has_admin(transaction)? {
        true => Err(Error::LastAdmin),
        false => Ok(()),
    }
}

fn has_admin(transaction: &mut Transaction<'_>) -> Result<bool, Error> {
    let sql = "SELECT name FROM account_role JOIN account ON account.name = account_role.account
        WHERE role = 'admin' AND disabled IS NULL LIMIT 1";
    Ok(transaction.one(sql, &[])?.is_some())
}

fn role_of(row: &mut Row) -> Result<Role, Error> {
    let role = row.text()?.parse();
    role.map_err(|_| Error::Damaged("unknown role"))
}

impl Account {
    /// All but the roles.
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        let name = row.text()?;
        let certificate = row.optional_blob()?.map(TryInto::try_into).transpose();
        Ok(Self {
            name,
            roles: BTreeSet::new(),
            certificate: certificate
                .map_err(|_| Error::Damaged("a certificate's hash has another length"))?,
            created: time_of(row.int()?),
            disabled: row.optional_int()?.map(time_of),
        })
    }
}
