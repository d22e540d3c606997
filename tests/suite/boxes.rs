// SPDX-License-Identifier: MPL-2.0
//! A small reader of ISO/IEC 14496-12, independent of the crate's own: the video samples of clear
//! files.

use std::ops::Range;

/// A track whose sample entry has an `avcC` or `hvcC`.
pub struct Track {
    /// Sample entry type.
    pub format: [u8; 4],
    /// Payload of `avcC` or `hvcC`.
    pub config: Vec<u8>,
    /// Where the samples are in the file, in decoding order.
    pub samples: Vec<Range<usize>>,
    id: usize,
    default_size: usize,
}

/// The AVC and HEVC tracks of a progressive file, or of one with default-base-is-moof.
pub fn tracks(file: &[u8]) -> Vec<Track> {
    let mut tracks = Vec::new();
    for moov in all(file, 0..file.len(), b"moov") {
        let traks = all(file, moov.clone(), b"trak");
        tracks.extend(
            traks
                .into_iter()
                .filter_map(|trak| read_track(file, &moov, trak)),
        );
    }
    for moof in all(file, 0..file.len(), b"moof") {
        for traf in all(file, moof.clone(), b"traf") {
            tracks
                .iter_mut()
                .for_each(|track| read_fragment(file, moof.start - 8, &traf, track));
        }
    }
    tracks
}

fn read_track(file: &[u8], moov: &Range<usize>, trak: Range<usize>) -> Option<Track> {
    let tkhd = find(file, trak.clone(), &[b"tkhd"])?.start;
    let id = u32_at(file, tkhd + if file[tkhd] == 1 { 20 } else { 12 });
    let stbl = find(file, trak, &[b"mdia", b"minf", b"stbl"])?;
    let stsd = find(file, stbl.clone(), &[b"stsd"])?;
    let (format, entry) = boxes(file, stsd.start + 8..stsd.end).remove(0);
    // The fields of a visual sample entry fill 78 bytes.
    let inner = (entry.start + 78).min(entry.end)..entry.end;
    let config = find(file, inner.clone(), &[b"avcC"]).or_else(|| find(file, inner, &[b"hvcC"]))?;
    let mvex = find(file, moov.clone(), &[b"mvex"]).unwrap_or_default();
    let mut trexes = all(file, mvex, b"trex").into_iter();
    let trex = trexes.find(|trex| u32_at(file, trex.start + 4) == id);
    Some(Track {
        format,
        config: file[config].to_vec(),
        samples: progressive_samples(file, &stbl),
        id,
        default_size: trex.map_or(0, |trex| u32_at(file, trex.start + 16)),
    })
}

fn progressive_samples(file: &[u8], stbl: &Range<usize>) -> Vec<Range<usize>> {
    let [stsz, stsc, stco] =
        [b"stsz", b"stsc", b"stco"].map(|kind| find(file, stbl.clone(), &[kind]).unwrap().start);
    let (mut samples, mut run) = (Vec::new(), 0);
    for chunk in 1..=u32_at(file, stco + 4) {
        let mut at = u32_at(file, stco + 4 + 4 * chunk);
        if run < u32_at(file, stsc + 4) && u32_at(file, stsc + 8 + 12 * run) == chunk {
            run += 1;
        }
        for _ in 0..u32_at(file, stsc + 12 * run) {
            let size = u32_at(file, stsz + 12 + 4 * samples.len());
            samples.push(at..at + size);
            at += size;
        }
    }
    samples
}

fn read_fragment(file: &[u8], base: usize, traf: &Range<usize>, track: &mut Track) {
    let field = |flags: usize, mask: usize| usize::from(flags & mask != 0) * 4;
    let own = |flags: usize, mask: usize, at| (flags & mask != 0).then(|| u32_at(file, at));
    let tfhd = find(file, traf.clone(), &[b"tfhd"]).unwrap().start;
    if u32_at(file, tfhd + 4) != track.id {
        return;
    }
    let flags = u32_at(file, tfhd);
    let size_at = tfhd + 8 + 2 * field(flags, 1) + field(flags, 2) + field(flags, 8);
    let default = own(flags, 0x10, size_at).unwrap_or(track.default_size);
    for trun in all(file, traf.clone(), b"trun") {
        let (flags, start) = (u32_at(file, trun.start), trun.start);
        let mut at = base + u32_at(file, start + 8);
        let fields = [0x100, 0x200, 0x400, 0x800].map(|mask| field(flags, mask));
        for sample in 0..u32_at(file, start + 4) {
            let entry = start
                + 8
                + field(flags, 1)
                + field(flags, 4)
                + sample * fields.iter().sum::<usize>();
            let size = own(flags, 0x200, entry + field(flags, 0x100)).unwrap_or(default);
            track.samples.push(at..at + size);
            at += size;
        }
    }
}

fn boxes(file: &[u8], range: Range<usize>) -> Vec<([u8; 4], Range<usize>)> {
    let (mut found, mut at) = (Vec::new(), range.start);
    while at + 8 <= range.end {
        let size = u32_at(file, at);
        found.push((file[at + 4..at + 8].try_into().unwrap(), at + 8..at + size));
        at += size.max(8);
    }
    found
}

fn all(file: &[u8], range: Range<usize>, wanted: &[u8; 4]) -> Vec<Range<usize>> {
    let kept = boxes(file, range)
        .into_iter()
        .filter(|(kind, _)| kind == wanted);
    kept.map(|(_, body)| body).collect()
}

fn find(file: &[u8], range: Range<usize>, path: &[&[u8; 4]]) -> Option<Range<usize>> {
    path.iter().try_fold(range, |range, kind| {
        all(file, range, kind).into_iter().next()
    })
}

fn u32_at(file: &[u8], at: usize) -> usize {
    u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize
}
