// SPDX-License-Identifier: MPL-2.0
//! The boxes of a fragment up to its media.

use isobmff_boxes::{BoxHeader, FourCc};

/// The sizes of a fragment whose boxes are complete, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FragmentSizes {
    /// All boxes before the `mdat`, and its header.
    pub(super) boxes: usize,
    /// The payload of the `mdat`.
    pub(super) media: u64,
}

impl FragmentSizes {
    /// Measures the fragment with which `boxes` begin; None if the header of its `mdat` is still to come.
    ///
    /// # Errors
    /// Damaged boxes, and an `mdat` without a size.
    pub(super) fn read(boxes: &[u8]) -> Result<Option<Self>, cenc_mp4::Error> {
        let mut rest = boxes;
        while !rest.is_empty() {
            let header = BoxHeader::read(rest, FourCc(*b"file"))?;
            if header.box_type == FourCc::MDAT {
                let size = header
                    .size
                    .ok_or(cenc_mp4::Error::Unsupported(FourCc::MDAT))?;
                return Ok(Some(Self {
                    boxes: boxes.len() - rest.len() + header.len,
                    media: size - header.len as u64,
                }));
            }
            rest = rest
                .get(header.size_within(rest.len())?..)
                .unwrap_or_default();
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_before_the_fragment_are_part_of_it() {
        let styp = b"\0\0\0\x10stypmsdh\0\0\0\0";
        let moof = b"\0\0\0\x08moof";
        let sizes = |parts: &[&[u8]]| FragmentSizes::read(&parts.concat()).unwrap();
        let found = |boxes, media| Some(FragmentSizes { boxes, media });
        assert_eq!(sizes(&[moof, b"\0\0\0\x08mdat", moof]), found(16, 0));
        assert_eq!(sizes(&[styp, moof, b"\0\0\0\x0bmdat"]), found(32, 3));
        // 14496-12 clause 4.2: the size 1 announces one of 64 bits.
        let large = b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x10";
        assert_eq!(sizes(&[moof, large]), found(24, 1 << 32));
        assert_eq!(sizes(&[styp, moof]), None);
        assert!(FragmentSizes::read(b"\0\0\0\0mdat").is_err());
        assert!(FragmentSizes::read(b"\0\0\0\x20moof").is_err());
    }
}
