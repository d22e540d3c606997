// SPDX-License-Identifier: MPL-2.0
//! `kind`, a purpose of a track, in its `udta`: 14496-12 clause 8.10.4.

use super::{Error, Reader};

/// A purpose of a track, by the names of a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackKind {
    /// The scheme, such as `urn:mpeg:dash:role:2011` or `about:html-kind`.
    pub scheme: String,
    /// The name in this scheme, such as `main`; empty if the scheme alone says it.
    pub value: String,
}

impl TrackKind {
    /// Reads the fields.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn read(mut reader: Reader<'_>) -> Result<Self, Error> {
        reader.full_box_header()?;
        let mut texts = super::text::zero_ended(&reader);
        Ok(Self {
            scheme: texts.next().unwrap_or_default(),
            value: texts.next().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FourCc;

    #[test]
    fn scheme_and_value_are_read() {
        let read = |body| TrackKind::read(Reader::new(FourCc(*b"kind"), body)).unwrap();
        let kind = read(b"\0\0\0\0about:html-kind\0main-desc\0");
        assert_eq!(
            (&*kind.scheme, &*kind.value),
            ("about:html-kind", "main-desc")
        );
        let kind = read(b"\0\0\0\0urn:x");
        assert_eq!((&*kind.scheme, &*kind.value), ("urn:x", ""));
    }
}
