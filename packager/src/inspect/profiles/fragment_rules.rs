// SPDX-License-Identifier: MPL-2.0
//! Rules about fragments and the encryption information of their samples.

use cenc_types::{CipherMode, Scheme};

use super::ClientProfile::{Cmaf, DashIf, Hbbtv, PlayReady3, PlayReady4};
use super::rule::{ProfileDemand, ProfileRule, RuleBreach, RuleScope, breaches_of};
use crate::inspect::facts::TrackFact;
use crate::inspect::findings::Severity::{Error, Warning};
use crate::inspect::lint;
use crate::inspect::report::{InspectionReport, TrackReport};

/// The rules.
pub const RULES: [ProfileRule; 10] = [
    ProfileRule {
        code: "senc-in-moov",
        cause: "the encryption information of samples is in 'moov', not in the fragments",
        remedy: "protect the clear file with --fragment, or make segments of it with package",
        demands: &[ProfileDemand {
            profiles: &[PlayReady3, PlayReady4],
            severity: Error,
            source: "Microsoft, DASH Content Protection using Microsoft PlayReady, section 2.2: in the segment that refers to it",
        }],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::InformationInMoov, report)),
    },
    ProfileRule {
        code: "fragment-senc",
        cause: "a fragment has protected samples and no 'senc'",
        remedy: "protect the clear file again; playready-packager writes 'senc' into each protected fragment",
        demands: &[
            ProfileDemand {
                profiles: &[DashIf],
                severity: Error,
                source: "DASH-IF, Content Protection and Security, content protection data in CMAF containers: one 'senc'",
            },
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Warning,
                source: "Microsoft, MP4-based Formats Supported by PlayReady Clients: 'senc' in each fragment",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::NoSenc, report)),
    },
    ProfileRule {
        code: "saio-missing",
        cause: "a fragment has entries in 'senc', but not 'saiz' and 'saio'",
        remedy: "protect the clear file again; playready-packager writes 'saiz' and 'saio' with the entries",
        demands: &[
            ProfileDemand {
                profiles: &[PlayReady3, PlayReady4],
                severity: Error,
                source: "Microsoft, DASH Content Protection using Microsoft PlayReady, section 2.2",
            },
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 8.2.2.1",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::NoSaio, report)),
    },
    ProfileRule {
        code: "saio-offsets",
        cause: "'saio' has several offsets",
        remedy: "protect the clear file again; playready-packager writes one offset, since the entries are contiguous",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 8.2.2.1: entry_count 1",
        }],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::SeveralOffsets, report)),
    },
    ProfileRule {
        code: "saio-outside-moof",
        cause: "'saio' points to entries outside of the 'moof'",
        remedy: "protect the clear file again; playready-packager writes the entries into 'senc'",
        demands: &[ProfileDemand {
            profiles: &[Hbbtv],
            severity: Error,
            source: "ETSI TS 103 285 clause 8.6.1",
        }],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::EntriesOutsideMoof, report)),
    },
    ProfileRule {
        code: "subsample-alignment",
        cause: "a protected range in cenc is not a multiple of 16 bytes",
        remedy: "protect the clear file again; playready-packager leaves the rest of the range clear",
        demands: &[ProfileDemand {
            profiles: &[Cmaf],
            severity: Error,
            source: "ISO/IEC 23000-19 clause 8, ISO/IEC 23001-7 clause 10.1",
        }],
        scope: RuleScope::Stream(|report| {
            of_tracks(TrackFact::UnalignedRange, report, |scheme, _| {
                scheme != Scheme::Cbcs
            })
        }),
    },
    ProfileRule {
        code: "subsample-end",
        cause: "the rest of a protected range is a clear entry of its own at the end of the sample",
        remedy: "protect the clear file again; playready-packager leaves the rest clear in front of the range",
        demands: &[ProfileDemand {
            profiles: &[Hbbtv],
            severity: Warning,
            source: "shaka-project/shaka-packager#1584: televisions fail on it",
        }],
        scope: RuleScope::Stream(|report| {
            of_tracks(TrackFact::ShortClearEnd, report, |scheme, track| {
                scheme.cipher_mode() == CipherMode::Ctr && track.is_video()
            })
        }),
    },
    ProfileRule {
        code: "data-base",
        cause: "a fragment places its samples relative to something other than its 'moof'",
        remedy: "write the fragments anew before they are protected, such as by cmafmux, or by package or protect --fragment",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.5.16: default-base-is-moof, no base-data-offset",
            },
            ProfileDemand {
                profiles: &[DashIf, Hbbtv],
                severity: Error,
                source: "ISO/IEC 23009-1 clause 6.3.4.2: default-base-is-moof, no base-data-offset",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::NotMoofRelative, report)),
    },
    ProfileRule {
        code: "tfdt-missing",
        cause: "a fragment has no 'tfdt', so that its time is not stated",
        remedy: "write the fragments anew before they are protected, such as by cmafmux, or by package or protect --fragment",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.3.2.3",
            },
            ProfileDemand {
                profiles: &[DashIf, Hbbtv],
                severity: Error,
                source: "ISO/IEC 23009-1 clause 6.3.4.2",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::NoDecodeTime, report)),
    },
    ProfileRule {
        code: "start-not-sync",
        cause: "a file starts with a picture that is no sync sample",
        remedy: "cut segments at key frames, such as by package",
        demands: &[
            ProfileDemand {
                profiles: &[Cmaf, DashIf],
                severity: Error,
                source: "ISO/IEC 23000-19 clause 7.3.2.4: fragments can be decoded by themselves",
            },
            ProfileDemand {
                profiles: &[Hbbtv],
                severity: Error,
                source: "ETSI TS 103 285 clause 5.1.2: segments start with access points",
            },
        ],
        scope: RuleScope::Stream(|report| breaches_of(TrackFact::StartsWithoutSync, report)),
    },
];

/// Returns a breach for each track with the fact whose scheme is one that it matters for.
fn of_tracks(
    fact: TrackFact,
    report: &InspectionReport,
    matters: impl Fn(Scheme, &TrackReport) -> bool,
) -> Vec<RuleBreach> {
    let concerned: Vec<u32> = report
        .tracks
        .iter()
        .filter(|track| {
            track
                .protected_entries()
                .filter_map(|entry| lint::scheme_named(entry.scheme.as_deref()?))
                .any(|scheme| matters(scheme, track))
        })
        .map(|track| track.track_id)
        .collect();
    breaches_of(fact, report)
        .into_iter()
        .filter(|breach| {
            breach
                .place
                .track_id
                .is_some_and(|id| concerned.contains(&id))
        })
        .collect()
}
