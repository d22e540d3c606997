// SPDX-License-Identifier: MPL-2.0
//! Reads contents from the rows of their tables.

use std::collections::HashMap;
use std::time::Duration;

use cenc_types::Scheme;

use super::database::Row;
use super::{Content, Error, TrackLabel};

/// The statements of contents, their tracks and their targets, without the condition.
macro_rules! contents {
    ($condition:literal) => {
        [
            concat!(
                "SELECT id, scheme, header_version, la_url, lui_url, ds_id, custom_attributes, crypto_period, seed FROM content WHERE id ",
                $condition
            ),
            concat!(
                "SELECT content_id, selector, label FROM content_track WHERE content_id ",
                $condition,
                " ORDER BY selector"
            ),
            concat!(
                "SELECT content_id, target FROM content_target WHERE content_id ",
                $condition,
                " ORDER BY target"
            ),
        ]
    };
}

/// The statements of the content `$1`.
pub(super) const OF_ID: [&str; 3] = contents!("= $1");
/// The statements of the contents of a list `$1`, in PostgreSQL.
pub(super) const OF_IDS: [&str; 3] = contents!("= ANY($1::text[])");

/// Makes contents of their rows, and those of their tracks and targets.
pub(super) fn join(
    [contents, tracks, targets]: [Vec<Row>; 3],
) -> Result<HashMap<String, Content>, Error> {
    let mut found = contents
        .into_iter()
        .map(|mut row| {
            let content = content_of(&mut row)?;
            Ok((content.id.clone(), content))
        })
        .collect::<Result<HashMap<_, _>, Error>>()?;
    for mut row in tracks {
        if let Some(content) = found.get_mut(&row.text()?) {
            content.tracks.push(TrackLabel {
                selector: row.text()?,
                label: row.text()?,
            });
        }
    }
    for mut row in targets {
        if let Some(content) = found.get_mut(&row.text()?) {
            content.targets.push(row.text()?);
        }
    }
    Ok(found)
}

fn content_of(row: &mut Row) -> Result<Content, Error> {
    Ok(Content {
        id: row.text()?,
        scheme: scheme_of(row)?,
        header_version: row.optional_text()?,
        la_url: row.optional_text()?,
        lui_url: row.optional_text()?,
        ds_id: row.optional_text()?,
        custom_attributes: row.optional_text()?,
        crypto_period: period_of(row)?,
        seed: row.optional_text()?,
        ..Content::new("", Scheme::Cenc)
    })
}

pub(super) fn scheme_of(row: &mut Row) -> Result<Scheme, Error> {
    row.text()?
        .parse()
        .map_err(|_| Error::Damaged("unknown scheme"))
}

pub(super) fn period_of(row: &mut Row) -> Result<Option<Duration>, Error> {
    Ok(row
        .optional_int()?
        .map(|ms| Duration::from_millis(ms.unsigned_abs())))
}
