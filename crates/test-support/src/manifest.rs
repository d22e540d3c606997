// SPDX-License-Identifier: MPL-2.0
//! The list of the shared vectors and their per-sample facts.

use std::path::PathBuf;

use serde_json::Value;

use crate::decrypt::Keys;
use crate::movie::Movie;
use crate::tools;

/// One entry of MANIFEST.json.
pub struct Vector {
    /// The name of the vector.
    pub id: String,
    folder: PathBuf,
    value: Value,
}

/// The facts about one protected sample, from a line of a `*.samples.json`.
pub struct SampleFact {
    /// Its position in the protected file.
    pub offset: usize,
    /// Its position in the clear counterpart.
    pub clear_offset: usize,
    /// Its size in bytes.
    pub size: usize,
    /// The KID of its key, as the list writes it.
    pub kid: String,
    /// Its IV.
    pub iv: Vec<u8>,
    /// BytesOfClearData and BytesOfProtectedData of each subsample.
    pub subsamples: Vec<(u16, u32)>,
    /// The first 32 hexadecimal digits of the SHA-256 of the clear bytes.
    pub clear_hash: String,
    /// The first 32 hexadecimal digits of the SHA-256 of the protected bytes.
    pub protected_hash: String,
}

/// The samples of one track of a pair.
pub struct TrackFacts {
    /// The track_ID in the protected file.
    pub id: u32,
    /// The track_ID in the clear counterpart.
    pub clear_id: u32,
    /// The codec of the track.
    pub codec: String,
    /// The scheme_type of its protection.
    pub scheme: String,
    /// crypt_byte_block and skip_byte_block.
    pub pattern: (u8, u8),
    /// The samples in decoding order.
    pub samples: Vec<SampleFact>,
}

/// All vectors of a class. Empty if the vectors are not on this machine.
pub fn of_class(class: &str) -> Vec<Vector> {
    let mut vectors = all();
    vectors.retain(|vector| vector.class() == class);
    vectors
}

/// All vectors. Empty if the vectors are not on this machine.
pub fn all() -> Vec<Vector> {
    let Some(folder) = tools::vectors() else {
        return Vec::new();
    };
    let text = std::fs::read(folder.join("MANIFEST.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    manifest["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| Vector {
            id: text_of(&entry["id"]),
            folder: folder.clone(),
            value: entry.clone(),
        })
        .collect()
}

impl Vector {
    /// The class to which the vector belongs.
    pub fn class(&self) -> String {
        text_of(&self.value["class"])
    }

    /// The files of a role. The main files have no role.
    pub fn files(&self, role: Option<&str>) -> Vec<PathBuf> {
        self.value["files"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|file| file.get("role").and_then(Value::as_str) == role)
            .map(|file| self.folder.join(text_of(&file["file"])))
            .collect()
    }

    /// Returns the bytes of the main files, joined.
    pub fn bytes(&self) -> Vec<u8> {
        joined(&self.files(None))
    }

    /// Returns the bytes of a pair's clear counterpart, joined.
    pub fn clear_bytes(&self) -> Vec<u8> {
        joined(&self.files(Some("clear counterpart")))
    }

    /// The main files, parsed.
    pub fn movie(&self) -> Movie {
        Movie::parse(self.bytes())
    }

    /// The content keys of the vector.
    pub fn keys(&self) -> Keys {
        let keys = self.value["keys"].as_object().unwrap().iter();
        keys.fold(Keys::default(), |keys, (kid, key)| {
            keys.with(kid, key.as_str().unwrap())
        })
    }

    /// Returns whether the vector is a fragmented file.
    pub fn is_fragmented(&self) -> bool {
        self.value["facts"]["container"] == "fragmented"
    }

    /// The sample entry types of all tracks.
    pub fn sample_entries(&self) -> Vec<String> {
        self.value["facts"]["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|track| track["sample_entries"].as_array().unwrap())
            .map(text_of)
            .collect()
    }

    /// Returns whether key, IV and scheme determine every protected byte.
    pub fn is_byte_exact(&self) -> bool {
        let strictness = text_of(&self.value["byte_exact"]);
        strictness.starts_with("consensus") || strictness.starts_with("fully determined")
    }

    /// The facts about the samples of a pair, by track.
    pub fn facts(&self) -> Vec<TrackFacts> {
        let file = self.files(Some("per-sample vectors"));
        let facts: Value = serde_json::from_slice(&joined(&file)).unwrap();
        facts["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .map(TrackFacts::read)
            .collect()
    }
}

impl TrackFacts {
    fn read(track: &Value) -> Self {
        let samples = track["samples"].as_array().unwrap().iter();
        Self {
            id: number(&track["track"]),
            clear_id: number(&track["clear_track"]),
            codec: text_of(&track["codec"]),
            scheme: text_of(&track["scheme"]),
            pattern: pattern_of(&text_of(&track["pattern"])),
            samples: samples.map(SampleFact::read).collect(),
        }
    }
}

impl SampleFact {
    fn read(sample: &Value) -> Self {
        let subsamples = sample["subs"].as_array().into_iter().flatten();
        Self {
            offset: number(&sample["enc_off"]),
            clear_offset: number(&sample["clear_off"]),
            kid: text_of(&sample["kid"]),
            size: number(&sample["size"]),
            iv: bytes_of(&text_of(&sample["iv"])),
            subsamples: subsamples.map(|s| (number(&s[0]), number(&s[1]))).collect(),
            clear_hash: text_of(&sample["clear_sha256"]),
            protected_hash: text_of(&sample["enc_sha256"]),
        }
    }
}

fn joined(files: &[PathBuf]) -> Vec<u8> {
    files
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
    T::try_from(value.as_u64().unwrap()).unwrap_or_else(|_| panic!("{value} is out of range"))
}

/// The two numbers of a text such as `1:9`.
fn pattern_of(text: &str) -> (u8, u8) {
    let (crypt, skip) = text.split_once(':').unwrap();
    (crypt.parse().unwrap(), skip.parse().unwrap())
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| &hex[at..at + 2])
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
