// SPDX-License-Identifier: MPL-2.0
//! Reads the protection in an init segment, or in the `moov` of a file, for manifests.

use std::io;
use std::path::Path;

use cenc_mp4::information::{ProtectionSources, SampleGroups, SeigDescriptions};
use cenc_types::{KeyId, PIFF_PSSH, Pssh, Scheme};
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
    /// A fragment names its key in the init segment, which is in another file.
    #[error(
        "a fragment names its key by a 'seig' entry of its init segment, which is not in the same file: put the entries into the \
         fragments, as playready-packager protect does"
    )]
    UnknownGroup,
    /// The samples of a progressive track have several keys.
    #[error(
        "samples of track {0} have other keys than its sample entry names: a manifest can name one key for a progressive track, so \
         write fragmented MP4"
    )]
    SampleKeys(u32),
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
        refuse_other_keys(trak, &track)?;
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

/// Refuses `seig` groups of samples in the `moov` with other KIDs than those of the sample entries.
fn refuse_other_keys(trak: &BoxTree<'_>, track: &TrackState) -> Result<(), Error> {
    let stbl = trak.descend(&[FourCc::MDIA, FourCc::MINF, FourCc::STBL])?;
    let descriptions = SeigDescriptions::read(stbl);
    let none = SeigDescriptions::default();
    let groups = SampleGroups::read(stbl, &descriptions, &none)?;
    let sources = ProtectionSources {
        default: None,
        track: &descriptions,
        fragment: &none,
    };
    let is_own = |kid: KeyId| {
        track.descriptions.iter().any(|description| {
            matches!(description, EntryProtection::Protected { tenc: Some(tenc), .. } if tenc.kid == kid)
        })
    };
    let has_other = groups
        .runs()
        .iter()
        .filter_map(|run| sources.in_force(run.description))
        .any(|seig| seig.is_protected != 0 && !is_own(seig.kid));
    match has_other {
        true => Err(Error::SampleKeys(track.report.track_id)),
        false => Ok(()),
    }
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
