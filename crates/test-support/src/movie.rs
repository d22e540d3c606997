// SPDX-License-Identifier: MPL-2.0
//! A reader of progressive and fragmented files: tracks, samples, and the protection of each sample (ISO/IEC 23001-7).

use crate::boxes::{Bx, Fields, top_level, u32_at, usize_of};
use crate::fragments;

/// The extended types of `tenc` and `senc` in PIFF 1.1, 5.3.3 and 5.3.2.
const PIFF_TENC: [u8; 16] = 0x8974_dbce_7be7_4c51_84f9_7148_f988_2554_u128.to_be_bytes();
pub(crate) const PIFF_SENC: [u8; 16] = 0xa239_4f52_5a9b_4f14_a244_6c42_7c64_8df4_u128.to_be_bytes();

/// A file in memory with its tracks.
pub struct Movie {
    /// The bytes of the file.
    pub file: Vec<u8>,
    /// The tracks in the order of `moov`.
    pub tracks: Vec<Track>,
    /// The SystemIDs of the `pssh` boxes in `moov`.
    pub systems: Vec<[u8; 16]>,
}

/// A track: its sample entries and samples in decoding order.
pub struct Track {
    /// track_ID.
    pub id: u32,
    /// handler_type, such as `vide`.
    pub handler: [u8; 4],
    /// The sample entries in the order of `stsd`.
    pub entries: Vec<Entry>,
    /// The samples in decoding order.
    pub samples: Vec<Sample>,
    /// The `seig` entries of the `sgpd` in `stbl`.
    pub groups: Vec<Seig>,
    /// The defaults for fragments.
    pub trex: Trex,
}

/// The defaults of a `trex`.
#[derive(Clone, Copy, Default)]
pub struct Trex {
    /// default_sample_description_index.
    pub description: u32,
    /// default_sample_size.
    pub size: u32,
}

/// A sample entry: the original format, scheme_type and `tenc`.
pub struct Entry {
    /// The original format, such as `avc1`.
    pub format: [u8; 4],
    /// The payload of the `avcC` or `hvcC` of a clear entry.
    pub config: Option<Vec<u8>>,
    /// scheme_type of a protected entry.
    pub scheme: Option<[u8; 4]>,
    /// The `tenc` of a protected entry.
    pub tenc: Option<Seig>,
}

/// The fields that `tenc` and `seig` share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seig {
    /// crypt_byte_block of the pattern.
    pub crypt_byte_block: u8,
    /// skip_byte_block of the pattern.
    pub skip_byte_block: u8,
    /// isProtected.
    pub is_protected: bool,
    /// Per_Sample_IV_Size.
    pub iv_size: u8,
    /// The KID.
    pub kid: [u8; 16],
    /// The constant IV, empty if each sample has its own.
    pub constant_iv: Vec<u8>,
}

/// The position of a sample in the file and its protection.
pub struct Sample {
    /// The position in the file.
    pub offset: usize,
    /// The size in bytes.
    pub size: usize,
    /// The protection, if the sample is protected.
    pub protection: Option<Protection>,
}

/// The protection of a sample. Without subsamples the whole sample is protected.
pub struct Protection {
    /// scheme_type.
    pub scheme: [u8; 4],
    /// The parameters from `tenc` or `seig`.
    pub rules: Seig,
    /// The IV.
    pub iv: Vec<u8>,
    /// BytesOfClearData and BytesOfProtectedData of each subsample.
    pub subsamples: Vec<(u16, u32)>,
}

impl Movie {
    /// Reads a file.
    pub fn open(path: &std::path::Path) -> Self {
        Self::parse(std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    }

    /// Reads the bytes of a file.
    pub fn parse(file: Vec<u8>) -> Self {
        let mut tracks = Vec::new();
        let mut systems = Vec::new();
        let mut pieces = top_level(&file);
        // In joined files an initialization segment may follow its fragments.
        pieces.sort_by_key(|piece| piece.kind == *b"moof");
        for piece in pieces {
            match &piece.kind {
                b"moov" => {
                    tracks = piece
                        .all(b"trak")
                        .into_iter()
                        .map(|trak| Track::read(trak, &file))
                        .collect();
                    systems = piece.all(b"pssh").iter().map(system_id).collect();
                    read_trex(piece, &mut tracks);
                }
                b"moof" => fragments::read(piece, &file, &mut tracks),
                _ => (),
            }
        }
        Self {
            file,
            tracks,
            systems,
        }
    }

    /// The track with this handler_type.
    pub fn track(&self, handler: &[u8; 4]) -> &Track {
        self.tracks
            .iter()
            .find(|track| &track.handler == handler)
            .unwrap_or_else(|| panic!("no {} track", String::from_utf8_lossy(handler)))
    }

    /// Returns the bytes of a sample in the file.
    pub fn bytes(&self, sample: &Sample) -> &[u8] {
        &self.file[sample.offset..sample.offset + sample.size]
    }
}

fn system_id(pssh: &Bx<'_>) -> [u8; 16] {
    pssh.body()[4..20].try_into().unwrap()
}

fn read_trex(moov: Bx<'_>, tracks: &mut [Track]) {
    for trex in moov
        .child(b"mvex")
        .iter()
        .flat_map(|mvex| mvex.all(b"trex"))
    {
        let [id, description, _duration, size] = Fields(&trex.body()[4..]).words();
        for track in tracks.iter_mut().filter(|track| track.id == id) {
            track.trex = Trex { description, size };
        }
    }
}

impl Track {
    fn read(trak: Bx<'_>, file: &[u8]) -> Self {
        let tkhd = trak.at(&[b"tkhd"]);
        let stbl = trak.at(&[b"mdia", b"minf", b"stbl"]);
        let stsd = stbl.at(&[b"stsd"]);
        let entries = stsd.children_after(8);
        let mut track = Self {
            id: u32_at(tkhd.body(), if tkhd.version() == 1 { 20 } else { 12 }),
            handler: trak.at(&[b"mdia", b"hdlr"]).body()[8..12]
                .try_into()
                .unwrap(),
            entries: entries
                .into_iter()
                .map(|entry| Entry::read(entry, stsd.version()))
                .collect(),
            samples: Vec::new(),
            groups: fragments::seig_entries(stbl),
            trex: Trex::default(),
        };
        let places = progressive_places(stbl);
        if !places.is_empty() {
            // No file of the tests changes its sample entry inside a progressive track.
            fragments::append(stbl, file, 0, 1, places, &mut track);
        }
        track
    }
}

impl Entry {
    fn read(entry: Bx<'_>, stsd_version: u8) -> Self {
        let fixed_part = match &entry.kind {
            b"encv" => 78,
            // Version 1 of QuickTime's sound description has four more fields.
            b"enca" => match (&entry.body()[8..10], stsd_version) {
                ([0, 1], 0) => 28 + 16,
                ([0, 2], 0) => 28 + 36,
                _ => 28,
            },
            b"enct" => 8,
            _ => return Self::clear(entry),
        };
        let sinf = entry
            .children_after(fixed_part)
            .into_iter()
            .find(|child| child.kind == *b"sinf")
            .expect("a protected sample entry has a sinf");
        Self {
            format: sinf.at(&[b"frma"]).body()[..4].try_into().unwrap(),
            config: None,
            scheme: Some(sinf.at(&[b"schm"]).body()[4..8].try_into().unwrap()),
            tenc: sinf
                .child(b"schi")
                .and_then(|schi| schi.child_or_uuid(b"tenc", &PIFF_TENC))
                .map(|tenc| Seig::read(&tenc.body()[4..])),
        }
    }

    fn clear(entry: Bx<'_>) -> Self {
        let children = match &entry.kind {
            b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"vvc1" | b"av01" | b"vp08" | b"vp09" => {
                entry.children_after(78)
            }
            _ => Vec::new(),
        };
        let config = children
            .iter()
            .find(|child| matches!(&child.kind, b"avcC" | b"hvcC" | b"av1C" | b"vpcC" | b"vvcC"));
        Self {
            format: entry.kind,
            config: config.map(|config| config.body().to_vec()),
            scheme: None,
            tenc: None,
        }
    }
}

impl Seig {
    /// Reads the fields after version and flags of `tenc`, or a `seig` entry, which has the same layout.
    pub fn read(bytes: &[u8]) -> Self {
        let mut fields = Fields(bytes);
        let _reserved = fields.u8();
        let pattern = fields.u8();
        let is_protected = fields.u8() == 1;
        let iv_size = fields.u8();
        let kid = fields.take(16).try_into().unwrap();
        let constant_iv_size = match (is_protected, iv_size) {
            (true, 0) => fields.u8(),
            _ => 0,
        };
        Self {
            crypt_byte_block: pattern >> 4,
            skip_byte_block: pattern & 0xf,
            is_protected,
            iv_size,
            kid,
            constant_iv: fields.take(constant_iv_size.into()).to_vec(),
        }
    }
}

/// The offset and size of each sample in the sample tables.
fn progressive_places(stbl: Bx<'_>) -> Vec<(usize, usize)> {
    let Some(stsz) = stbl.child(b"stsz") else {
        return Vec::new();
    };
    let mut fields = Fields(&stsz.body()[4..]);
    let [fixed_size, count] = fields.words();
    if count == 0 {
        return Vec::new();
    }
    let mut sizes = (0..count).map(|_| match fixed_size {
        0 => fields.u32() as usize,
        size => size as usize,
    });
    let runs = samples_per_chunk(stbl);
    let mut places = Vec::new();
    for (chunk, mut offset) in (1..).zip(chunk_offsets(stbl)) {
        let (_, per_chunk) = runs.iter().rev().find(|run| run.0 <= chunk).unwrap();
        for size in sizes.by_ref().take(*per_chunk as usize) {
            places.push((offset, size));
            offset += size;
        }
    }
    places
}

fn chunk_offsets(stbl: Bx<'_>) -> Vec<usize> {
    let table = stbl.child(b"stco").or_else(|| stbl.child(b"co64")).unwrap();
    let mut fields = Fields(&table.body()[4..]);
    (0..fields.u32())
        .map(|_| usize_of(fields.wide(table.kind == *b"co64")))
        .collect()
}

/// The first_chunk and samples_per_chunk of each run.
fn samples_per_chunk(stbl: Bx<'_>) -> Vec<(u32, u32)> {
    let mut fields = Fields(&stbl.at(&[b"stsc"]).body()[4..]);
    (0..fields.u32())
        .map(|_| {
            let [first_chunk, samples_per_chunk, _description] = fields.words();
            (first_chunk, samples_per_chunk)
        })
        .collect()
}
