// SPDX-License-Identifier: MPL-2.0
//! Makes a small protected file of one fragment, which a test can damage in many ways. Layouts: ISO/IEC 14496-12 and
//! 23001-7.

/// The KID and its GUID order of Microsoft's "MPEG-DASH for PlayReady", table 2.
pub const KID: [u8; 16] = [
    0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6,
];
const GUID: &str = "rk8d+Ox90BGnZQCgyR5r9g==";
/// The same KID in the wrong byte order.
const UNSWAPPED: &str = "+B1Prn3sEdCnZQCgyR5r9g==";
const PLAYREADY: [u8; 16] = [
    0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86, 0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95,
];

/// The fields of the file.
pub struct Film {
    pub scheme: [u8; 4],
    pub has_sinf: bool,
    /// The body of `tenc`.
    pub tenc: Vec<u8>,
    /// The body of `senc`; if empty, there is neither `senc` nor `saiz` nor `saio`.
    pub senc: Vec<u8>,
    /// default_sample_info_size.
    pub saiz_size: u8,
    /// The error of the offset in `saio`, in bytes.
    pub saio_shift: u32,
    pub la_url: String,
    /// The number of zero bytes after the PlayReady Object.
    pub object_padding: usize,
    /// The boxes before that of PlayReady.
    pub first_pssh: Vec<u8>,
    /// The boxes of other systems, after that of PlayReady.
    pub other_pssh: Vec<u8>,
    header_kid: &'static str,
}

impl Default for Film {
    fn default() -> Self {
        let mut tenc = vec![0, 0, 0, 0, 0, 0, 1, 8];
        tenc.extend(KID);
        let mut senc = vec![0, 0, 0, 2, 0, 0, 0, 2];
        for sample in 1..=2 {
            senc.extend([0, 0, 0, 0, 0, 0, 0, sample]);
            senc.extend([0, 1, 0, 8, 0, 0, 0, 16]);
        }
        Self {
            scheme: *b"cenc",
            has_sinf: true,
            tenc,
            senc,
            saiz_size: 16,
            saio_shift: 0,
            la_url: "https://example.com/rm.asmx".to_owned(),
            object_padding: 0,
            first_pssh: Vec::new(),
            other_pssh: Vec::new(),
            header_kid: GUID,
        }
    }
}

impl Film {
    /// Makes the subsample map of a sample state that all its 24 bytes are clear. Samples are counted from 0.
    pub fn clear_sample(&mut self, sample: usize) {
        // The map is after the fields of the box, an IV and subsample_count.
        let map = 8 + 16 * sample + 10;
        self.senc[map..map + 6].copy_from_slice(&[0, 24, 0, 0, 0, 0]);
    }

    /// Writes a KID in the wrong byte order.
    pub fn swap_header_kid(&mut self) {
        self.header_kid = UNSWAPPED;
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let ftyp = leaf(b"ftyp", &[b"iso6\0\0\0\0iso6cmfc"]);
        let moof = match self.moof(0) {
            placed if self.senc.is_empty() => placed,
            // The entries are at the end of the box.
            unplaced => self.moof(unplaced.len() - (self.senc.len() - 8)),
        };
        [ftyp, self.moov(), moof, leaf(b"mdat", &[&[7; 48]])].concat()
    }

    fn moov(&self) -> Vec<u8> {
        let mut tkhd = vec![0; 84];
        tkhd[15] = 1;
        let stsd = leaf(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &self.entry()]);
        let stbl = leaf(b"stbl", &[&stsd]);
        let minf = leaf(b"minf", &[&stbl]);
        let hdlr = leaf(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
        let mdia = leaf(b"mdia", &[&hdlr, &minf]);
        let trak = leaf(b"trak", &[&leaf(b"tkhd", &[&tkhd]), &mdia]);
        let trex = leaf(b"trex", &[&words(&[0, 1, 1, 0, 24, 0])]);
        let mvex = leaf(b"mvex", &[&trex]);
        let pssh = [self.first_pssh.as_slice(), &self.pssh(), &self.other_pssh].concat();
        leaf(b"moov", &[&mvex, &trak, &pssh])
    }

    fn entry(&self) -> Vec<u8> {
        let mut fields = vec![0; 78];
        fields[24..28].copy_from_slice(&[0x02, 0x80, 0x01, 0x68]);
        let schm = leaf(b"schm", &[&[0; 4], &self.scheme, &[0, 1, 0, 0]]);
        let schi = leaf(b"schi", &[&leaf(b"tenc", &[&self.tenc])]);
        let sinf = leaf(b"sinf", &[&leaf(b"frma", &[b"avc1"]), &schm, &schi]);
        match self.has_sinf {
            true => leaf(b"encv", &[&fields, &sinf]),
            false => leaf(b"encv", &[&fields]),
        }
    }

    fn pssh(&self) -> Vec<u8> {
        let (kid, url) = (self.header_kid, &self.la_url);
        let xml = format!(
            "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.0.0.0\"><DATA>\
             <PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>{kid}</KID><LA_URL>{url}</LA_URL>\
             </DATA></WRMHEADER>"
        );
        let header: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let len = u16::try_from(header.len()).unwrap();
        let mut object = (u32::from(len) + 10).to_le_bytes().to_vec();
        object.extend([1, 0, 1, 0]);
        object.extend(len.to_le_bytes());
        object.extend(header);
        object.resize(object.len() + self.object_padding, 0);
        let size = u32::try_from(object.len()).unwrap();
        leaf(
            b"pssh",
            &[&[0; 4], &PLAYREADY, &size.to_be_bytes(), &object],
        )
    }

    /// Sets the offset in `saio` to `entries` bytes after the start of the box.
    fn moof(&self, entries: usize) -> Vec<u8> {
        let offset = u32::try_from(entries).unwrap() + self.saio_shift;
        let tfhd = leaf(b"tfhd", &[&words(&[0x02_0000, 1])]);
        let trun = leaf(b"trun", &[&words(&[0, 2])]);
        let saiz = leaf(b"saiz", &[&[0, 0, 0, 0, self.saiz_size, 0, 0, 0, 2]]);
        let saio = leaf(b"saio", &[&words(&[0, 1, offset])]);
        let senc = leaf(b"senc", &[&self.senc]);
        let traf = match self.senc.is_empty() {
            true => leaf(b"traf", &[&tfhd, &trun]),
            false => leaf(b"traf", &[&tfhd, &trun, &saiz, &saio, &senc]),
        };
        leaf(b"moof", &[&traf])
    }
}

pub fn leaf(box_type: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let size = u32::try_from(body.len() + 8).unwrap();
    [size.to_be_bytes().as_slice(), box_type, &body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
