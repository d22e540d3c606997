// SPDX-License-Identifier: MPL-2.0
//! The sources of a row's streams.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Place;
use crate::boxes::u32_at;
use crate::launch::{self, Run};
use crate::manifest::{self, Vector};
use crate::media::{Audio, ISOFMP4MUX, MP4MUX, Recipe, Video};
use crate::remux;
use crate::scratch::Scratch;
use crate::tools;

/// A track of one codec.
#[derive(Clone, Copy)]
pub enum Source {
    Video(Video),
    Audio(Audio),
    /// A fragmented file of the shared vectors.
    Vector(&'static str),
    /// An elementary stream of the shared vectors, which FFmpeg makes into a file.
    Stream(&'static str),
    /// Samples of an encoder whose sample entry is renamed to a Dolby Vision entry.
    Relabelled(Video, &'static [u8; 4]),
    /// Frames of AC-4 with real tables of contents: see fuzz/README.md.
    Ac4,
}

impl Source {
    /// The encoder's streams for a muxer.
    pub fn recipe(self, muxer: &'static str) -> Recipe {
        match self {
            Self::Audio(audio) => Recipe::new(muxer, Video::None, audio),
            Self::Video(video) | Self::Relabelled(video, _) => {
                Recipe::new(muxer, video, Audio::None)
            }
            Self::Vector(_) | Self::Stream(_) | Self::Ac4 => panic!("no encoder"),
        }
    }

    /// A requirement of a cell that is missing on this machine.
    pub fn missing(self, place: Place) -> Option<String> {
        let absent = match self {
            Self::Ac4 => None,
            Self::Vector(id) | Self::Stream(id) if found(id).is_none() => {
                return Some(format!("no vector {id}"));
            }
            Self::Stream(_) if tools::ffmpeg().is_none() => return Some("no ffmpeg".to_owned()),
            Self::Vector(_) | Self::Stream(_) => None,
            _ => self.recipe(place.muxer().unwrap_or(self.muxer())).missing(),
        };
        let absent = absent.or_else(|| place.bin().and_then(|bin| launch::missing(&[bin])));
        absent.map(|element| format!("no element {element}"))
    }

    /// A muxer that takes the stream and can write fragments of it.
    const fn muxer(self) -> &'static str {
        match self {
            // mp4mux 1.22 writes an av1C of zeros if the parser gives none, as the parser of 1.22 does.
            Self::Video(Video::Vp8 | Video::Av1)
            | Self::Relabelled(Video::Av1, _)
            | Self::Audio(Audio::Ac3 | Audio::Eac3 | Audio::Flac) => ISOFMP4MUX,
            _ => MP4MUX,
        }
    }

    /// The clear fragmented file.
    pub fn fragmented(self, entry: &str) -> Vec<u8> {
        let made = |path: PathBuf| std::fs::read(path).unwrap();
        match self {
            Self::Vector(id) => found(id).unwrap().bytes(),
            Self::Stream(id) => muxed(&found(id).unwrap()),
            Self::Ac4 => ac4(),
            Self::Relabelled(_, from) => {
                let file = made(self.recipe(self.muxer()).clear());
                let to = entry.as_bytes().try_into().unwrap();
                remux::relabelled(file, from, to)
            }
            Self::Video(_) | Self::Audio(_) => made(self.recipe(self.muxer()).clear()),
        }
    }

    /// The clear file for a cell whose output is a file.
    pub fn file(self, entry: &str, place: Place, folder: &Scratch) -> PathBuf {
        let fragmented = self.fragmented(entry);
        let bytes = match place {
            Place::Pulled => remux::progressive(&fragmented, false),
            Place::Pushed => remux::progressive(&fragmented, true),
            _ => fragmented,
        };
        folder.write("clear.mp4", bytes)
    }
}

fn found(id: &str) -> Option<Vector> {
    let vectors = ["clear", "es"].map(manifest::of_class);
    vectors.into_iter().flatten().find(|vector| vector.id == id)
}

/// A fragmented file of an elementary stream.
fn muxed(stream: &Vector) -> Vec<u8> {
    let folder = Scratch::new("stream");
    let file = stream.files(None).remove(0);
    let name = file.file_name().unwrap().to_str().unwrap();
    let file = folder.write(name, in_start_codes(stream.bytes()));
    let out = folder.join("clear.mp4");
    let mut run = Command::new(tools::ffmpeg().unwrap());
    run.args(["-v", "error", "-i"]).arg(file);
    run.args([
        "-c",
        "copy",
        "-movflags",
        "empty_moov+default_base_moof+frag_keyframe",
    ]);
    Run::of(run.arg(&out)).succeeded();
    std::fs::read(out).unwrap()
}

/// Replaces the lengths before NAL units, which one vector has, by start codes.
fn in_start_codes(mut stream: Vec<u8>) -> Vec<u8> {
    if stream.starts_with(b"DKIF")
        || stream.starts_with(&[0, 0, 0, 1])
        || stream.starts_with(&[0, 0, 1])
    {
        return stream;
    }
    let mut at = 0;
    while at < stream.len() {
        let length = &mut stream[at..at + 4];
        let next = at + 4 + u32_at(length, 0) as usize;
        length.copy_from_slice(&[0, 0, 0, 1]);
        at = next;
    }
    stream
}

/// The frames in a seed of the fuzz target. Each follows its length in two bytes, and the first part is the empty `dac4`.
fn ac4() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/codec_ac4");
    let mut samples = Vec::new();
    let seed = std::fs::read(folder.join("dolby-stereo")).unwrap();
    let mut rest = seed.as_slice();
    while let Some((len, following)) = rest.split_first_chunk() {
        let (sample, following) = following.split_at(u16::from_be_bytes(*len).into());
        samples.push(sample.to_vec());
        rest = following;
    }
    samples.retain(|sample| !sample.is_empty());
    remux::fragmented_sound(b"ac-4", b"\0\0\0\x0cdac4\0\0\0\0", &samples)
}
