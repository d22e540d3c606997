// SPDX-License-Identifier: MPL-2.0
//! Divides a stream into TTML documents.

use super::{Error, MAX_DOCUMENT};

/// Divides a stream into documents.
#[derive(Debug, Default)]
pub struct TtmlReader {
    /// The bytes of the document that is not complete.
    pending: Vec<u8>,
    /// The bytes in which the end of a document was looked for.
    examined: usize,
}

impl TtmlReader {
    /// Takes the next bytes, and appends the documents that are complete with them.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::TooLarge`].
    pub fn push(&mut self, bytes: &[u8], documents: &mut Vec<String>) -> Result<(), Error> {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.find_end() {
            let rest = self.pending.split_off(end);
            let document = std::mem::replace(&mut self.pending, rest);
            let document = String::from_utf8(document).map_err(|_| Error::NotUtf8)?;
            documents.push(
                document
                    .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\0'])
                    .to_owned(),
            );
            self.examined = 0;
        }
        match self.pending.len() > MAX_DOCUMENT {
            true => Err(Error::TooLarge {
                limit: MAX_DOCUMENT,
            }),
            false => Ok(()),
        }
    }

    /// True if a document has started and not ended.
    pub fn is_within_document(&self) -> bool {
        let mut bytes = self.pending.iter();
        bytes.any(|byte| !byte.is_ascii_whitespace() && *byte != 0)
    }

    /// Checks at the end of the stream that no document is incomplete.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn end(&mut self) -> Result<(), Error> {
        let is_within = self.is_within_document();
        self.pending.clear();
        match is_within {
            true => Err(Error::Truncated),
            false => Ok(()),
        }
    }

    /// Returns the position after the end tag of the root, `</tt>` with any prefix.
    fn find_end(&mut self) -> Option<usize> {
        while let Some(start) = self.next_end_tag() {
            let tag = self.pending.get(start..)?;
            let Some(len) = tag.iter().position(|byte| *byte == b'>') else {
                self.examined = start;
                return None;
            };
            let name = tag.get(2..len)?.trim_ascii_end();
            if name == b"tt" || name.ends_with(b":tt") {
                return Some(start + len + 1);
            }
            self.examined = start + len;
        }
        // A tag may begin with the last byte.
        self.examined = self.pending.len().saturating_sub(1);
        None
    }

    fn next_end_tag(&self) -> Option<usize> {
        let left = self.pending.get(self.examined..)?;
        let found = left.windows(2).position(|bytes| bytes == b"</");
        found.map(|at| self.examined + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a prefix, and other end tags.
    const FILE: &str = "<?xml version=\"1.0\"?>\n<tt:tt xmlns:tt=\"http://www.w3.org/ns/ttml\"><tt:body></tt:body></tt:tt >";

    #[test]
    fn stream_is_divided_into_documents_however_it_arrives() {
        let stream = format!("\u{feff}{FILE}\n \n{FILE}\n");
        for step in [1, 3, 100, stream.len()] {
            let (mut reader, mut documents) = (TtmlReader::default(), Vec::new());
            for bytes in stream.as_bytes().chunks(step) {
                reader.push(bytes, &mut documents).unwrap();
            }
            reader.end().unwrap();
            assert_eq!(documents, [FILE, FILE], "{step} bytes at a time");
        }
        let mut reader = TtmlReader::default();
        reader.push(b"<tt><body>", &mut Vec::new()).unwrap();
        assert_eq!(reader.end(), Err(Error::Truncated));
    }
}
