// SPDX-License-Identifier: MPL-2.0
//! Errors of PlayReady Headers, Objects and key seeds.

use cenc_types::KeyId;

use super::header::{Feature, HeaderVersion};

/// Errors of PlayReady Headers, Objects and key seeds. None of them holds key bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key seed is neither hex nor base64.
    #[error(
        "a key seed is neither hexadecimal nor base64: give 60 or more hexadecimal digits or 40 or more base64 characters"
    )]
    BadKeySeed,
    /// A key seed of fewer than 30 bytes.
    #[error("a key seed of {len} bytes is too short: give at least 30 bytes")]
    ShortKeySeed {
        /// Bytes given.
        len: usize,
    },
    /// A COCKTAIL key that does not fit the checksum's buffer of 21 bytes.
    #[error("a cocktail key of {len} bytes is too long: give at most 21 bytes, 7 in a header")]
    LongCocktailKey {
        /// Bytes given.
        len: usize,
    },
    /// Text that is not the base64 of a GUID's 16 bytes.
    #[error("not a GUID: give the base64 of 16 bytes")]
    BadGuid,
    /// LA_URL or LUI_URL is not an absolute URL in ASCII.
    #[error(
        "not an absolute url: begin with a scheme and a host, such as https://host/path, and percent-encode what is not ascii"
    )]
    RelativeUrl,
    /// A header version does not have a feature.
    #[error("a header of version {version} cannot hold {feature}: {}", feature.remedy())]
    VersionCannotHold {
        /// The requested version, or the last one tried.
        version: HeaderVersion,
        /// The feature.
        feature: Feature,
    },
    /// A KID occurs twice in a header.
    #[error("the header has the key id {0} twice: name each key once")]
    DuplicateKeyId(KeyId),
    /// The all-zero KID, which names no key.
    #[error("the nil key id (all zero) names no key: give the KID of a real key")]
    NilKeyId,
    /// The KIDs of a header name different algorithms.
    #[error("the key ids of the header name different algorithms: write one header per algorithm")]
    MixedAlgorithms,
    /// An ALGID that the header specification does not define.
    #[error("unknown ALGID {0:?}: use AESCTR, AESCBC or COCKTAIL")]
    UnknownAlgorithm(String),
    /// A CHECKSUM is not allowed with the algorithm.
    #[error("a CHECKSUM goes only with AESCTR or COCKTAIL: leave it out")]
    ChecksumNotAllowed,
    /// The text of a header field is malformed.
    #[error(
        "the value of {0} in the header cannot be read: it is malformed or of the wrong length"
    )]
    BadValue(&'static str),
    /// A header version that the specification does not define.
    #[error("unknown header version {0:?}: 4.0 to 4.3 exist")]
    UnknownVersion(String),
    /// XML whose root is not WRMHEADER.
    #[error("not a PlayReady header: the root element is not WRMHEADER")]
    NotAHeader,
    /// A header that is not UTF-16LE.
    #[error("a PlayReady header is UTF-16LE text: this is not")]
    BadUtf16,
    /// XML that is not well-formed.
    #[error("the xml is not well-formed: {0}")]
    NotWellFormed(String),
    /// A document type definition or a reference to an entity of one.
    #[error(
        "a document type definition or its entities are not allowed here: write the text itself"
    )]
    Dtd,
    /// Elements nested too deep.
    #[error("the xml nests deeper than {limit} elements: make it flatter")]
    TooDeep {
        /// Elements allowed inside each other.
        limit: usize,
    },
    /// A header or an object over its limit.
    #[error("{what} of {size} bytes is over the limit of {limit}: leave something out")]
    TooLarge {
        /// The part that is too large.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest size allowed, in bytes.
        limit: usize,
    },
    /// A PlayReady Object whose length field or records do not add up to its size.
    #[error("the PlayReady object is damaged: {0}")]
    BadObject(&'static str),
}
