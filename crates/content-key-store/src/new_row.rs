// SPDX-License-Identifier: MPL-2.0
//! The rows that requests for keys add. In PostgreSQL a statement adds those of many requests.

/// A row that a request adds, by its table. A table comes after those that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NewRow {
    /// A content of which only `id`, `scheme` and `created` are known.
    Content,
    /// `kid`, `mode`, `wrapped`, `fingerprint`, `origin`, `seed`, `created`.
    ContentKey,
    /// `content_id`, `label`, `period`, `mode`, `kid`.
    KeySlot,
    /// `kid`, `target`, `next_try`. A delivery that was given up is tried again.
    Delivery,
    /// `seq`, `time`, `actor`, `action`, `object`, `result`, `mac`.
    Audit,
}

impl NewRow {
    /// Returns the statement that adds one row, whose columns are `$1`, `$2` and so on.
    pub(super) const fn one(self) -> &'static str {
        match self {
            Self::Content => "INSERT INTO content (id, scheme, created) VALUES ($1, $2, $3)",
            Self::ContentKey => {
                "INSERT INTO content_key (kid, mode, wrapped, fingerprint, origin, seed, state, created)
                    VALUES ($1, $2, $3, $4, $5, $6, 'planned', $7)"
            }
            Self::KeySlot => {
                "INSERT INTO key_slot (content_id, label, period, mode, kid) VALUES ($1, $2, $3, $4, $5)"
            }
            Self::Delivery => {
                "INSERT INTO delivery (kid, target, state, attempts, next_try) VALUES ($1, $2, 'pending', 0, $3)
                    ON CONFLICT (kid, target) DO UPDATE SET state = 'pending', next_try = $3 WHERE delivery.state = 'given-up'"
            }
            Self::Audit => {
                "INSERT INTO audit (seq, time, actor, action, object, result, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            }
        }
    }

    /// Returns the statement of PostgreSQL that adds many rows, whose columns are the lists `$1`, `$2` and so on.
    #[cfg(feature = "postgres")]
    pub(super) const fn many(self) -> &'static str {
        match self {
            Self::Content => {
                "INSERT INTO content (id, scheme, created) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
            }
            Self::ContentKey => {
                "INSERT INTO content_key (kid, mode, wrapped, fingerprint, origin, seed, created, state)
                    SELECT *, 'planned' FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::bigint[])"
            }
            Self::KeySlot => {
                "INSERT INTO key_slot (content_id, label, period, mode, kid)
                    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[])"
            }
            // Several slots of a key may have the same target.
            Self::Delivery => {
                "INSERT INTO delivery (kid, target, next_try, state, attempts)
                    SELECT DISTINCT *, 'pending', 0 FROM unnest($1::bytea[], $2::text[], $3::bigint[])
                    ON CONFLICT (kid, target) DO UPDATE SET state = 'pending', next_try = EXCLUDED.next_try
                        WHERE delivery.state = 'given-up'"
            }
            Self::Audit => {
                "INSERT INTO audit (seq, time, actor, action, object, result, mac)
                    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])"
            }
        }
    }
}
