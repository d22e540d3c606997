// SPDX-License-Identifier: MPL-2.0
//! Why a stream cannot be protected, or not decrypted.

use isobmff_boxes::FourCc;

use super::DecryptionError;

/// Errors of the packager and of the decryptor; each says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A box is damaged.
    #[error("damaged MP4: {0}")]
    Box(#[from] isobmff_boxes::Error),
    /// A box at the top of the file is damaged.
    #[error("damaged MP4 at byte {position}: {source}")]
    BoxAt {
        /// Offset of the box in the input.
        position: u64,
        /// What is wrong.
        source: isobmff_boxes::Error,
    },
    /// Media comes before the `moov`.
    #[error(
        "media data comes before 'moov' in a stream: read it from a file, with nothing between filesrc and this element, write \
         'moov' in front (mp4mux faststart=true, ffmpeg -movflags +faststart), or write fragmented MP4, for instance with \
         mp4mux fragment-duration=2000 (and fragment-mode=dash-or-mss, its default), isofmp4mux or cmafmux"
    )]
    MediaBeforeMoov,
    /// A progressive file in a stream would have to be held to a large part.
    #[error(
        "the tracks of this progressive MP4 are interleaved so coarsely that more than {limit} bytes would have to be held: \
         read it from a file, with nothing between filesrc and this element, or interleave it, for instance with ffmpeg -c \
         copy -movflags +faststart"
    )]
    CoarseInterleaving {
        /// The limit in bytes.
        limit: u64,
    },
    /// A progressive file with its `moov` at the end is to be protected in PIFF's boxes.
    #[error(
        "PIFF is for fragmented MP4, which a progressive file becomes only with 'moov' in front: write that, for instance with \
         ffmpeg -movflags +faststart, or fragments, for instance with ismlmux, or set flavor=cenc"
    )]
    ProgressivePiff,
    /// What protects a progressive file is to change within it.
    #[error(
        "crypto-period, clear-lead, rotate-key and protect=false begin and end with fragments: write fragmented MP4, for \
         instance with mp4mux fragment-duration=2000, or let the file start with its 'moov' (mp4mux faststart=true)"
    )]
    ProgressivePeriods,
    /// The tables of a progressive track do not place its samples.
    #[error("track {track_id}: damaged sample table: {reason}")]
    SampleTable {
        /// The track.
        track_id: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// Two chunks of a progressive file share bytes, which cannot be encrypted for both.
    #[error(
        "the chunk at byte {position} shares bytes with another: let a muxer write the file anew"
    )]
    SharedMedia {
        /// Offset in the input.
        position: u64,
    },
    /// The input cannot be read.
    #[error("cannot read the input: {0}")]
    Input(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system gives no threads.
    #[error("cannot start threads: {0}; ask for fewer")]
    Threads(#[source] std::io::Error),
    /// The `moov` describes samples itself, and fragments follow.
    #[error(
        "'moov' holds samples of its own beside fragments: let the muxer write an empty 'moov' (FFmpeg: -movflags \
         empty_moov; mp4mux: fragment-mode=dash-or-mss, its default)"
    )]
    SamplesInMoov,
    /// Media that no `moof` before it describes.
    #[error(
        "media data without a 'moof' before it: each 'mdat' must follow its 'moof'; mp4mux needs \
         fragment-mode=dash-or-mss, its default, not first-moov-then-finalise"
    )]
    MediaWithoutMoof,
    /// The input goes back to where it is protected already.
    #[error(
        "the muxer goes back to byte {position} to rewrite what is already protected: mp4mux needs \
         fragment-mode=dash-or-mss, its default, not first-moov-then-finalise; isofmp4mux and cmafmux need no \
         rewriting"
    )]
    Rewrites {
        /// Offset in the input.
        position: u64,
    },
    /// The stream is protected already.
    #[error("the stream is already protected ({by}): give the packager clear media")]
    AlreadyProtected {
        /// The box that says so.
        by: FourCc,
    },
    /// A track whose samples no rule of 23001-7 covers here.
    #[error("track {track_id}: {source}")]
    Codec {
        /// The track.
        track_id: u32,
        /// What is wrong.
        source: codec_headers::Error,
    },
    /// Two tracks have the same number.
    #[error("two tracks have track_ID {track_id}")]
    DuplicateTrack {
        /// The number.
        track_id: u32,
    },
    /// A sample cannot be protected.
    #[error("track {track_id}, sample {sample} of its fragment: {reason}")]
    Sample {
        /// The track.
        track_id: u32,
        /// Index of the sample in its track fragment.
        sample: usize,
        /// What is wrong.
        reason: SampleError,
    },
    /// No key for a track, or none can be had.
    #[error(transparent)]
    Protection(Box<dyn std::error::Error + Send + Sync>),
    /// A fragment names a track or sample description that `moov` does not have.
    #[error("a fragment uses {what} {number}, which 'moov' does not describe")]
    Undescribed {
        /// `track` or `sample description`.
        what: &'static str,
        /// Its number.
        number: u32,
    },
    /// Sample data is not in the `mdat` that follows the `moof`, or two samples share bytes.
    #[error(
        "the samples of the fragment at byte {position} do not lie one by one in the 'mdat' behind it"
    )]
    SamplesElsewhere {
        /// Offset of the `moof` in the input.
        position: u64,
    },
    /// The `mdat` holds bytes that no sample claims: whether they may leave in the clear cannot be known.
    #[error("the 'mdat' of the fragment at byte {position} holds bytes that no sample claims")]
    UnclaimedMedia {
        /// Offset of the `moof` in the input.
        position: u64,
    },
    /// More than this packager holds in memory.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A feature whose offsets this packager does not move.
    #[error("'{0}' is not supported: remove it first")]
    Unsupported(FourCc),
    /// A segment index whose references do not end where boxes end.
    #[error("the 'sidx' at byte {position} does not fit the boxes behind it")]
    BadIndex {
        /// Offset of the `sidx` in the input.
        position: u64,
    },
    /// A protected stream does not come out clear.
    #[error(transparent)]
    Decryption(#[from] DecryptionError),
    /// The stream ends inside a box or a fragment.
    #[error("the stream ends inside {inside}: its last fragment is incomplete and was not written")]
    Incomplete {
        /// What was under way.
        inside: FourCc,
    },
}

impl Error {
    /// What an error of the last fragment means when its `mdat` did not come before the end of the stream.
    pub(super) fn at_end_of_stream(self) -> Self {
        match self {
            Self::SamplesElsewhere { .. } => Self::Incomplete {
                inside: FourCc::MOOF,
            },
            error => error,
        }
    }
}

/// Why one sample cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// It cannot be encrypted.
    #[error(transparent)]
    Cenc(#[from] common_encryption::SampleError),
    /// Its `senc` entry cannot be written.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
}
