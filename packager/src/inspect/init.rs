// SPDX-License-Identifier: MPL-2.0
//! What an init segment, or the `moov` of a file, says of its protection, for manifests.

use std::io;
use std::path::Path;

use cenc_types::{PIFF_PSSH, Pssh, Scheme};
use drm_signaling::Drm;
use isobmff_boxes::{BoxTree, FourCc};
use presentation::FileProtection;

use super::findings::Findings;
use super::lint::scheme_of;
use super::read::{self, Source};
use super::track::{Description, TrackState};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A box that cannot be read.
    #[error(transparent)]
    Read(read::Error),
    /// `moov` cannot be read.
    #[error("moov: {0}")]
    Moov(#[from] isobmff_boxes::Error),
    /// No `moov`.
    #[error("no moov: give an init segment, or a whole file")]
    NoMoov,
    /// Something other than Common Encryption.
    #[error("a protected track has no scheme of Common Encryption")]
    Scheme,
    /// Manifests have one scheme for all tracks of a file.
    #[error("its tracks have the schemes {0} and {1}: manifests can name one")]
    Schemes(Scheme, Scheme),
}

impl From<read::Error> for Error {
    fn from(error: read::Error) -> Self {
        match error {
            read::Error::Io(error) => Self::Io(error),
            error => Self::Read(error),
        }
    }
}

/// Reads a file up to its `moov`.
///
/// # Errors
/// [`Error`].
pub fn read(path: &Path) -> Result<FileProtection, Error> {
    let mut source = Source::open(path)?;
    while let Some(top) = source.next()? {
        if top.box_type == FourCc::MOOV {
            let bytes = source.load(&top)?;
            return of_moov(&BoxTree::parse(&bytes)?);
        }
    }
    Err(Error::NoMoov)
}

fn of_moov(moov: &BoxTree<'_>) -> Result<FileProtection, Error> {
    let mut init = FileProtection::default();
    for trak in moov.all(FourCc::TRAK) {
        // What is wrong with the track beside this is for `inspect` to say.
        let track = TrackState::read(trak, &mut Findings::default())?;
        for description in &track.descriptions {
            add(&mut init, description)?;
        }
    }
    for child in moov.children() {
        if child.box_type == FourCc::PSSH || child.uuid == Some(PIFF_PSSH) {
            let pssh = Pssh::read(child.reader())?;
            let drm = Drm::from_pssh(&pssh, pssh.to_bytes()?);
            if !init.drms.contains(&drm) {
                init.drms.push(drm);
            }
        }
    }
    Ok(init)
}

fn add(init: &mut FileProtection, description: &Description) -> Result<(), Error> {
    let Description::Protected { scheme, tenc } = description else {
        return Ok(());
    };
    let scheme = scheme.and_then(scheme_of).ok_or(Error::Scheme)?;
    match init.scheme {
        Some(other) if other != scheme => return Err(Error::Schemes(other, scheme)),
        _ => init.scheme = Some(scheme),
    }
    let kid = tenc.as_ref().map(|tenc| tenc.kid);
    let kid = kid.filter(|kid| !kid.is_nil() && !init.kids.contains(kid));
    init.kids.extend(kid);
    Ok(())
}
