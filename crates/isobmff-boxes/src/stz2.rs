// SPDX-License-Identifier: MPL-2.0
//! `stz2`, the sizes of a track's samples in few bits, 14496-12 clause 8.7.3.3.

use super::{Error, FourCc, Reader};

/// Reads the sizes in bytes.
///
/// # Errors
/// [`Error::Truncated`], also for a sample_count that the box has no room for; [`Error::BadFieldSize`].
pub fn read_stz2(mut reader: Reader<'_>) -> Result<Vec<u32>, Error> {
    reader.full_box_header()?;
    let [_, _, _, field_size] = reader.array()?;
    let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let mut sizes = match field_size {
        4 => reader
            .bytes(count.div_ceil(2))?
            .iter()
            .flat_map(|&pair| [u32::from(pair >> 4), u32::from(pair & 15)])
            .collect(),
        8 => reader
            .bytes(count)?
            .iter()
            .copied()
            .map(u32::from)
            .collect(),
        16 => reader
            .bytes(count.saturating_mul(2))?
            .as_chunks()
            .0
            .iter()
            .map(|&field| u32::from(u16::from_be_bytes(field)))
            .collect::<Vec<_>>(),
        bits => {
            return Err(Error::BadFieldSize {
                box_type: FourCc::STZ2,
                bits,
            });
        }
    };
    sizes.truncate(count);
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field_size: u8, count: u8, entries: &[u8]) -> Result<Vec<u32>, Error> {
        let mut body = vec![0, 0, 0, 0, 0, 0, 0, field_size, 0, 0, 0, count];
        body.extend(entries);
        read_stz2(Reader::new(FourCc::STZ2, &body))
    }

    // Layout of clause 8.7.3.3.1: fields of 4 bits fill each byte from its upper half on.
    #[test]
    fn fields_of_every_size_are_read() {
        assert_eq!(read(4, 3, &[0x12, 0x3f]).unwrap(), [1, 2, 3]);
        assert_eq!(read(8, 2, &[200, 7]).unwrap(), [200, 7]);
        assert_eq!(read(16, 1, &[1, 2]).unwrap(), [258]);
    }

    #[test]
    fn other_field_sizes_and_counts_beyond_the_box_are_refused() {
        assert!(matches!(
            read(32, 1, &[0; 4]),
            Err(Error::BadFieldSize { .. })
        ));
        assert!(matches!(read(16, 2, &[0; 3]), Err(Error::Truncated { .. })));
    }
}
