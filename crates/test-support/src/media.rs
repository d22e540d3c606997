// SPDX-License-Identifier: MPL-2.0
//! Makes small real streams: describes encoders and muxers in gst-launch's language, and writes the clear file of each once.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::launch;
use crate::scratch::Scratch;

/// Three seconds of moving picture as raw video, of 160 x 120 pixels at 25 frames a second.
const PICTURE: &str = "videotestsrc num-buffers=75 pattern=zone-plate kx2=20 ky2=20 kt=1 \
    ! video/x-raw,format=I420,width=160,height=120,framerate=25/1";
/// Three seconds of sound as raw audio.
const SOUND: &str = "audiotestsrc num-buffers=130 samplesperbuffer=1024 wave=ticks \
    ! audio/x-raw,rate=48000,channels=2 ! audioconvert";

/// mp4mux with fragments of one second.
///
/// The muxers of the fmp4 plugin request key frames by default, and here they must not. The encoders make a key frame each
/// second anyway. A requested key frame comes sooner or later, as the load of the machine has it, and h264parse of GStreamer
/// 1.22 sometimes reads a request after it was freed.
pub const MP4MUX: &str = "mp4mux fragment-duration=1000";
/// ismlmux with fragments of one second.
pub const ISMLMUX: &str = "ismlmux fragment-duration=1000";
/// isofmp4mux with fragments of one second.
pub const ISOFMP4MUX: &str = "isofmp4mux fragment-duration=1000000000 send-force-keyunit=false";
/// cmafmux with fragments of one second.
pub const CMAFMUX: &str = "cmafmux fragment-duration=1000000000 send-force-keyunit=false";
/// cmafmux with fragments of one second in chunks of 200 ms.
pub const CHUNKED_CMAFMUX: &str =
    "cmafmux fragment-duration=1000000000 chunk-duration=200000000 send-force-keyunit=false";
/// dashmp4mux with fragments of one second.
pub const DASHMP4MUX: &str = "dashmp4mux fragment-duration=1000000000 send-force-keyunit=false";

/// A muxer that writes progressive files with `moov` in front.
pub const FASTSTART: &str = "mp4mux faststart=true";

/// An encoder for the picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Video {
    /// No video track.
    None,
    /// H.264.
    Avc,
    /// H.264 with four slices in a picture and two B-frames between other frames.
    AvcSlicesAndBFrames,
    /// H.265.
    Hevc,
    /// H.264 with its parameter sets in the samples (avc3).
    AvcInBand,
    /// H.265 with its parameter sets in the samples (hev1).
    HevcInBand,
    /// AV1.
    Av1,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
}

/// An encoder for the sound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Audio {
    /// No audio track.
    None,
    /// AAC.
    Aac,
    /// AC-3.
    Ac3,
    /// Enhanced AC-3.
    Eac3,
    /// Apple Lossless.
    Alac,
    /// FLAC.
    Flac,
    /// MP3.
    Mp3,
    /// Opus.
    Opus,
}

/// A muxer with its encoders. Each run gives a stream with the same samples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The muxer and its properties.
    pub muxer: &'static str,
    /// The encoder of the picture.
    pub video: Video,
    /// The encoder of the sound.
    pub audio: Audio,
}

impl Recipe {
    /// A recipe of these three.
    pub const fn new(muxer: &'static str, video: Video, audio: Audio) -> Self {
        Self {
            muxer,
            video,
            audio,
        }
    }

    /// The whole pipeline, of which `tail` follows the muxer.
    pub fn pipeline(&self, tail: &str) -> String {
        let feeds: Vec<_> = [self.video.stream(), self.audio.stream()]
            .into_iter()
            .flatten()
            .map(|source| format!("{source} ! queue ! mux."))
            .collect();
        format!("{} name=mux ! {tail} {}", self.muxer, feeds.join(" "))
    }

    /// The stream of a recipe with one track, without a muxer.
    pub fn stream(&self) -> String {
        self.video.stream().or_else(|| self.audio.stream()).unwrap()
    }

    /// An element that the recipe needs and that GStreamer lacks.
    pub fn missing(&self) -> Option<&'static str> {
        let needed: Vec<&str> = [Some(self.muxer), self.video.encoder(), self.audio.encoder()]
            .into_iter()
            .flatten()
            .filter_map(|description| description.split(' ').next())
            .collect();
        launch::missing(&needed)
    }

    /// The clear file, which the first call makes.
    pub fn clear(&self) -> PathBuf {
        static FOLDER: OnceLock<Scratch> = OnceLock::new();
        static MADE: Mutex<Vec<Recipe>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.iter().position(|known| known == self);
        let file = FOLDER
            .get_or_init(|| Scratch::new("clear"))
            .join(&format!("{}.mp4", known.unwrap_or(made.len())));
        if known.is_none() {
            launch::pipeline(&self.pipeline(&format!("filesink location={}", file.display())))
                .succeeded();
            made.push(*self);
        }
        file
    }
}

impl Video {
    /// The picture after the encoder and its parser.
    pub fn stream(self) -> Option<String> {
        let encoder = self.encoder()?;
        Some(format!("{PICTURE} ! {encoder}"))
    }

    const fn encoder(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Avc => {
                Some("x264enc speed-preset=ultrafast key-int-max=25 threads=1 ! h264parse")
            }
            Self::AvcSlicesAndBFrames => Some(
                "x264enc speed-preset=ultrafast key-int-max=25 threads=1 bframes=2 b-adapt=false \
                 cabac=true option-string=slices=4 ! h264parse",
            ),
            Self::Hevc => Some("x265enc speed-preset=ultrafast key-int-max=25 ! h265parse"),
            Self::AvcInBand => Some(
                "x264enc speed-preset=ultrafast key-int-max=25 threads=1 ! h264parse \
                 ! video/x-h264,stream-format=avc3,alignment=au",
            ),
            Self::HevcInBand => Some(
                "x265enc speed-preset=ultrafast key-int-max=25 ! h265parse \
                 ! video/x-h265,stream-format=hev1,alignment=au",
            ),
            Self::Av1 => Some("av1enc cpu-used=8 keyframe-max-dist=25 ! av1parse"),
            Self::Vp8 => Some("vp8enc deadline=1 keyframe-max-dist=25"),
            Self::Vp9 => Some("vp9enc deadline=1 cpu-used=8 keyframe-max-dist=25 ! vp9parse"),
        }
    }
}

impl Audio {
    /// The sound after the encoder and its parser.
    pub fn stream(self) -> Option<String> {
        let encoder = self.encoder()?;
        Some(format!("{SOUND} ! {encoder}"))
    }

    const fn encoder(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Aac => Some("avenc_aac ! aacparse"),
            Self::Ac3 => Some("avenc_ac3 ! ac3parse"),
            Self::Eac3 => Some("avenc_eac3 ! ac3parse"),
            Self::Alac => Some("avenc_alac"),
            Self::Flac => Some("flacenc ! flacparse"),
            Self::Mp3 => Some("lamemp3enc ! mpegaudioparse"),
            Self::Opus => Some("opusenc ! opusparse"),
        }
    }
}
