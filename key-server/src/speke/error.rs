// SPDX-License-Identifier: MPL-2.0
//! Why a request gets no keys. The texts up to [`Error::MissingContract`] are those of SPEKE 2, to the letter.

use cenc_types::KeyId;
use uuid::Uuid;

/// Errors of requests for keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Missing CPIX@contentId")]
    MissingContentId,
    #[error("Missing CPIX@version")]
    MissingVersion,
    #[error("Unsupported CPIX@version")]
    UnsupportedVersion,
    #[error("Unsupported SPEKE version")]
    UnsupportedSpeke,
    #[error("Missing ContentKey@commonEncryptionScheme for KID {0}")]
    MissingScheme(KeyId),
    #[error("Non compliant ContentKey@commonEncryptionScheme combination")]
    SchemeCombination,
    #[error("ContentKey@commonEncryptionScheme non compatible with DRMSystem {0}")]
    SchemeOfSystem(Uuid),
    #[error("Malformed encryption contract")]
    MalformedContract,
    #[error("Requested CPIX encryption contract not supported")]
    UnsupportedContract,
    #[error("Missing CPIX encryption contract")]
    MissingContract,
    /// No attribute `id`, which SPEKE 1.0 has in place of contentId.
    #[error("Missing CPIX@id")]
    MissingId,
    /// A list that must have items.
    #[error("Missing {0}")]
    MissingList(&'static str),
    /// A DRM system of which nothing can be said.
    #[error("Unsupported DRMSystem {0}")]
    UnknownSystem(Uuid),
    /// Leaf keys come with licences, which a licence server makes.
    #[error("Unsupported ContentKey@dependsOnKey of KID {0}")]
    LeafKey(KeyId),
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] cpix::Error),
    /// The content's settings make no PlayReady Header.
    #[error("the content's settings make no PlayReady Header: {0}")]
    Header(#[from] playready_header::Error),
    /// The DRM systems cannot be told of the keys.
    #[error(transparent)]
    Signaling(drm_signaling::Error),
}

impl From<drm_signaling::Error> for Error {
    fn from(error: drm_signaling::Error) -> Self {
        match error {
            drm_signaling::Error::PlayReady(error) => Self::Header(error),
            error => Self::Signaling(error),
        }
    }
}

impl Error {
    /// The status of HTTP: 400 for what is no CPIX document, 413 for one that is too large, 422 for what cannot be answered, 500
    /// for a fault on this side.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Document(cpix::Error::TooLarge { .. }) => 413,
            Self::Document(
                cpix::Error::NotWellFormed { .. }
                | cpix::Error::Dtd
                | cpix::Error::NotCpix
                | cpix::Error::TooComplex(_),
            ) => 400,
            Self::Header(_) | Self::Document(cpix::Error::Generator(_)) => 500,
            _ => 422,
        }
    }

    /// The error of a document, as SPEKE says it where it has words for it.
    pub(super) fn of_document(error: cpix::Error) -> Self {
        match error {
            cpix::Error::UnknownPeriod(_)
            | cpix::Error::UnknownKid {
                by: "a usage rule", ..
            }
            | cpix::Error::Missing {
                element: "ContentKeyUsageRule",
                ..
            } => Self::MalformedContract,
            error => Self::Document(error),
        }
    }
}
