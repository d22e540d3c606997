// SPDX-License-Identifier: MPL-2.0
//! The DRM systems and what each of them puts into manifests. A further system is a further variant.

use crate::playready::{PlayReadyObject, SYSTEM_ID};

use super::base64;

/// A DRM system with the data that it takes to manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drm {
    /// Microsoft PlayReady.
    PlayReady {
        /// The whole `pssh` box.
        pssh: Vec<u8>,
        /// The object in it.
        object: PlayReadyObject,
    },
}

/// An element inside DASH ContentProtection.
pub(super) struct DashChild {
    pub(super) prefix: &'static str,
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// How HLS finds the keys of a system.
pub(super) struct HlsKeyFormat {
    pub(super) format: &'static str,
    pub(super) versions: &'static str,
    pub(super) uri: String,
}

impl Drm {
    /// The SystemID, in UUID order.
    pub const fn system_id(&self) -> [u8; 16] {
        match self {
            Self::PlayReady { .. } => SYSTEM_ID,
        }
    }

    /// The value attribute of DASH ContentProtection.
    pub(super) const fn dash_value(&self) -> &'static str {
        match self {
            Self::PlayReady { .. } => "MSPR 2.0",
        }
    }

    /// Microsoft's DASH specification 1.3 recommends both elements for PlayReady.
    pub(super) fn dash_children(&self) -> Vec<DashChild> {
        match self {
            Self::PlayReady { pssh, object } => vec![
                DashChild {
                    prefix: "cenc",
                    namespace: "urn:mpeg:cenc:2013",
                    name: "cenc:pssh",
                    text: base64(pssh),
                },
                DashChild {
                    prefix: "mspr",
                    namespace: "urn:microsoft:playready",
                    name: "mspr:pro",
                    text: object.to_base64(),
                },
            ],
        }
    }

    pub(super) fn hls_key_format(&self) -> HlsKeyFormat {
        match self {
            Self::PlayReady { object, .. } => HlsKeyFormat {
                format: "com.microsoft.playready",
                versions: "1",
                uri: format!(
                    "data:text/plain;charset=UTF-16;base64,{}",
                    object.to_base64()
                ),
            },
        }
    }
}
