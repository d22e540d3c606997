// SPDX-License-Identifier: MPL-2.0
//! The errors of this crate. Each of them stops protection: no caller may pass the sample on in the clear instead.

/// The reasons why the protectable bytes of a sample are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rule is known for the samples of this sample entry type.
    #[error("cannot protect samples of type {:?}: leave the track out or transcode it", format.escape_ascii().to_string())]
    Unsupported {
        /// The sample entry type before protection.
        format: [u8; 4],
    },
    /// The bitstream uses a coding tool whose headers are not understood.
    #[error("cannot find what to protect in a stream with {feature}: encode it without")]
    UnsupportedFeature {
        /// The coding tool, in the standard's words.
        feature: &'static str,
    },
    /// A sample entry has no decoder configuration record.
    #[error("sample entry {:?} has no decoder configuration: its avcC, hvcC, vvcC or av1C box is needed", format.escape_ascii().to_string())]
    MissingConfig {
        /// The sample entry type before protection.
        format: [u8; 4],
    },
    /// A NAL unit, or its length field or header, reaches past the end of the sample.
    #[error(
        "the NAL unit at byte {offset} of the sample is truncated: check the parser and the length size"
    )]
    TruncatedNalUnit {
        /// The first byte of the NAL unit's length field or header, from the start of the sample.
        offset: usize,
    },
    /// A structure ends before its last syntax element.
    #[error("truncated {structure}: the stream is damaged")]
    Truncated {
        /// The structure.
        structure: &'static str,
    },
    /// A syntax element has a value that the standard does not allow.
    #[error("bad {element} in {structure}: the stream is damaged")]
    OutOfRange {
        /// The structure.
        structure: &'static str,
        /// The syntax element, in the standard's words.
        element: &'static str,
    },
    /// A slice refers to a parameter set that neither the sample entry nor the stream has.
    #[error(
        "a slice needs {kind} {id}, which is missing: insert parameter sets in the stream or its configuration"
    )]
    MissingParameterSet {
        /// `SPS`, `PPS`, `VPS` or `subset SPS`.
        kind: &'static str,
        /// Its id.
        id: u32,
    },
    /// A frame depends on a header or frame that is missing.
    #[error("a frame needs {what}, which is missing: start the stream at a random access point")]
    Missing {
        /// The header or frame.
        what: &'static str,
    },
}
