// SPDX-License-Identifier: MPL-2.0
//! XML of CPIX: its namespaces, its reader and its writer.

mod guard;
mod read;
mod write;

pub(super) use read::Element;
pub(super) use write::{Attributes, XmlWriter, encode};

/// The namespace of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    /// DASH-IF's CPIX.
    Cpix,
    /// RFC 6030, the containers of keys.
    Pskc,
    /// XML Signature, for certificates.
    Signature,
    /// XML Encryption, for encrypted keys.
    Encryption,
    /// SPEKE 1.0's additions.
    Speke,
    /// Common Encryption's elements in an MPD, ISO/IEC 23001-7.
    Mpeg,
}

impl Namespace {
    pub(super) const fn uri(self) -> &'static str {
        match self {
            Self::Cpix => "urn:dashif:org:cpix",
            Self::Pskc => "urn:ietf:params:xml:ns:keyprov:pskc",
            Self::Signature => "http://www.w3.org/2000/09/xmldsig#",
            Self::Encryption => "http://www.w3.org/2001/04/xmlenc#",
            Self::Speke => "urn:aws:amazon:com:speke",
            Self::Mpeg => "urn:mpeg:cenc:2013",
        }
    }

    /// Returns the prefix in documents that are written.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Cpix => "cpix",
            Self::Pskc => "pskc",
            Self::Signature => "ds",
            Self::Encryption => "enc",
            Self::Speke => "speke",
            Self::Mpeg => "cenc",
        }
    }

    /// Returns the attribute that declares the prefix.
    pub(super) const fn declaration(self) -> &'static str {
        match self {
            Self::Cpix => "xmlns:cpix",
            Self::Pskc => "xmlns:pskc",
            Self::Signature => "xmlns:ds",
            Self::Encryption => "xmlns:enc",
            Self::Speke => "xmlns:speke",
            Self::Mpeg => "xmlns:cenc",
        }
    }
}
