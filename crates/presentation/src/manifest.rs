// SPDX-License-Identifier: MPL-2.0
//! Adds protection to an existing manifest of any format.

use std::rc::Rc;

use super::edit::{Edit, apply_edits};
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
    /// The protection that was added, with the element or file that has it.
    pub added: Vec<NamedProtection>,
    /// The first media segment that is not there, so that changes of the key in it were not seen.
    pub unread_segment: Option<String>,
}

/// The edits of a manifest, with the protection that they add.
pub(super) struct EditPlan {
    pub(super) format: ManifestFormat,
    pub(super) edits: Vec<Edit>,
    pub(super) added: Vec<NamedProtection>,
    pub(super) unread_segment: Option<String>,
    /// True if a playlist has text only, which is clear.
    pub(super) is_clear_text: bool,
}

/// Adds the protection of its files to a manifest. See the example of the crate.
///
/// # Errors
/// [`Error`] for a manifest that is malformed, has protection already or names no protected file; those of `files`.
pub fn protect_manifest<F: PresentationFiles>(
    text: &str,
    files: &mut F,
) -> Result<ProtectedManifest, F::Error> {
    let plan = match hls::is_playlist(text) {
        true => hls::plan_edits(text, files)?,
        false => xml::plan_edits(text, files)?,
    };
    if plan.added.is_empty() && !plan.is_clear_text {
        return Err(Error::NothingProtected.into());
    }
    Ok(ProtectedManifest {
        text: apply_edits(text, plan.edits),
        format: plan.format,
        added: plan.added,
        unread_segment: plan.unread_segment,
    })
}

impl ManifestFormat {
    /// Returns the name of the format in lower case: `dash`, `hls` or `smooth`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dash => "dash",
            Self::Hls => "hls",
            Self::Smooth => "smooth",
        }
    }
}

impl EditPlan {
    /// Creates a plan without edits.
    pub(super) const fn new(format: ManifestFormat) -> Self {
        Self {
            format,
            edits: Vec::new(),
            added: Vec::new(),
            unread_segment: None,
            is_clear_text: false,
        }
    }

    /// Records that `protection` is added to an element or for a file.
    pub(super) fn record(&mut self, name: String, protection: &Rc<FileProtection>) {
        self.added.push(NamedProtection {
            name,
            protection: Rc::clone(protection),
        });
    }
}
