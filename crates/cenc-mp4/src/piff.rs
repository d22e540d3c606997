// SPDX-License-Identifier: MPL-2.0
//! The boxes outside of tracks that PIFF 1.1 (Smooth Streaming) writes in its own way: `ftyp`, and `pssh` as a `uuid` box.

use cenc_types::Pssh;
use common_encryption::BoxFlavor;
use isobmff_boxes::{BoxTree, FourCc};

use super::Error;

/// major_brand and minor_version of Smooth Streaming files.
const MAJOR: [u8; 8] = *b"isml\0\0\0\x01";
/// The brands that a PIFF file has at least.
const BRANDS: [&[u8; 4]; 2] = [b"piff", b"iso2"];

/// Returns a top-level box as the flavor needs it. In PIFF, `ftyp` has PIFF's brands and keeps only those of the ISO file format:
/// brands such as CMAF's would promise boxes that are not there.
pub(super) fn top_level(flavor: BoxFlavor, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if flavor == BoxFlavor::Cenc || bytes.get(4..8) != Some(FourCc::FTYP.0.as_slice()) {
        return Ok(bytes);
    }
    let ftyp = BoxTree::parse(&bytes)?;
    let mut reader = ftyp.reader();
    reader.bytes(MAJOR.len())?;
    let (before, _) = reader.left().as_chunks::<4>();
    let kept = before
        .iter()
        .filter(|brand| brand.starts_with(b"iso") && !BRANDS.contains(brand));
    let mut body = MAJOR.to_vec();
    body.extend(BRANDS.into_iter().chain(kept).flatten());
    let mut out = Vec::new();
    BoxTree::leaf(FourCc::FTYP, body).write(&mut out)?;
    Ok(out)
}

/// Returns the box for `moov` from a whole `pssh` box of either version.
pub(super) fn pssh(flavor: BoxFlavor, bytes: &[u8]) -> Result<BoxTree<'_>, isobmff_boxes::Error> {
    let tree = BoxTree::parse(bytes)?;
    match flavor {
        BoxFlavor::Cenc => Ok(tree),
        BoxFlavor::Piff => Pssh::read(tree.reader())?.to_piff_box(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The brands of the PIFF file in the shared vectors (o-piff-scheme-wma): isml 1, piff, iso2, iso5.
    #[test]
    fn brands_are_those_of_smooth_streaming() {
        let cmaf = b"\0\0\0\x20ftypcmf2\0\0\0\0cmf2iso5cmfcdash".to_vec();
        let piff = top_level(BoxFlavor::Piff, cmaf.clone()).unwrap();
        assert_eq!(piff, b"\0\0\0\x1cftypisml\0\0\0\x01piffiso2iso5");
        assert_eq!(top_level(BoxFlavor::Cenc, cmaf.clone()).unwrap(), cmaf);
    }

    #[test]
    fn other_boxes_and_a_short_ftyp_stay_or_fail() {
        let free = b"\0\0\0\x0cfreeftyp".to_vec();
        assert_eq!(top_level(BoxFlavor::Piff, free.clone()).unwrap(), free);
        assert!(top_level(BoxFlavor::Piff, b"\0\0\0\x0cftypisml".to_vec()).is_err());
    }

    // Layout of PIFF 1.1, clause 5.3.1.
    #[test]
    fn pssh_is_a_uuid_box_without_key_ids() {
        let mut bytes = b"\0\0\0\x35pssh\x01\0\0\0".to_vec();
        bytes.extend([0x9a; 16]);
        bytes.extend([0, 0, 0, 1]);
        bytes.extend([7; 16]);
        bytes.extend([0, 0, 0, 1, 5]);
        let mut out = Vec::new();
        pssh(BoxFlavor::Piff, &bytes)
            .unwrap()
            .write(&mut out)
            .unwrap();
        let mut expected =
            b"\0\0\0\x31uuid\xd0\x8a\x4f\x18\x10\xf3\x4a\x82\xb6\xc8\x32\xd8\xab\xa1\x83\xd3"
                .to_vec();
        expected.extend([0; 4]);
        expected.extend([0x9a; 16]);
        expected.extend([0, 0, 0, 1, 5]);
        assert_eq!(out, expected);
    }
}
