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
    let body: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    boxed(kind, &[&body])
}

/// The `ftyp` of every stream.
pub fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", &[b"iso6\0\0\0\0iso6"])
}

/// A track with one sample entry: sound for `mp4a`, else text.
pub fn trak(id: u32, format: &[u8; 4]) -> Vec<u8> {
    let sound = format == b"mp4a";
    let handler: &[u8] = if sound { b"soun" } else { b"text" };
    let fields = vec![0; if sound { 28 } else { 8 }];
    let entry = boxed(format, &[&fields]);
    trak_of(
        id,
        handler,
        &boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]),
    )
}

/// A track with this handler_type and `stsd`.
pub fn trak_of(id: u32, handler: &[u8], stsd: &[u8]) -> Vec<u8> {
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
    let stbl = boxed(b"stbl", &[stsd, &full(b"stsz", &[0, 0, 0])]);
    let mdia = boxed(b"mdia", &[&hdlr, &boxed(b"minf", &[&stbl])]);
    let mut tkhd = [0; 21];
    tkhd[3] = id;
    boxed(b"trak", &[&full(b"tkhd", &tkhd), &mdia])
}

/// The defaults of a track: sample description 1 and `size` bytes in a sample.
pub fn trex(id: u32, size: u32) -> Vec<u8> {
    full(b"trex", &[0, id, 1, 0, size, 0])
}

/// A `moov` with these tracks and their defaults.
pub fn moov_of(traks: &[Vec<u8>], trexes: &[Vec<u8>]) -> Vec<u8> {
    let mvex = boxed(b"mvex", &[&trexes.concat()]);
    boxed(b"moov", &[&full(b"mvhd", &[0; 25]), &traks.concat(), &mvex])
}

/// A `moov` with the tracks 1, 2 … whose sample entries have these formats.
pub fn moov(formats: &[&[u8; 4]]) -> Vec<u8> {
    let numbered = || (1..).zip(formats);
    let traks: Vec<_> = numbered().map(|(id, format)| trak(id, format)).collect();
    let trexes: Vec<_> = numbered().map(|(id, _)| trex(id, 0)).collect();
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
    let flags = if offset.is_some() { 0x201 } else { 0x200 };
    let mut words = vec![flags, u32::try_from(sizes.len()).unwrap()];
    words.extend(offset.map(i32::cast_unsigned));
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
    let header = if mdat.starts_with(&[0, 0, 0, 1]) {
        16
    } else {
        8
    };
    let payload = make(0).len() + between.len() + header;
    let moof = make(i32::try_from(payload).unwrap());
    [&moof, between, mdat].concat()
}

/// A fragment of one sound track with default-base-is-moof.
pub fn sound(sizes: &[u32]) -> Vec<u8> {
    let len: u32 = sizes.iter().sum();
    let make = |data| moof(&[traf(&tfhd(1, Base::Moof), &[trun(Some(data), sizes)])]);
    fragment(make, &[], &mdat(&media(len as usize)))
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
