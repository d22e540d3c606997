// SPDX-License-Identifier: MPL-2.0
//! `edts` with `elst`, the edit list of a track, 14496-12 clauses 8.6.5 and 8.6.6.

use super::{BoxTree, Error, FourCc, FullBoxHeader, Reader};

/// media_rate 1.0.
const NORMAL_RATE: u32 = 0x0001_0000;

/// A part of the presentation of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    /// Its length in ticks of the movie; 0 in a fragmented movie if it lasts to the end.
    pub duration: u64,
    /// The composition time in the media with which it starts, in ticks of the track; None if nothing is shown.
    pub media_time: Option<u64>,
    /// True if the media is shown at its own rate.
    pub is_at_normal_rate: bool,
}

/// Reads the edits in an `edts`; none if it has no `elst`.
///
/// # Errors
/// [`Error::Truncated`], [`Error::BadSize`], [`Error::UnknownVersion`].
pub fn read_edits(mut edts: Reader<'_>) -> Result<Vec<Edit>, Error> {
    while let Some(child) = edts.next_child()? {
        if child.header.box_type == FourCc::ELST {
            return read_elst(Reader::new(FourCc::ELST, child.body));
        }
    }
    Ok(Vec::new())
}

fn read_elst(mut reader: Reader<'_>) -> Result<Vec<Edit>, Error> {
    let version = reader.full_box_header()?.version;
    let count = reader.u32()?;
    let mut edits = Vec::new();
    for _ in 0..count {
        let (duration, media_time) = match version {
            0 => (reader.u32()?.into(), i64::from(reader.i32()?)),
            1 => (reader.u64()?, reader.u64()?.cast_signed()),
            version => {
                return Err(Error::UnknownVersion {
                    box_type: FourCc::ELST,
                    version,
                });
            }
        };
        edits.push(Edit {
            duration,
            media_time: u64::try_from(media_time).ok(),
            is_at_normal_rate: reader.u32()? == NORMAL_RATE,
        });
    }
    Ok(edits)
}

/// Builds an `edts` that shows the media from `media_time` to the end, in a fragmented movie.
pub fn build_edts(media_time: u64) -> BoxTree<'static> {
    let mut fields = 1u32.to_be_bytes().to_vec();
    fields.extend(0u64.to_be_bytes());
    fields.extend(media_time.to_be_bytes());
    fields.extend(NORMAL_RATE.to_be_bytes());
    let header = FullBoxHeader {
        version: 1,
        flags: 0,
    };
    let elst = BoxTree::full(FourCc::ELST, header, &fields);
    BoxTree::container(FourCc::EDTS, vec![elst])
}

#[cfg(test)]
mod tests {
    use super::*;

    // Layouts of clause 8.6.6.2.
    #[test]
    fn edits_of_either_width_are_read() {
        let narrow = b"\0\0\0\x28elst\0\0\0\0\0\0\0\x02\
            \0\0\0\x64\xff\xff\xff\xff\0\x01\0\0\0\0\0\0\0\0\x04\0\0\x02\0\0";
        let expected = [
            Edit {
                duration: 100,
                media_time: None,
                is_at_normal_rate: true,
            },
            Edit {
                duration: 0,
                media_time: Some(1024),
                is_at_normal_rate: false,
            },
        ];
        let read = |body: &[u8]| read_edits(Reader::new(FourCc::EDTS, body));
        assert_eq!(read(narrow).unwrap(), expected);
        assert_eq!(read(b"").unwrap(), []);
        assert!(read(&narrow[..30]).is_err());
        let mut built = Vec::new();
        build_edts(1 << 40).write(&mut built).unwrap();
        let wide = read(&built[8..]).unwrap();
        assert_eq!(wide[0].media_time, Some(1 << 40));
        assert!(wide.len() == 1 && wide[0].is_at_normal_rate);
    }
}
