// SPDX-License-Identifier: MPL-2.0
//! Reads a track of `moov`: its sample entries and the `seig` groups of its sample table.

use cenc_mp4::information::{SeigDescriptions, is_encryption_information, is_seig_group};
use cenc_types::CipherMode;
use common_encryption::ParsedProtection;
use isobmff_boxes::{
    BoxTree, Error, FourCc, Reader, SampleEntry, Sgpd, Sinf, Tkhd, Trex, read_handler_type,
};

use super::facts::TrackFact;
use super::findings::{FindingPlace, Findings};
use super::lint;
use super::report::{ProtectionReport, SampleEntryReport, TrackReport};

/// The largest number of different `seig` entries in the report of a track.
const MAX_SEIG: usize = 1000;

/// A track, with the descriptions that its samples refer to.
#[derive(Debug, Default)]
pub struct TrackState {
    /// The report.
    pub report: TrackReport,
    /// The sample entries; sample_description_index counts them from 1.
    pub descriptions: Vec<EntryProtection>,
    /// The `seig` entries of `stbl`.
    pub seig: SeigDescriptions,
    /// The defaults of the track's fragments.
    pub trex: Option<Trex>,
}

/// The protection in a sample entry.
#[derive(Debug, Clone)]
pub enum EntryProtection {
    /// The samples are clear.
    Clear,
    /// The samples are protected.
    Protected {
        /// scheme_type.
        scheme: Option<FourCc>,
        /// The defaults of the samples, if they can be read.
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
        let mut state = Self {
            report: TrackReport {
                track_id,
                handler: handler.to_string(),
                ..TrackReport::default()
            },
            ..Self::default()
        };
        for entry in SampleEntry::read_all(stbl.child(FourCc::STSD)?.reader())? {
            state.read_entry(&entry, findings);
        }
        for parent in [trak, stbl] {
            if parent.children().iter().any(is_encryption_information) {
                let place = parent.box_type.to_string();
                state
                    .report
                    .facts
                    .note(TrackFact::InformationInMoov, &place);
            }
        }
        let place = FindingPlace::track(track_id, "stbl");
        let seig = seig_descriptions(stbl, &place, findings);
        for seig in seig.readable() {
            state.note_seig(seig, &place, findings);
        }
        state.seig = seig;
        Ok(state)
    }

    /// Returns the cipher mode of the first protected sample entry, if its scheme is known.
    pub fn cipher_mode(&self) -> Option<CipherMode> {
        self.descriptions
            .iter()
            .find_map(|description| match description {
                EntryProtection::Protected { scheme, .. } => {
                    lint::scheme_of((*scheme)?).map(|scheme| scheme.cipher_mode())
                }
                EntryProtection::Clear => None,
            })
    }

    /// Adds a `seig` entry to the report once, and checks it against the track's `tenc`.
    pub fn note_seig(
        &mut self,
        seig: &ParsedProtection,
        place: &FindingPlace,
        findings: &mut Findings,
    ) {
        let shown = ProtectionReport::from(seig);
        if self.report.seig.contains(&shown) || self.report.seig.len() >= MAX_SEIG {
            return;
        }
        self.report.seig.push(shown);
        let (scheme, tenc) = self
            .descriptions
            .iter()
            .find_map(|description| match description {
                EntryProtection::Protected { scheme, tenc } => Some((*scheme, tenc.as_ref())),
                EntryProtection::Clear => None,
            })
            .unwrap_or_default();
        lint::check_seig(seig, scheme, tenc, place, findings);
    }

    fn read_entry(&mut self, entry: &SampleEntry<'_>, findings: &mut Findings) {
        let place = FindingPlace::track(
            self.report.track_id,
            format!(
                "stsd, entry {} ({})",
                self.descriptions.len() + 1,
                entry.format
            ),
        );
        let mut report = SampleEntryReport {
            format: entry.format.to_string(),
            size: (self.report.handler == "vide")
                .then(|| entry.visual_size().ok())
                .flatten()
                .map(|size| (size.width, size.height)),
            ..SampleEntryReport::default()
        };
        self.descriptions
            .push(match is_protected_format(entry.format) {
                true => read_protection(entry, &mut report, &place, findings),
                false => EntryProtection::Clear,
            });
        self.report.sample_entries.push(report);
    }
}

/// Reads the `seig` entries of a `stbl` or `traf`; adds a finding for each unreadable `sgpd` of any grouping type.
pub fn seig_descriptions(
    parent: &BoxTree<'_>,
    place: &FindingPlace,
    findings: &mut Findings,
) -> SeigDescriptions {
    for fault in parent
        .all(FourCc::SGPD)
        .filter(|sgpd| !is_seig_group(sgpd))
        .filter_map(|sgpd| Sgpd::read(sgpd.reader()).err())
    {
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
    report: &mut SampleEntryReport,
    place: &FindingPlace,
    findings: &mut Findings,
) -> EntryProtection {
    read_sinf(entry, report, place, findings).unwrap_or_else(|error| {
        findings.error("sinf", place, error);
        EntryProtection::Protected {
            scheme: None,
            tenc: None,
        }
    })
}

fn read_sinf(
    entry: &SampleEntry<'_>,
    report: &mut SampleEntryReport,
    place: &FindingPlace,
    findings: &mut Findings,
) -> Result<EntryProtection, Error> {
    let body = entry.sinf()?.ok_or(Error::Missing {
        parent: entry.format,
        child: FourCc::SINF,
    })?;
    let sinf = Sinf::read(Reader::new(FourCc::SINF, body))?;
    report.original_format = Some(sinf.original_format.to_string());
    report.scheme = sinf.schm.map(|schm| schm.scheme_type.to_string());
    report.scheme_version = sinf.schm.map(|schm| schm.scheme_version);
    let scheme = sinf.schm.map(|schm| schm.scheme_type);
    let tenc =
        ParsedProtection::in_scheme_information(sinf.scheme_information.unwrap_or_default())?;
    report.tenc = tenc.as_ref().map(ProtectionReport::from);
    lint::check_entry(scheme, tenc.as_ref(), place, findings);
    Ok(EntryProtection::Protected { scheme, tenc })
}
