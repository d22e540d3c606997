// SPDX-License-Identifier: MPL-2.0
//! The keys that a request of the application is for: those of a crypto period, or that of a KID.

use std::fmt;

use cenc_types::KeyId;

use super::request_key::REQUEST;

/// The keys that one request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeySubject {
    /// The keys of all tracks in a crypto period, which an encryptor requests.
    Period(u64),
    /// The key of a KID, which a decryptor requests.
    KeyId(KeyId),
}

/// The kind of an element's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectKind {
    /// [`KeySubject::Period`].
    Period,
    /// [`KeySubject::KeyId`].
    KeyId,
}

impl KeySubject {
    /// Returns the argument of `request-key`.
    pub(super) fn request(self) -> gst::Structure {
        let request = gst::Structure::builder(REQUEST);
        match self {
            Self::Period(period) => request.field(SubjectKind::Period.field(), period),
            Self::KeyId(kid) => request.field(SubjectKind::KeyId.field(), kid.to_string()),
        }
        .build()
    }
}

impl fmt::Display for KeySubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period(period) => write!(f, "crypto period {period}"),
            Self::KeyId(kid) => write!(f, "KID {kid}"),
        }
    }
}

impl SubjectKind {
    /// Returns the field of a structure that names the subject.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::KeyId => "key-id",
        }
    }

    /// Returns the subject that a structure names. Languages differ in the type that they give to a number.
    pub(super) fn named_in(self, answer: &gst::StructureRef) -> Option<KeySubject> {
        let value = answer.value(self.field()).ok()?;
        match self {
            Self::Period => value
                .get::<u64>()
                .ok()
                .or_else(|| {
                    let number = value.transform::<i64>().ok()?;
                    u64::try_from(number.get::<i64>().ok()?).ok()
                })
                .map(KeySubject::Period),
            Self::KeyId => {
                let kid = value.get::<&str>().ok()?.parse().ok()?;
                Some(KeySubject::KeyId(kid))
            }
        }
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Period => "crypto period",
            Self::KeyId => "KID",
        })
    }
}
