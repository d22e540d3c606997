// SPDX-License-Identifier: MPL-2.0
//! A track as `moov` describes it: its sample entries and the `seig` groups of its sample table.

use cenc_mp4::information::{SeigDescriptions, is_seig_group};
use common_encryption::ParsedProtection;
use isobmff_boxes::{
    BoxTree, Error, FourCc, Reader, SampleEntry, Sgpd, Sinf, Tkhd, Trex, read_handler_type,
};

use super::findings::{Findings, Place};
use super::lint;
use super::report::{Entry, Protection, Track};

/// The most different `seig` entries of a track that a report lists.
const MAX_SEIG: usize = 1000;

/// A track and what its samples refer to.
#[derive(Debug, Default)]
pub struct TrackState {
    /// What is reported.
    pub report: Track,
    /// By sample_description_index, from 0.
    pub descriptions: Vec<Description>,
    /// The `seig` entries of `stbl`.
    pub seig: SeigDescriptions,
    /// Defaults of the track's fragments.
    pub trex: Option<Trex>,
}

/// What a sample entry says of its samples.
#[derive(Debug, Clone)]
pub enum Description {
    /// Not protected.
    Clear,
    /// Protected, with `tenc` where it can be read.
    Protected {
        /// scheme_type.
        scheme: Option<FourCc>,
        /// The defaults.
        tenc: Option<ParsedProtection>,
    },
}

impl TrackState {
    /// Reads a `trak`.
    pub fn read(trak: &BoxTree<'_>, findings: &mut Findings) -> Result<Self, Error> {
        let track_id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
        let mdia = trak.child(FourCc::MDIA)?;
        let handler = read_handler_type(mdia.child(FourCc::HDLR)?.reader())?;
        let stbl = mdia.descend(&[FourCc::MINF, FourCc::STBL])?;
        let mut state = Self::default();
        state.report.track_id = track_id;
        state.report.handler = handler.to_string();
        for entry in SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())? {
            state.read_entry(&entry, findings);
        }
        let place = Place::track(track_id, "stbl");
        let seig = seig_descriptions(stbl, &place, findings);
        for seig in seig.readable() {
            state.note_seig(seig, &place, findings);
        }
        state.seig = seig;
        Ok(state)
    }

    /// Lists a `seig` entry once and holds it against the track's `tenc`.
    pub fn note_seig(&mut self, seig: &ParsedProtection, place: &Place, findings: &mut Findings) {
        let shown = Protection::from(seig);
        if self.report.seig.contains(&shown) || self.report.seig.len() >= MAX_SEIG {
            return;
        }
        self.report.seig.push(shown);
        let described = self
            .descriptions
            .iter()
            .find_map(|description| match description {
                Description::Protected { scheme, tenc } => Some((*scheme, tenc.as_ref())),
                Description::Clear => None,
            });
        let (scheme, tenc) = described.unwrap_or_default();
        lint::check_seig(seig, (scheme, tenc), place, findings);
    }

    fn read_entry(&mut self, entry: &SampleEntry<'_>, findings: &mut Findings) {
        let number = self.descriptions.len() + 1;
        let text = format!("stsd, entry {number} ({})", entry.format);
        let place = Place::track(self.report.track_id, text);
        let mut shown = Entry {
            format: entry.format.to_string(),
            size: (self.report.handler == "vide")
                .then(|| entry.visual_size().ok())
                .flatten()
                .map(|size| (size.width, size.height)),
            ..Entry::default()
        };
        let description = if is_protected_format(entry.format) {
            read_protection(entry, &mut shown, (&place, findings))
        } else {
            Description::Clear
        };
        self.descriptions.push(description);
        self.report.sample_entries.push(shown);
    }
}

/// The `seig` entries of a `stbl` or `traf`; says which descriptions, of these or of other groups, cannot be read.
pub fn seig_descriptions(
    parent: &BoxTree<'_>,
    place: &Place,
    findings: &mut Findings,
) -> SeigDescriptions {
    let others = parent.all(FourCc::SGPD).filter(|sgpd| !is_seig_group(sgpd));
    for fault in others.filter_map(|sgpd| Sgpd::read(sgpd.reader()).err()) {
        findings.error("unreadable", place, fault);
    }
    let found = SeigDescriptions::read(parent);
    for fault in found.faults() {
        findings.error("unreadable", place, fault);
    }
    found
}

fn is_protected_format(format: FourCc) -> bool {
    matches!(
        format,
        FourCc::ENCV | FourCc::ENCA | FourCc::ENCT | FourCc::ENCS | FourCc::ENCM
    )
}

fn read_protection(
    entry: &SampleEntry<'_>,
    shown: &mut Entry,
    (place, findings): (&Place, &mut Findings),
) -> Description {
    match read_sinf(entry, shown) {
        Ok((scheme, tenc)) => {
            lint::check_entry(scheme, tenc.as_ref(), place, findings);
            Description::Protected { scheme, tenc }
        }
        Err(error) => {
            findings.error("sinf", place, error);
            Description::Protected {
                scheme: None,
                tenc: None,
            }
        }
    }
}

fn read_sinf(
    entry: &SampleEntry<'_>,
    shown: &mut Entry,
) -> Result<(Option<FourCc>, Option<ParsedProtection>), Error> {
    let body = entry.sinf()?.ok_or(Error::Missing {
        parent: entry.format,
        child: FourCc::SINF,
    })?;
    let sinf = Sinf::read(Reader::new(FourCc::SINF, body))?;
    shown.original_format = Some(sinf.original_format.to_string());
    shown.scheme = sinf.schm.map(|schm| schm.scheme_type.to_string());
    shown.scheme_version = sinf.schm.map(|schm| schm.scheme_version);
    let boxes = sinf.scheme_information.unwrap_or_default();
    let tenc = ParsedProtection::in_scheme_information(boxes)?;
    shown.tenc = tenc.as_ref().map(Protection::from);
    Ok((sinf.schm.map(|schm| schm.scheme_type), tenc))
}
