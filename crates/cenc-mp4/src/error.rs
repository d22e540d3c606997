// SPDX-License-Identifier: MPL-2.0
//! The errors of the packager and of the decryptor.

use cenc_types::Scheme;
use isobmff_boxes::FourCc;

use super::{DecryptionError, OtherFormat};

/// Errors of the packager and of the decryptor, with the remedy where there is one.
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
        /// The damage.
        source: isobmff_boxes::Error,
    },
    /// The input is a file of another format.
    #[error("this is not an MP4 file{0}")]
    NotMp4(OtherFormat),
    /// The input ends without a `moov`.
    #[error(
        "there is no 'moov': the input is empty or incomplete, or a segment whose init segment is missing (playready-packager \
         protect --init FILE, or streamheader in the caps)"
    )]
    NoMoov,
    /// Bytes form no box, and boxes with samples follow.
    #[error(
        "the bytes from {position} on form no box, but '{followed_by}' is among them: the file is damaged; get it again, or let a \
         muxer write it again"
    )]
    NoBox {
        /// Offset of these bytes in the input.
        position: u64,
        /// The type of a box that follows.
        followed_by: FourCc,
    },
    /// The output of a muxer has several tracks.
    #[error("the muxer writes several tracks into one stream, and each needs a stream of its own")]
    TooManyTracks,
    /// A new init segment would be among the media that a `sidx` indexes.
    #[error(
        "the key changes by a new init segment among the media that one 'sidx' indexes, which can refer to media only: let the muxer \
         write no 'sidx', or use key-change=in-band (and clear-signaling=sample-group)"
    )]
    IndexedInit,
    /// Samples are to be protected of a track that its init segment describes as clear.
    #[error(
        "the init segment in force describes the track as clear, and its samples are to be protected"
    )]
    ClearInit,
    /// Media comes before the `moov`.
    #[error(
        "media data comes before 'moov' in a stream: read it from a file, with nothing between filesrc and this element, write \
         'moov' in front (mp4mux faststart=true, ffmpeg -movflags +faststart), or write fragmented MP4, for instance with \
         mp4mux fragment-duration=2000 (and fragment-mode=dash-or-mss, its default), isofmp4mux or cmafmux"
    )]
    MediaBeforeMoov,
    /// Too much of a progressive file in a stream would have to be held.
    #[error(
        "the tracks of this progressive MP4 are interleaved so coarsely that more than {limit} bytes would have to be held: \
         read it from a file, with nothing between filesrc and this element, or interleave it, for instance with ffmpeg -c \
         copy -movflags +faststart"
    )]
    CoarseInterleaving {
        /// The limit in bytes.
        limit: u64,
    },
    /// PIFF was requested for a progressive file with its `moov` at the end.
    #[error(
        "PIFF is for fragmented MP4, which a progressive file becomes only with 'moov' in front: write that, for instance with \
         ffmpeg -movflags +faststart, or fragments, for instance with ismlmux, or set flavor=cenc"
    )]
    ProgressivePiff,
    /// The protection of a progressive file with its `moov` at the end would have to change over time.
    #[error(
        "crypto-period, clear-lead, rotate-key and protect=false begin and end with fragments: write fragmented MP4, for \
         instance with mp4mux fragment-duration=2000, or let the file start with its 'moov' (mp4mux faststart=true)"
    )]
    ProgressivePeriods,
    /// The tables of a progressive track do not place its samples.
    #[error("track {track_id}: damaged sample table: {reason}")]
    SampleTable {
        /// Its track_ID.
        track_id: u32,
        /// The damage.
        reason: &'static str,
    },
    /// Two chunks of a progressive file share bytes.
    #[error(
        "the chunk at byte {position} shares bytes with another, which cannot be encrypted for both: let a muxer write the file again"
    )]
    SharedMedia {
        /// Offset of the second chunk in the input.
        position: u64,
    },
    /// A track shows several parts of its media, or not at their own rate.
    #[error(
        "the edit list of track {track_id} shows several parts of the media, which segments cannot express: let a muxer write the \
         shown parts only, for instance with ffmpeg -i IN -c:v libx264 -c:a aac OUT"
    )]
    Edits {
        /// Its track_ID.
        track_id: u32,
    },
    /// A segment of a track is not one fragment, as Smooth Streaming needs it.
    #[error(
        "track {track_id}: a segment has more than 256 MiB or several sample descriptions, so that it is no single fragment, as Smooth \
         Streaming needs it: make the segments shorter, or write DASH or HLS manifests only"
    )]
    DividedSegment {
        /// The new track_ID.
        track_id: u32,
    },
    /// The input cannot be read.
    #[error("cannot read the input: {0}")]
    Input(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system does not start more threads.
    #[error("cannot start threads: {0}: set a smaller number of threads")]
    Threads(#[source] std::io::Error),
    /// A fragment is among the samples that the `moov` places, or the `moov` has no `mvex`.
    #[error(
        "a fragment follows a 'moov' that announces none, or comes before the last of the samples that 'moov' places itself: let the \
         muxer write an empty 'moov' (FFmpeg: -movflags empty_moov; mp4mux: fragment-mode=dash-or-mss, its default)"
    )]
    SamplesInMoov,
    /// There is media that no `moof` describes.
    #[error(
        "media data without a 'moof': each 'mdat' needs one before or after it; mp4mux needs fragment-mode=dash-or-mss, its default, \
         not first-moov-then-finalise"
    )]
    MediaWithoutMoof,
    /// The muxer rewrites a part of the stream that is protected already.
    #[error(
        "the muxer goes back to byte {position} to rewrite what is already protected: mp4mux needs \
         fragment-mode=dash-or-mss, its default, not first-moov-then-finalise; isofmp4mux and cmafmux need no \
         rewriting"
    )]
    Rewrites {
        /// Offset of that part in the input.
        position: u64,
    },
    /// The stream is protected already.
    #[error("the stream is already protected ({by}): give the packager clear media")]
    AlreadyProtected {
        /// The type of the box or sample entry that says so.
        by: FourCc,
    },
    /// The codec of a track is unknown, or its configuration is damaged.
    #[error("track {track_id}: {source}")]
    Codec {
        /// Its track_ID.
        track_id: u32,
        /// The cause.
        source: codec_headers::Error,
    },
    /// A sample entry holds another kind of media than the handler of its track announces.
    #[error(
        "track {track_id}: the sample entry '{format}' contradicts the handler '{handler}': let a muxer write the file again with \
         the right handler, or leave the track out"
    )]
    HandlerMismatch {
        /// Its track_ID.
        track_id: u32,
        /// The type of the sample entry.
        format: FourCc,
        /// The handler_type.
        handler: FourCc,
    },
    /// A track has samples, but no sample entry.
    #[error(
        "track {track_id} has no sample entry, so that nobody can protect or play it: let a muxer write the file again, or \
         leave the track out"
    )]
    NoSampleEntry {
        /// Its track_ID.
        track_id: u32,
    },
    /// A scheme cannot protect samples of a format.
    #[error(
        "track {track_id}: scheme {scheme} cannot protect samples of type '{format}', {reason}: set scheme=cenc, or leave the \
         track clear"
    )]
    SchemeForFormat {
        /// Its track_ID.
        track_id: u32,
        /// The type of the sample entry.
        format: FourCc,
        /// The scheme.
        scheme: Scheme,
        /// The reason.
        reason: &'static str,
    },
    /// All samples of a track would leave clear.
    #[error(
        "track {track_id}: scheme {scheme} finds nothing to encrypt in any of its samples, which are too short: leave the track clear \
         with clear-tracks, or, for audio, set scheme=cenc"
    )]
    NothingToEncrypt {
        /// Its track_ID.
        track_id: u32,
        /// The scheme.
        scheme: Scheme,
    },
    /// The `moov` of QuickTime is compressed.
    #[error(
        "'moov' is compressed ('cmov'), so that its tracks cannot be read: write the file again, for instance with ffmpeg -c copy"
    )]
    CompressedMoov,
    /// The `moov` has no tracks.
    #[error(
        "'moov' has no tracks, so that there is nothing to protect: write the file again, for instance with ffmpeg -c copy"
    )]
    NoTracks,
    /// The file has media that no track refers to.
    #[error(
        "the file has media, but no track has a sample of it: all of it would be lost; write the file again, for instance with \
         ffmpeg -c copy"
    )]
    NoSamples,
    /// The protected `moov` cannot be read as it was meant.
    #[error(
        "the protected 'moov' cannot be read again, so that no player could decrypt the media: nothing was written; let a muxer \
         write the input again, and report this file"
    )]
    UnreadableOutput,
    /// Two tracks have the same number.
    #[error("two tracks have track_ID {track_id}: let a muxer write the file again")]
    DuplicateTrack {
        /// That track_ID.
        track_id: u32,
    },
    /// A sample cannot be protected.
    #[error("track {track_id}, sample {sample} of its fragment: {reason}")]
    Sample {
        /// Its track_ID.
        track_id: u32,
        /// Index of the sample in its track fragment.
        sample: usize,
        /// The cause.
        reason: SampleError,
    },
    /// The protector refuses a track or fragment, for instance without a key.
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
    /// Samples are outside of every `mdat` of the fragment, or share bytes.
    #[error(
        "samples of the fragment at byte {position} are outside of its 'mdat' boxes, or share bytes: let a muxer write the stream again"
    )]
    SamplesElsewhere {
        /// Offset of the `moof` in the input.
        position: u64,
    },
    /// No sample is in an `mdat`, whose media would be lost.
    #[error(
        "no sample is in an 'mdat' of the fragment at byte {position}, although it holds media: let a muxer write the stream \
         again; mp4mux needs fragment-mode=dash-or-mss, its default"
    )]
    UnclaimedMedia {
        /// Offset of the `moof` in the input.
        position: u64,
    },
    /// A written fragment does not describe its samples.
    #[error(
        "the fragment at byte {position} was not written correctly ({fault}), so nothing of it was output: please report this file"
    )]
    WrittenWrong {
        /// Offset of the `moof` in the input.
        position: u64,
        /// The first fault.
        fault: &'static str,
    },
    /// No byte of a track that is to be protected was.
    #[error(
        "nothing was protected in track {track_id}: none of its {samples} samples has pictures as its sample entry announces them; \
         check the track with another tool, or leave it clear by a selector"
    )]
    NothingProtected {
        /// Its track_ID.
        track_id: u32,
        /// The number of its samples so far.
        samples: u32,
    },
    /// Something exceeds a limit of this crate.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// The subject, with its unit.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A box with offsets or sizes that cannot be updated.
    #[error("'{0}' is not supported: remove it first")]
    Unsupported(FourCc),
    /// The references of a segment index do not end where boxes end.
    #[error(
        "the 'sidx' at byte {position} does not match the boxes after it: let the muxer write no 'sidx', or a correct one"
    )]
    BadIndex {
        /// Offset of the `sidx` in the input.
        position: u64,
    },
    /// A protected stream cannot be decrypted.
    #[error(transparent)]
    Decryption(#[from] DecryptionError),
    /// The stream ends inside a box or a fragment.
    #[error("the stream ends inside {inside}: its last fragment is incomplete and was not written")]
    Incomplete {
        /// The type of the incomplete box.
        inside: FourCc,
    },
}

impl Error {
    /// Returns the error for samples whose sample description, counted from 0, is missing.
    pub(super) fn undescribed_samples(description: usize) -> Self {
        Self::Undescribed {
            what: "sample description",
            number: u32::try_from(description).map_or(u32::MAX, |index| index.saturating_add(1)),
        }
    }

    /// Returns the error to report for the last fragment if its `mdat` is missing or cut.
    pub(super) fn at_end_of_stream(self) -> Self {
        match self {
            Self::SamplesElsewhere { .. } => Self::Incomplete {
                inside: FourCc::MOOF,
            },
            error => error,
        }
    }
}

/// The reason why one sample cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// It cannot be encrypted.
    #[error(transparent)]
    Cenc(#[from] common_encryption::SampleError),
    /// Its `senc` entry cannot be written.
    #[error(transparent)]
    Box(#[from] isobmff_boxes::Error),
}
