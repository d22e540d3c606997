// SPDX-License-Identifier: MPL-2.0
//! The faults of texts.

/// A text that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Bytes that are not UTF-8.
    #[error("the text is not in UTF-8: convert it first, for instance with iconv -t UTF-8")]
    NotUtf8,
    /// A document or block that does not end.
    #[error(
        "{limit} bytes without the end of a document: look for what is not a subtitle in the stream"
    )]
    TooLarge {
        /// The most bytes of a document.
        limit: usize,
    },
    /// A document of which the end is missing.
    #[error("the stream ends within a TTML document: it has no </tt>")]
    Truncated,
    /// XML that is not well-formed.
    #[error("the TTML document is not well-formed XML: {0}")]
    Xml(#[from] roxmltree::Error),
    /// XML other than TTML.
    #[error(
        "the document is <{root}>, and TTML is <tt> in the namespace http://www.w3.org/ns/ttml"
    )]
    NotTtml {
        /// The name of its root.
        root: String,
    },
    /// More namespaces than the reader takes.
    #[error("the TTML document declares too many namespaces")]
    TooManyNamespaces,
    /// Times of day, which have no place in the stream.
    #[error(
        "ttp:timeBase=\"clock\" gives times of day: write the document with times of the media (ttp:timeBase=\"media\")"
    )]
    ClockTime,
}
