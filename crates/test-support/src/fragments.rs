// SPDX-License-Identifier: MPL-2.0
//! Reads the samples of movie fragments with their `senc` entries and `seig` groups.

use crate::boxes::{Bx, Fields, usize_of};
use crate::movie::{PIFF_SENC, Protection, Sample, Seig, Track};

/// Appends the samples of a `moof` to its tracks.
pub fn read(moof: Bx<'_>, file: &[u8], tracks: &mut [Track]) {
    for traf in moof.all(b"traf") {
        let tfhd = Tfhd::read(traf.at(&[b"tfhd"]));
        let track = tracks
            .iter_mut()
            .find(|track| track.id == tfhd.track_id)
            .expect("the fragment's track is in moov");
        let base = tfhd.base_data_offset.unwrap_or(moof.start);
        let description = tfhd.description.unwrap_or(track.trex.description);
        append(
            traf,
            file,
            base,
            description,
            places(traf, base, tfhd.size.unwrap_or(track.trex.size)),
            track,
        );
    }
}

/// The offset and size of each sample of a `traf`.
fn places(traf: Bx<'_>, base: usize, size: u32) -> Vec<(usize, usize)> {
    let mut next = base;
    traf.all(b"trun")
        .into_iter()
        .flat_map(|trun| read_run(trun, base, size, &mut next))
        .collect()
}

/// Appends samples with the protection that a `traf` or `stbl` states. The offsets in `saio` count from `base`.
pub fn append(
    parent: Bx<'_>,
    file: &[u8],
    base: usize,
    description: u32,
    places: Vec<(usize, usize)>,
    track: &mut Track,
) {
    let rules = sample_rules(parent, track, description, places.len());
    let scheme = track.entries[description as usize - 1].scheme;
    let aux = aux_info(parent, file, base, &rules);
    for (((offset, size), rules), aux) in places.into_iter().zip(rules).zip(aux) {
        track.samples.push(Sample {
            offset,
            size,
            protection: protection(scheme, rules, aux),
        });
    }
}

/// The fields of `tfhd` that place samples.
struct Tfhd {
    track_id: u32,
    base_data_offset: Option<usize>,
    description: Option<u32>,
    size: Option<u32>,
}

impl Tfhd {
    fn read(tfhd: Bx<'_>) -> Self {
        let flags = tfhd.flags();
        let mut fields = Fields(&tfhd.body()[4..]);
        let track_id = fields.u32();
        let base_data_offset = (flags & 1 != 0).then(|| usize_of(fields.wide(true)));
        let description = fields.if_set(flags, 2);
        let _duration = fields.if_set(flags, 8);
        Self {
            track_id,
            base_data_offset,
            description,
            size: fields.if_set(flags, 0x10),
        }
    }
}

/// The offset and size of each sample of a `trun`. A run without data_offset continues at `next`.
fn read_run(trun: Bx<'_>, base: usize, size: u32, next: &mut usize) -> Vec<(usize, usize)> {
    let flags = trun.flags();
    let mut fields = Fields(&trun.body()[4..]);
    let count = fields.u32();
    if let Some(offset) = fields.if_set(flags, 1) {
        *next = base
            .checked_add_signed(offset.cast_signed() as isize)
            .unwrap();
    }
    let _first_sample_flags = fields.if_set(flags, 4);
    let mut place = || {
        let _duration = fields.if_set(flags, 0x100);
        let size = fields.if_set(flags, 0x200).unwrap_or(size) as usize;
        let _flags = fields.if_set(flags, 0x400);
        let _composition_offset = fields.if_set(flags, 0x800);
        *next += size;
        (*next - size, size)
    };
    (0..count).map(|_| place()).collect()
}

/// Returns the encryption parameters of each sample: those of its `seig` group, or of the sample entry's `tenc`.
fn sample_rules(traf: Bx<'_>, track: &Track, entry: u32, count: usize) -> Vec<Option<Seig>> {
    let local = seig_entries(traf);

    let mut indices = group_indices(traf);
    indices.resize(count, 0);
    indices
        .into_iter()
        .map(|index| match index {
            0 => track.entries[entry as usize - 1].tenc.clone(),
            1..=0x1_0000 => Some(track.groups[index as usize - 1].clone()),
            _ => Some(local[index as usize - 0x1_0001].clone()),
        })
        .collect()
}

/// The `seig` entries of the `sgpd` boxes in an `stbl` or `traf`.
pub fn seig_entries(parent: Bx<'_>) -> Vec<Seig> {
    let mut found = Vec::new();
    for sgpd in parent.all(b"sgpd") {
        let mut fields = Fields(&sgpd.body()[4..]);
        if fields.take(4) != b"seig" {
            continue;
        }
        assert_eq!(sgpd.version(), 1, "version of sgpd");
        let length = fields.u32();
        for _ in 0..fields.u32() {
            let length = if length == 0 { fields.u32() } else { length };
            found.push(Seig::read(fields.take(length as usize)));
        }
    }
    found
}

/// The group_description_index of each sample that `sbgp` covers.
fn group_indices(traf: Bx<'_>) -> Vec<u32> {
    let mut indices = Vec::new();
    for sbgp in traf.all(b"sbgp") {
        let mut fields = Fields(&sbgp.body()[4..]);
        if fields.take(4) != b"seig" {
            continue;
        }
        for _ in 0..fields.u32() {
            indices.resize(indices.len() + fields.u32() as usize, fields.u32());
        }
    }
    indices
}

type AuxInfo = (Vec<u8>, Vec<(u16, u32)>);

/// The IV and subsamples of each sample, from `senc` or, without one, from the place that `saio` states.
fn aux_info(traf: Bx<'_>, file: &[u8], base: usize, rules: &[Option<Seig>]) -> Vec<AuxInfo> {
    if let Some(senc) = traf.child_or_uuid(b"senc", &PIFF_SENC) {
        return senc_entries(senc, rules);
    }
    let Some(saio) = of_encryption(traf, b"saio") else {
        return vec![Default::default(); rules.len()];
    };
    let mut places = Fields(&saio.body()[4 + 8 * (saio.flags() as usize & 1)..]);
    assert_eq!(places.u32(), 1, "entry_count of saio");
    let mut fields = Fields(&file[base + usize_of(places.wide(saio.version() == 1))..]);
    rules
        .iter()
        .zip(saiz_sizes(of_encryption(traf, b"saiz").unwrap()))
        .map(|(rules, size)| {
            let iv_size = rules.as_ref().map_or(0, |rules| rules.iv_size);
            entry(&mut fields, rules.as_ref(), size > iv_size)
        })
        .collect()
}

fn senc_entries(senc: Bx<'_>, rules: &[Option<Seig>]) -> Vec<AuxInfo> {
    let mut fields = Fields(&senc.body()[4..]);
    assert_eq!(fields.u32() as usize, rules.len(), "sample_count of senc");
    rules
        .iter()
        .map(|rules| entry(&mut fields, rules.as_ref(), senc.flags() & 2 != 0))
        .collect()
}

/// The `saiz` or `saio` of Common Encryption, 23001-7 clause 7.1: without a kind of information, or with that of a scheme.
pub fn of_encryption<'a>(parent: Bx<'a>, kind: &[u8; 4]) -> Option<Bx<'a>> {
    let is_scheme = |kind: &[u8]| matches!(kind, b"cenc" | b"cens" | b"cbc1" | b"cbcs" | b"piff");
    let mut found = parent.all(kind).into_iter();
    found.find(|found| found.flags() & 1 == 0 || is_scheme(&found.body()[4..8]))
}

/// The sample_info_size of each sample.
pub fn saiz_sizes(saiz: Bx<'_>) -> Vec<u8> {
    let mut fields = Fields(&saiz.body()[4 + 8 * (saiz.flags() as usize & 1)..]);
    let default_size = fields.u8();
    let count = fields.u32() as usize;
    match default_size {
        0 => fields.take(count).to_vec(),
        size => vec![size; count],
    }
}

fn entry(fields: &mut Fields<'_>, rules: Option<&Seig>, has_subsamples: bool) -> AuxInfo {
    let Some(rules) = rules.filter(|rules| rules.is_protected) else {
        return AuxInfo::default();
    };
    let iv = fields.take(rules.iv_size.into()).to_vec();
    let count = if has_subsamples { fields.u16() } else { 0 };
    (
        iv,
        (0..count).map(|_| (fields.u16(), fields.u32())).collect(),
    )
}

fn protection(scheme: Option<[u8; 4]>, rules: Option<Seig>, aux: AuxInfo) -> Option<Protection> {
    let rules = rules.filter(|rules| rules.is_protected)?;
    let (own_iv, subsamples) = aux;
    let iv = match own_iv.is_empty() {
        true => rules.constant_iv.clone(),
        false => own_iv,
    };
    assert!(!iv.is_empty(), "a protected sample has an IV");
    Some(Protection {
        scheme: scheme.expect("a protected track has a scheme"),
        rules,
        iv,
        subsamples,
    })
}
