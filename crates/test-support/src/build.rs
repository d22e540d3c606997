// SPDX-License-Identifier: MPL-2.0
//! Builds small fragmented streams by hand, after ISO/IEC 14496-12, without the crate's own writer.

/// The base of the data offsets of a track fragment.
#[derive(Clone, Copy)]
pub enum Base {
    /// default-base-is-moof.
    Moof,
    /// No flag is set: offsets count from the `moof` in the first track fragment, and in the others from the end of the data
    /// before.
    Legacy,
    /// base-data-offset, which counts from the start of the file.
    At(usize),
}

/// A box with these parts as its payload.
pub fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut whole = word(body.len() + 8).to_vec();
    whole.extend(kind);
    whole.extend(body);
    whole
}

/// A FullBox; its first word holds version and flags.
pub fn full(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
    boxed(kind, &[&bytes_of(words)])
}

/// The `ftyp` of every stream.
pub fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", &[b"iso6\0\0\0\0iso6"])
}

/// A track with one sample entry: sound for `mp4a`, else text.
pub fn trak(id: u32, format: &[u8; 4]) -> Vec<u8> {
    trak_of(id, handler(format), &stsd(format))
}

/// A track with these sample tables and an empty `stsz`.
pub fn trak_of(id: u32, handler: &[u8], tables: &[u8]) -> Vec<u8> {
    trak_with(id, handler, &[tables, &full(b"stsz", &[0, 0, 0])])
}

/// A track with these sample tables and no others.
pub fn trak_with(id: u32, handler: &[u8], tables: &[&[u8]]) -> Vec<u8> {
    let mut tkhd = [0; 21];
    tkhd[3] = id;
    let media = [hdlr(handler), boxed(b"minf", &[&boxed(b"stbl", tables)])].concat();
    boxed(
        b"trak",
        &[&full(b"tkhd", &tkhd), &boxed(b"mdia", &[&media])],
    )
}

/// The handler_type of a sound track for `mp4a`, else of a text track.
pub fn handler(format: &[u8; 4]) -> &'static [u8] {
    match format {
        b"mp4a" => b"soun",
        _ => b"text",
    }
}

/// The `hdlr` with this handler_type.
pub fn hdlr(handler: &[u8]) -> Vec<u8> {
    boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]])
}

/// The `stsd` of a track with one sample entry: sound for `mp4a`, else text.
pub fn stsd(format: &[u8; 4]) -> Vec<u8> {
    let fields: &[u8] = match format {
        b"mp4a" => &[0; 28],
        _ => &[0; 8],
    };
    stsd_of(&boxed(format, &[fields]))
}

/// The `stsd` with this sample entry.
pub fn stsd_of(entry: &[u8]) -> Vec<u8> {
    boxed(b"stsd", &[&[0; 4], &word(1), entry])
}

/// The defaults of a track: sample description 1 and `size` bytes in a sample.
pub fn trex(id: u32, size: u32) -> Vec<u8> {
    full(b"trex", &[0, id, 1, 0, size, 0])
}

/// A `moov` with these tracks and their defaults.
pub fn moov_of(traks: &[Vec<u8>], trexes: &[Vec<u8>]) -> Vec<u8> {
    boxed(
        b"moov",
        &[
            &full(b"mvhd", &[0; 25]),
            &traks.concat(),
            &boxed(b"mvex", &[&trexes.concat()]),
        ],
    )
}

/// A `moov` with the tracks 1, 2 … whose sample entries have these formats.
pub fn moov(formats: &[&[u8; 4]]) -> Vec<u8> {
    let (traks, trexes): (Vec<_>, Vec<_>) = (1..)
        .zip(formats)
        .map(|(id, format)| (trak(id, format), trex(id, 0)))
        .unzip();
    moov_of(&traks, &trexes)
}

/// An initialization segment: `ftyp` and a `moov` with one sound track.
pub fn init() -> Vec<u8> {
    [ftyp(), moov(&[b"mp4a"])].concat()
}

/// The header of a track fragment.
pub fn tfhd(track: u32, base: Base) -> Vec<u8> {
    match base {
        Base::Moof => full(b"tfhd", &[0x02_0000, track]),
        Base::Legacy => full(b"tfhd", &[0, track]),
        Base::At(at) => boxed(
            b"tfhd",
            &[&word(1), &track.to_be_bytes(), &(at as u64).to_be_bytes()],
        ),
    }
}

/// A run that states sizes, and an offset if it has one.
pub fn trun(offset: Option<i32>, sizes: &[u32]) -> Vec<u8> {
    let mut words = match offset {
        Some(offset) => vec![0x201, count(sizes), offset.cast_unsigned()],
        None => vec![0x200, count(sizes)],
    };
    words.extend(sizes);
    full(b"trun", &words)
}

/// A track fragment of this header and these boxes.
pub fn traf(tfhd: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"traf", &[tfhd, &full(b"tfdt", &[0, 7]), &others.concat()])
}

/// A `moof` of these track fragments.
pub fn moof(trafs: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"moof", &[&full(b"mfhd", &[0, 1]), &trafs.concat()])
}

/// A `moof`, then the boxes `between`, then the `mdat`. `make` gets the offset of the payload from the start of the `moof`.
pub fn fragment(make: impl Fn(i32) -> Vec<u8>, between: &[u8], mdat: &[u8]) -> Vec<u8> {
    let header = match mdat {
        [0, 0, 0, 1, ..] => 16,
        _ => 8,
    };
    let payload = make(0).len() + between.len() + header;
    [&make(i32::try_from(payload).unwrap()), between, mdat].concat()
}

/// A fragment of one sound track with default-base-is-moof.
pub fn sound(sizes: &[u32]) -> Vec<u8> {
    let len: u32 = sizes.iter().sum();
    sound_of(sizes, &media(len as usize))
}

/// The same with these samples.
pub fn sound_of(sizes: &[u32], samples: &[u8]) -> Vec<u8> {
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), sizes)])]);
    fragment(make, &[], &mdat(samples))
}

/// A `moof` without samples.
pub fn empty_moof() -> Vec<u8> {
    moof(&[traf(&tfhd(1, Base::Moof), &[])])
}

/// An `mdat` with this payload.
pub fn mdat(payload: &[u8]) -> Vec<u8> {
    boxed(b"mdat", &[payload])
}

/// Media in which each byte encodes its position.
pub fn media(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at * 7 + at / 256 + 3).to_le_bytes()[0])
        .collect()
}

/// A number in 32 bits, big-endian.
pub fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

/// The entry_count of a table.
pub fn count<T>(entries: &[T]) -> u32 {
    u32::try_from(entries.len()).unwrap()
}

/// The words in big-endian bytes.
fn bytes_of(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
