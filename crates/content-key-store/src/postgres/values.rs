// SPDX-License-Identifier: MPL-2.0
//! The values of statements and rows in PostgreSQL's types.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::database::{Row, Value};

/// Converts a row.
pub(super) fn row_of(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    (0..row.len())
        .map(|column| row.try_get(column))
        .collect::<Result<_, _>>()
        .map(Row::new)
}

/// Returns the type of a value, for a server that has not described the statement. It infers the type of NULL.
pub(super) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
        Value::List(values) => match values.iter().find(|value| !matches!(value, Value::Null)) {
            Some(Value::Int(_)) => Type::INT8_ARRAY,
            Some(Value::Blob(_)) => Type::BYTEA_ARRAY,
            // A column whose values are all NULL has texts otherwise.
            _ => Type::TEXT_ARRAY,
        },
    }
}

/// Returns the number of values that a statement uses: the largest number after a `$`.
pub(super) fn used_values(sql: &str) -> usize {
    sql.split('$')
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
        })
        .max()
        .unwrap_or_default()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(int) => int.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Blob(bytes) => bytes.to_sql_checked(kind, out),
            Self::List(values) => values.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each kind of value checks its type itself.
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Int),
            Type::BYTEA => Ok(Self::Blob(raw.to_owned())),
            _ => String::from_sql(kind, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::BYTEA | Type::TEXT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_statement_are_counted_by_their_largest_number() {
        for (sql, count) in [
            ("BEGIN", 0),
            ("SELECT $1", 1),
            ("SELECT a FROM b WHERE $10 = '' AND c = $2", 10),
            ("SELECT $1::bytea[], $2", 2),
        ] {
            assert_eq!(used_values(sql), count, "{sql}");
        }
    }
}
