// SPDX-License-Identifier: MPL-2.0
//! Protection for an existing manifest of any format.

use std::rc::Rc;

use super::edit::{self, Edit};
use super::{Error, FileProtection, NamedProtection, PresentationFiles, hls, xml};

/// The format of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestFormat {
    /// An MPD, ISO/IEC 23009-1.
    Dash,
    /// A media or multivariant playlist, RFC 8216.
    Hls,
    /// A Smooth Streaming client manifest, MS-SSTR.
    Smooth,
}

/// A manifest with protection.
#[derive(Debug)]
pub struct ProtectedManifest {
    /// The whole manifest.
    pub text: String,
    /// Its format.
    pub format: ManifestFormat,
    /// The protection that was added, by its place.
    pub added: Vec<NamedProtection>,
}

/// The changes to a manifest.
pub(super) struct EditPlan {
    pub(super) format: ManifestFormat,
    pub(super) edits: Vec<Edit>,
    pub(super) added: Vec<NamedProtection>,
}

/// Adds to a manifest what its files say of their protection.
///
/// # Errors
/// [`Error`] for a manifest that cannot be understood, has protection already or names no protected file; those of `files`.
pub fn protect_manifest<F: PresentationFiles>(
    text: &str,
    files: &mut F,
) -> Result<ProtectedManifest, F::Error> {
    let plan = match text.trim_start_matches('\u{feff}').starts_with("#EXTM3U") {
        true => hls::plan(text, files)?,
        false => xml::plan(text, files)?,
    };
    if plan.edits.is_empty() {
        return Err(Error::NothingProtected.into());
    }
    Ok(ProtectedManifest {
        text: edit::apply(text, plan.edits),
        format: plan.format,
        added: plan.added,
    })
}

impl ManifestFormat {
    /// The name of the format in lower case: `dash`, `hls` or `smooth`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dash => "dash",
            Self::Hls => "hls",
            Self::Smooth => "smooth",
        }
    }
}

impl EditPlan {
    /// A plan that changes nothing yet.
    pub(super) const fn new(format: ManifestFormat) -> Self {
        Self {
            format,
            edits: Vec::new(),
            added: Vec::new(),
        }
    }

    /// Notes that `protection` was added at `place`.
    pub(super) fn note(&mut self, place: String, protection: &Rc<FileProtection>) {
        self.added.push(NamedProtection {
            name: place,
            protection: Rc::clone(protection),
        });
    }
}
