// SPDX-License-Identifier: MPL-2.0
//! What can be wrong with a CPIX document or with what is asked of it. No variant holds text that may be a key.

use cenc_types::KeyId;

/// Errors of CPIX documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document is larger than the reader takes.
    #[error("the cpix document has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// More elements inside each other, attributes or namespaces than any real document has.
    #[error("the cpix document has more {0} than any real one; it is not read")]
    TooComplex(&'static str),
    /// A document type definition, which could define entities.
    #[error("the cpix document has a document type definition: send it without")]
    Dtd,
    /// Not UTF-8, or not well-formed.
    #[error("the cpix document is not well-formed xml in utf-8 (line {line}, column {column})")]
    NotWellFormed {
        /// The line, from 1.
        line: u32,
        /// The character in the line, from 1.
        column: u32,
    },
    /// The root is another element.
    #[error("the document is not cpix: its root is not CPIX of the namespace urn:dashif:org:cpix")]
    NotCpix,
    /// A part that cannot be left out.
    #[error("the cpix element {element} lacks {missing}")]
    Missing {
        /// The element.
        element: &'static str,
        /// The attribute or child.
        missing: &'static str,
    },
    /// A value of another form.
    #[error("the cpix value {name} is not {expected}")]
    BadValue {
        /// The element or attribute.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Two elements with one id.
    #[error("two elements of the cpix document have the id '{0}'")]
    DuplicateId(String),
    /// Two ContentKey elements with one KID.
    #[error("two content keys of the cpix document have the KID {0}")]
    DuplicateKid(KeyId),
    /// A usage rule names a period that is not there.
    #[error("a usage rule names the period '{0}', which the cpix document does not have")]
    UnknownPeriod(String),
    /// Something names a content key that is not there.
    #[error("{by} names the KID {kid}, for which the cpix document has no ContentKey")]
    UnknownKid {
        /// What names it.
        by: &'static str,
        /// The KID.
        kid: KeyId,
    },
    /// A content key of another length than 16 bytes.
    #[error("the content key of KID {kid} has {len} bytes; common encryption takes 16")]
    BadKeyLength {
        /// Its KID.
        kid: KeyId,
        /// Its length in bytes.
        len: usize,
    },
    /// A content key without a value.
    #[error("the cpix document names the KID {0} but does not give its key")]
    NoKey(KeyId),
    /// A content key that was not decrypted.
    #[error("the key of KID {0} is encrypted: decrypt it with a recipient's private key first")]
    StillEncrypted(KeyId),
    /// Encrypted to others.
    #[error("the cpix document is not encrypted to this recipient's certificate")]
    NotARecipient,
    /// The private key does not open the document key, or its size is wrong.
    #[error("the document key or MAC key cannot be decrypted with the recipient's private key")]
    Unwrap,
    /// A certificate or private key that RSA-OAEP cannot use.
    #[error("{0}")]
    BadRecipient(&'static str),
    /// No MAC where one must be.
    #[error("the encrypted key of KID {0} has no MAC: it could be forged and is not used")]
    NoMac(KeyId),
    /// The MAC is that of another value.
    #[error("the MAC of the encrypted key of KID {0} is wrong: it is damaged or forged")]
    BadMac(KeyId),
    /// What was encrypted is not a key with PKCS #7 padding.
    #[error("the encrypted key of KID {0} does not decrypt to a key")]
    BadCiphertext(KeyId),
    /// An algorithm other than those that CPIX makes mandatory.
    #[error("the algorithm of {element} is none that this version knows; it takes {known}")]
    UnknownAlgorithm {
        /// Where it is named.
        element: &'static str,
        /// The one that is known.
        known: &'static str,
    },
    /// Two rules match a track.
    #[error("{first} and {second} both match the track: only one key can be for it")]
    TwoRules {
        /// The first rule.
        first: String,
        /// The second rule.
        second: String,
    },
    /// A rule with a filter that is not understood, which makes the whole mapping unusable.
    #[error("{rule} has a filter that is not understood ({filter}): no key can be chosen")]
    UnusableRule {
        /// The rule.
        rule: String,
        /// The filter.
        filter: String,
    },
    /// A filter asks what is not known of the track.
    #[error("{rule} asks for the {fact} of the track, which is not known")]
    UnknownFact {
        /// The rule.
        rule: String,
        /// What must be known.
        fact: &'static str,
    },
    /// Parts that may not stand together.
    #[error("the cpix document cannot be written: {0}")]
    Contradiction(&'static str),
    /// The version that is to be written cannot say it.
    #[error("{what} cannot be written in cpix {version}")]
    NotInVersion {
        /// The element or attribute.
        what: &'static str,
        /// The version.
        version: &'static str,
    },
    /// There are no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}
