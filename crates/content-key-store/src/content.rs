// SPDX-License-Identifier: MPL-2.0
//! Contents: the settings of an asset or channel that packagers need in addition to its keys.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::content_rows::{OF_ID, join};
use super::database::Statement;
use super::model::{check_name, milliseconds};
use super::new_row::NewRow;
use super::transaction::Transaction;
use super::{Content, Error, KeySlot, KeyStore, TrackLabel};

/// The lengths of crypto periods, in milliseconds.
const CRYPTO_PERIODS: RangeInclusive<i64> = 1..=A_YEAR;
/// 366 days in milliseconds: the longest crypto period, and the longest time by which keys are made ahead.
const A_YEAR: i64 = 366 * 24 * 60 * 60 * 1000;

impl KeyStore {
    /// Adds a content, or replaces the settings of one. Its keys stay as they are.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::NoSeed`], [`Error::OutOfRange`] for the crypto period.
    pub fn put_content(&self, content: &Content) -> Result<(), Error> {
        self.put_content_if(content, |_| true).map(|_| ())
    }

    /// Does the same as [`Self::put_content`] if `condition` is true for the stored content, in one transaction. Returns true if it was.
    ///
    /// # Errors
    /// The same as [`Self::put_content`].
    pub fn put_content_if(
        &self,
        content: &Content,
        condition: impl FnOnce(Option<&Content>) -> bool,
    ) -> Result<bool, Error> {
        check(content)?;
        self.actor.check_content(&content.id)?;
        self.write("put content", &content.id, |transaction| {
            if !condition(load_if_there(transaction, &content.id)?.as_ref()) {
                return Ok((false, "left as it is".to_owned()));
            }
            store(transaction, content)?;
            Ok((true, "ok".to_owned()))
        })
    }

    /// Returns a content by its id.
    ///
    /// # Errors
    /// [`Error::NoContent`], [`Error::OutsideContents`].
    pub fn content(&self, id: &str) -> Result<Content, Error> {
        self.read(|transaction| load(transaction, id))
    }

    /// Removes a content that has no keys.
    ///
    /// # Errors
    /// [`Error::NoContent`], [`Error::ContentHasKeys`].
    pub fn remove_content(&self, id: &str) -> Result<(), Error> {
        self.actor.check_content(id)?;
        self.write("remove content", id, |transaction| {
            load(transaction, id)?;
            let sql = "SELECT kid FROM key_slot WHERE content_id = $1 LIMIT 1";
            if transaction.one(sql, &[id.into()])?.is_some() {
                return Err(Error::ContentHasKeys(id.to_owned()));
            }
            for sql in [
                "DELETE FROM content_track WHERE content_id = $1",
                "DELETE FROM content_target WHERE content_id = $1",
                "DELETE FROM content WHERE id = $1",
            ] {
                transaction.run(sql, &[id.into()])?;
            }
            Ok(((), "ok".to_owned()))
        })
    }
}

fn check(content: &Content) -> Result<(), Error> {
    check_name("content id", &content.id)?;
    for track in &content.tracks {
        check_name("track label", &track.label)?;
    }
    for target in &content.targets {
        check_name("target", target)?;
    }
    Ok(())
}

pub(super) fn load(transaction: &mut Transaction<'_>, id: &str) -> Result<Content, Error> {
    load_if_there(transaction, id)?.ok_or_else(|| Error::NoContent(id.to_owned()))
}

/// Reads the settings of a content; None if there is no such content.
pub(super) fn load_if_there(
    transaction: &mut Transaction<'_>,
    id: &str,
) -> Result<Option<Content>, Error> {
    transaction.actor.check_content(id)?;
    if let Some(known) = transaction.facts.content(id) {
        return Ok(known.cloned());
    }
    let statements = OF_ID.map(|sql| Statement {
        sql,
        values: vec![id.into()],
    });
    let mut rows = transaction.database.run_all(statements.into())?.into_iter();
    let mut next = || rows.next().unwrap_or_default();
    let found = join([next(), next(), next()])?.remove(id);
    transaction.facts.learn_content(id, found.as_ref());
    Ok(found)
}

/// Checks that a crypto period does not start far ahead of now, which a wrong clock or number has caused.
///
/// # Errors
/// [`Error::FarPeriod`].
pub(super) fn check_period(transaction: &mut Transaction<'_>, slot: &KeySlot) -> Result<(), Error> {
    let content = load_if_there(transaction, &slot.content_id)?;
    let Some(length) = content.and_then(|content| content.crypto_period) else {
        return Ok(());
    };
    let latest = milliseconds(transaction.now()).saturating_add(A_YEAR);
    crypto_period_column(length)?
        .checked_mul(slot.period_column()?)
        .filter(|start| *start <= latest)
        .map(|_| ())
        .ok_or(Error::FarPeriod(slot.period))
}

/// Adds a content of which only the id and the scheme are known, unless there is one.
pub(super) fn ensure(transaction: &mut Transaction<'_>, slot: &KeySlot) -> Result<(), Error> {
    let id = slot.content_id.as_str();
    if load_if_there(transaction, id)?.is_some() {
        return Ok(());
    }
    let content = Content::new(id, slot.mode.usual_scheme());
    transaction.insert(
        NewRow::Content,
        vec![
            id.into(),
            content.scheme.name().into(),
            transaction.now().into(),
        ],
    )?;
    transaction.facts.learn_content(id, Some(&content));
    Ok(())
}

pub(super) fn store(transaction: &mut Transaction<'_>, content: &Content) -> Result<(), Error> {
    transaction.actor.check_content(&content.id)?;
    if let Some(seed) = &content.seed {
        transaction
            .one(
                "SELECT name FROM seed WHERE name = $1 AND retired IS NULL",
                &[seed.as_str().into()],
            )?
            .ok_or_else(|| Error::NoSeed(seed.clone()))?;
    }
    transaction.run(
        "INSERT INTO content (id, scheme, header_version, la_url, lui_url, ds_id, custom_attributes, crypto_period, seed, created)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (id) DO UPDATE SET scheme = $2, header_version = $3, la_url = $4, lui_url = $5, ds_id = $6,
                custom_attributes = $7, crypto_period = $8, seed = $9",
        &[
            content.id.as_str().into(),
            content.scheme.name().into(),
            content.header_version.as_deref().into(),
            content.la_url.as_deref().into(),
            content.lui_url.as_deref().into(),
            content.ds_id.as_deref().into(),
            content.custom_attributes.as_deref().into(),
            content
                .crypto_period
                .map(crypto_period_column)
                .transpose()?
                .into(),
            content.seed.as_deref().into(),
            transaction.now().into(),
        ],
    )?;
    replace_lists(transaction, content)
}

/// Checks the length of a crypto period, and returns it in milliseconds.
///
/// # Errors
/// [`Error::OutOfRange`].
pub fn crypto_period_column(length: Duration) -> Result<i64, Error> {
    i64::try_from(length.as_millis())
        .ok()
        .filter(|length| CRYPTO_PERIODS.contains(length))
        .ok_or(Error::OutOfRange(
            "the crypto period (1 millisecond to 366 days)",
        ))
}

fn replace_lists(transaction: &mut Transaction<'_>, content: &Content) -> Result<(), Error> {
    let id = content.id.as_str();
    transaction.run(
        "DELETE FROM content_track WHERE content_id = $1",
        &[id.into()],
    )?;
    for TrackLabel { selector, label } in &content.tracks {
        transaction.run(
            "INSERT INTO content_track (content_id, selector, label) VALUES ($1, $2, $3)",
            &[id.into(), selector.as_str().into(), label.as_str().into()],
        )?;
    }
    transaction.run(
        "DELETE FROM content_target WHERE content_id = $1",
        &[id.into()],
    )?;
    for target in &content.targets {
        transaction.run(
            "INSERT INTO content_target (content_id, target) VALUES ($1, $2)",
            &[id.into(), target.as_str().into()],
        )?;
    }
    Ok(())
}
