// SPDX-License-Identifier: MPL-2.0
//! Errors of requests for keys. The texts up to [`Error::MissingContract`] are exactly those of SPEKE 2.

use cenc_types::KeyId;
use uuid::Uuid;

/// Errors of requests for keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The content has no id.
    #[error("Missing CPIX@contentId")]
    MissingContentId,
    /// The document has no version.
    #[error("Missing CPIX@version")]
    MissingVersion,
    /// The version of the document is not the one of the SPEKE version.
    #[error("Unsupported CPIX@version")]
    UnsupportedVersion,
    /// The version of SPEKE is unknown.
    #[error("Unsupported SPEKE version")]
    UnsupportedSpeke,
    /// A key has no scheme.
    #[error("Missing ContentKey@commonEncryptionScheme for KID {0}")]
    MissingScheme(KeyId),
    /// The keys have different schemes.
    #[error("Non compliant ContentKey@commonEncryptionScheme combination")]
    SchemeCombination,
    /// A DRM system does not support the scheme.
    #[error("ContentKey@commonEncryptionScheme non compatible with DRMSystem {0}")]
    SchemeOfSystem(Uuid),
    /// The usage rules contradict each other, or one is not valid.
    #[error("Malformed encryption contract")]
    MalformedContract,
    /// The usage rules need something that this server does not support.
    #[error("Requested CPIX encryption contract not supported")]
    UnsupportedContract,
    /// There are no usage rules, or one has no filters.
    #[error("Missing CPIX encryption contract")]
    MissingContract,
    /// The document has no attribute `id`, which SPEKE 1.0 uses instead of contentId.
    #[error("Missing CPIX@id")]
    MissingId,
    /// A list is empty that must have items.
    #[error("Missing {0}")]
    MissingList(&'static str),
    /// A DRM system is unknown.
    #[error("Unsupported DRMSystem {0}")]
    UnknownSystem(Uuid),
    /// A key is a leaf key, which only a licence server can make.
    #[error("Unsupported ContentKey@dependsOnKey of KID {0}")]
    LeafKey(KeyId),
    /// The document cannot be read.
    #[error(transparent)]
    Document(#[from] cpix::Error),
    /// The content's settings do not fit a PlayReady Header.
    #[error("the content's settings make no PlayReady Header: {0}")]
    Header(#[from] playready_header::Error),
    /// The signaling of a DRM system cannot be made.
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
    /// Returns the HTTP status: 400 if the body is no CPIX document, 413 if it is too large, 422 if the request cannot be fulfilled, 500
    /// for a fault of the server.
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

    /// Converts the error of a document, to the error of SPEKE if there is one.
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
