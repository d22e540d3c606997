// SPDX-License-Identifier: MPL-2.0
//! Why the protectable bytes of a sample cannot be told. Every case stops protection: none is a
//! licence to pass clear bytes on.

/// Errors of the codec layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rule is known for the samples of this sample entry type.
    #[error("cannot protect samples of type {:?}: leave the track out or transcode it", format.escape_ascii().to_string())]
    Unsupported {
        /// Sample entry type before protection.
        format: [u8; 4],
    },
    /// The bitstream uses a tool whose headers are not understood.
    #[error("cannot find what to protect in a stream with {feature}: encode it without")]
    UnsupportedFeature {
        /// The tool, in the standard's words.
        feature: &'static str,
    },
    /// A sample entry came without its decoder configuration record.
    #[error("sample entry {:?} has no decoder configuration: its avcC, hvcC, vvcC or av1C box is needed", format.escape_ascii().to_string())]
    MissingConfig {
        /// Sample entry type before protection.
        format: [u8; 4],
    },
    /// A NAL unit's length field, or its NAL unit header, reaches past the end of the sample.
    #[error(
        "the NAL unit at byte {offset} of the sample is truncated: check the parser and the length size"
    )]
    TruncatedNalUnit {
        /// Where the NAL unit's length field starts, in bytes from the start of the sample.
        offset: usize,
    },
    /// A structure ends before its last syntax element.
    #[error("truncated {structure}: the stream is damaged")]
    Truncated {
        /// Which structure.
        structure: &'static str,
    },
    /// A syntax element has a value that the standard does not allow.
    #[error("bad {element} in {structure}: the stream is damaged")]
    OutOfRange {
        /// Which structure.
        structure: &'static str,
        /// The syntax element, in the standard's words.
        element: &'static str,
    },
    /// A slice names a parameter set that neither the sample entry nor the stream has carried.
    #[error(
        "a slice needs {kind} {id}, which has not come: insert parameter sets in the stream or its configuration"
    )]
    MissingParameterSet {
        /// `SPS` or `PPS`.
        kind: &'static str,
        /// Its id.
        id: u32,
    },
    /// A frame depends on what has not come.
    #[error("a frame needs {what}, which has not come: start the stream at a random access point")]
    Missing {
        /// What it is.
        what: &'static str,
    },
}
