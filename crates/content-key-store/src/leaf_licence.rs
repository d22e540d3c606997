// SPDX-License-Identifier: MPL-2.0
//! Leaf licences of content keys. A licence holds its key encrypted to the root key, so it is no secret. It is wrapped all the same, so that
//! nobody who can write the database but lacks the key-encryption key changes it or moves it to another key.

use cenc_types::KeyId;
use content_keys::LeafLicence;

use super::database::Row;
use super::list::exists;
use super::transaction::Transaction;
use super::wrap::Subject;
use super::{Error, KeyStore};

/// The number of licences checked at a time.
const BATCH: i64 = 1000;
const ONE: &str = "SELECT kid, root_kid, wrapped FROM leaf_licence WHERE kid = $1";
const NEXT: &str =
    "SELECT kid, root_kid, wrapped FROM leaf_licence WHERE kid > $1 ORDER BY kid LIMIT $2";
const PUT: &str = "INSERT INTO leaf_licence (kid, root_kid, wrapped) VALUES ($1, $2, $3)
    ON CONFLICT (kid) DO UPDATE SET root_kid = excluded.root_kid, wrapped = excluded.wrapped";

impl KeyStore {
    /// Stores the leaf licence of a key, in place of an earlier one.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::OutsideContents`], or if the database fails.
    pub fn put_leaf_licence(&self, kid: &KeyId, licence: &LeafLicence) -> Result<(), Error> {
        self.write("leaf licence", &kid.to_string(), |transaction| {
            transaction.check_key_change(kid)?;
            if !exists(transaction, kid)? {
                return Err(transaction.actor.no_key(kid));
            }
            if load(transaction, kid)?.as_ref() == Some(licence) {
                return Ok(((), "was there".to_owned()));
            }
            let root_kid = &licence.root_kid;
            let wrapped =
                transaction.wrap(Subject::LeafLicence { kid, root_kid }, &licence.pssh)?;
            transaction.run(PUT, &[kid.into(), root_kid.into(), wrapped.into()])?;
            Ok(((), format!("root {root_kid}")))
        })
    }

    /// Returns the leaf licence of a key; None if the store has none.
    ///
    /// # Errors
    /// [`Error::Tampered`], [`Error::OutsideContents`], or if the database fails.
    pub fn leaf_licence(&self, kid: &KeyId) -> Result<Option<LeafLicence>, Error> {
        self.read(|transaction| {
            transaction.check_key(kid)?;
            load(transaction, kid)
        })
    }
}

fn load(transaction: &mut Transaction<'_>, kid: &KeyId) -> Result<Option<LeafLicence>, Error> {
    transaction
        .one(ONE, &[kid.into()])?
        .map(|row| Ok(LicenceRow::from_row(row)?.open(transaction)?.licence))
        .transpose()
}

/// Opens all leaf licences, and returns their number.
pub(super) fn open_all(transaction: &mut Transaction<'_>) -> Result<u64, Error> {
    let mut opened = 0;
    let mut last = Vec::new();
    loop {
        let rows = transaction.run(NEXT, &[last.as_slice().into(), BATCH.into()])?;
        if rows.is_empty() {
            return Ok(opened);
        }
        for row in rows {
            let OpenedLicence { kid, .. } = LicenceRow::from_row(row)?.open(transaction)?;
            last = kid.as_bytes().to_vec();
            opened += 1;
        }
    }
}

/// A leaf licence as the database has it.
struct LicenceRow {
    kid: KeyId,
    root_kid: KeyId,
    wrapped: Vec<u8>,
}

/// A leaf licence and the KID of its key.
struct OpenedLicence {
    kid: KeyId,
    licence: LeafLicence,
}

impl LicenceRow {
    fn from_row(mut row: Row) -> Result<Self, Error> {
        Ok(Self {
            kid: row.key_id()?,
            root_kid: row.key_id()?,
            wrapped: row.blob()?,
        })
    }

    fn open(self, transaction: &Transaction<'_>) -> Result<OpenedLicence, Error> {
        let Self {
            kid,
            root_kid,
            wrapped,
        } = self;
        let subject = Subject::LeafLicence {
            kid: &kid,
            root_kid: &root_kid,
        };
        let pssh = transaction.unwrap(subject, &wrapped)?.to_vec();
        Ok(OpenedLicence {
            kid,
            licence: LeafLicence { root_kid, pssh },
        })
    }
}
