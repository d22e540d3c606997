// SPDX-License-Identifier: MPL-2.0
//! Errors of CPIX documents. No variant holds text that may be a key.

use cenc_types::KeyId;

/// Errors of CPIX documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The document exceeds the size limit.
    #[error("the cpix document has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The document has deeper nesting, more attributes or more namespaces than any real one.
    #[error("the cpix document has more {0} than any real one; it is not read")]
    TooComplex(&'static str),
    /// The document has a document type definition, which could define entities.
    #[error("the cpix document has a document type definition: send it without")]
    Dtd,
    /// The document is not UTF-8, or not well-formed.
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
    /// The document has a signature.
    #[error(
        "the cpix document is signed, and signatures are not verified here: verify it with another program, such as xmlsec1, then \
         remove its Signature elements"
    )]
    Signed,
    /// A required part is missing.
    #[error("the cpix element {element} lacks {missing}")]
    Missing {
        /// The element.
        element: &'static str,
        /// The attribute or child.
        missing: &'static str,
    },
    /// A value is malformed.
    #[error("the cpix value {name} is not {expected}")]
    BadValue {
        /// The element or attribute.
        name: &'static str,
        /// The required form.
        expected: &'static str,
    },
    /// Two elements have the same id.
    #[error("two elements of the cpix document have the id '{0}'")]
    DuplicateId(String),
    /// Two ContentKey elements have the same KID.
    #[error("two content keys of the cpix document have the KID {0}")]
    DuplicateKid(KeyId),
    /// A usage rule names an unknown period.
    #[error("a usage rule names the period '{0}', which the cpix document does not have")]
    UnknownPeriod(String),
    /// An element names an unknown content key.
    #[error("{by} names the KID {kid}, for which the cpix document has no ContentKey")]
    UnknownKid {
        /// The element or attribute that names it.
        by: &'static str,
        /// The KID.
        kid: KeyId,
    },
    /// A content key is not 16 bytes long.
    #[error("the content key of KID {kid} has {len} bytes; common encryption takes 16")]
    BadKeyLength {
        /// Its KID.
        kid: KeyId,
        /// Its length in bytes.
        len: usize,
    },
    /// A content key has no value.
    #[error("the cpix document names the KID {0} but does not give its key")]
    NoKey(KeyId),
    /// A content key is still encrypted.
    #[error("the key of KID {0} is encrypted: decrypt it with a recipient's private key first")]
    StillEncrypted(KeyId),
    /// The document is encrypted to other recipients.
    #[error("the cpix document is not encrypted to this recipient's certificate")]
    NotARecipient,
    /// The private key does not decrypt the document key, or the document key has the wrong size.
    #[error("the document key or MAC key cannot be decrypted with the recipient's private key")]
    Unwrap,
    /// RSA-OAEP cannot use the certificate or private key.
    #[error("{0}")]
    BadRecipient(&'static str),
    /// An encrypted key has no MAC.
    #[error("the encrypted key of KID {0} has no MAC: it could be forged and is not used")]
    NoMac(KeyId),
    /// The MAC of an encrypted key is wrong.
    #[error("the MAC of the encrypted key of KID {0} is wrong: it is damaged or forged")]
    BadMac(KeyId),
    /// The decrypted value is not a key with PKCS #7 padding.
    #[error("the encrypted key of KID {0} does not decrypt to a key")]
    BadCiphertext(KeyId),
    /// An algorithm is not one of those that CPIX requires.
    #[error("the algorithm of {element} is unknown: use {known}")]
    UnknownAlgorithm {
        /// The element that names it.
        element: &'static str,
        /// The algorithm that CPIX requires.
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
    /// A rule has an unknown filter, which makes the whole mapping unusable.
    #[error("{rule} has a filter that is not understood ({filter}): no key can be chosen")]
    UnusableRule {
        /// The rule.
        rule: String,
        /// The filter.
        filter: String,
    },
    /// A filter needs an unknown fact of the track.
    #[error("{rule} asks for the {fact} of the track, which is not known")]
    UnknownFact {
        /// The rule.
        rule: String,
        /// The unknown fact.
        fact: &'static str,
    },
    /// The document has parts that exclude each other.
    #[error("the cpix document cannot be written: {0}")]
    Contradiction(&'static str),
    /// The version does not have an element or attribute.
    #[error("{what} cannot be written in cpix {version}")]
    NotInVersion {
        /// The element or attribute.
        what: &'static str,
        /// The version.
        version: &'static str,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    Generator(#[from] host_access::RandomError),
}
