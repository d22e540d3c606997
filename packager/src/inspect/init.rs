// SPDX-License-Identifier: MPL-2.0
//! Reads the protection in an init segment, or in the `moov` of a file, for manifests.

use std::io;
use std::path::Path;

use cenc_types::{PIFF_PSSH, Pssh, Scheme};
use drm_signaling::Drm;
use isobmff_boxes::{BoxTree, FourCc};
use presentation::FileProtection;

use super::findings::Findings;
use super::lint::scheme_of;
use super::mp4_file::{self, Mp4File};
use super::track::{EntryProtection, TrackState};

/// The handler types of subtitles and captions.
const TEXT_HANDLERS: [&str; 4] = ["text", "subt", "sbtl", "clcp"];

/// Errors of reading the protection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A box cannot be read.
    #[error(transparent)]
    Read(mp4_file::Error),
    /// `moov` cannot be read.
    #[error("moov: {0}")]
    Moov(#[from] isobmff_boxes::Error),
    /// A `moof` cannot be read.
    #[error("moof: {0}")]
    Moof(isobmff_boxes::Error),
    /// The file has no `moov`.
    #[error("no moov: give an init segment, or a whole file")]
    NoMoov,
    /// A track is protected by something other than Common Encryption.
    #[error("a protected track has none of the schemes cenc, cens, cbc1, cbcs")]
    Scheme,
    /// The tracks have different schemes; a manifest names one scheme per file.
    #[error(
        "the tracks have the schemes {0} and {1}, but a manifest can name only one: protect all tracks with the same scheme"
    )]
    Schemes(Scheme, Scheme),
}

impl From<mp4_file::Error> for Error {
    fn from(error: mp4_file::Error) -> Self {
        match error {
            mp4_file::Error::Io(error) => Self::Io(error),
            error => Self::Read(error),
        }
    }
}

/// Reads a file up to its `moov`.
///
/// # Errors
/// [`Error`].
pub fn read(path: &Path) -> Result<FileProtection, Error> {
    let mut source = Mp4File::open(path)?;
    while let Some(top) = source.next()? {
        if top.box_type == FourCc::MOOV {
            let bytes = source.load(&top)?;
            return read_moov(&BoxTree::parse(&bytes)?);
        }
    }
    Err(Error::NoMoov)
}

fn read_moov(moov: &BoxTree<'_>) -> Result<FileProtection, Error> {
    let mut init = FileProtection::default();
    let mut has_tracks = false;
    let mut has_media = false;
    for trak in moov.all(FourCc::TRAK) {
        // Findings are reported by `inspect`, not here.
        let track = TrackState::read(trak, &mut Findings::default())?;
        has_tracks = true;
        has_media |= !TEXT_HANDLERS.contains(&track.report.handler.as_str());
        for description in &track.descriptions {
            add_entry(&mut init, description)?;
        }
    }
    init.is_text = has_tracks && !has_media;
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

fn add_entry(init: &mut FileProtection, description: &EntryProtection) -> Result<(), Error> {
    let EntryProtection::Protected { scheme, tenc } = description else {
        return Ok(());
    };
    let scheme = scheme.and_then(scheme_of).ok_or(Error::Scheme)?;
    match init.scheme {
        Some(other) if other != scheme => return Err(Error::Schemes(other, scheme)),
        _ => init.scheme = Some(scheme),
    }
    if let Some(tenc) = tenc
        && !tenc.kid.is_nil()
        && !init.kids.contains(&tenc.kid)
    {
        init.kids.push(tenc.kid);
    }
    Ok(())
}
