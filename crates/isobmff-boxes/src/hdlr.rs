// SPDX-License-Identifier: MPL-2.0
//! `hdlr`, the handler box, 14496-12 clause 8.4.3.

use super::{Error, FourCc, Reader};

/// Reads handler_type, the kind of media in a track (`vide`, `soun`, `text` …).
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_handler_type(mut reader: Reader<'_>) -> Result<FourCc, Error> {
    reader.full_box_header()?;
    reader.u32()?;
    reader.array().map(FourCc)
}

/// Reads the name, a text for people; None if it is empty. QuickTime writes its length in front instead of a zero byte at its end.
///
/// # Errors
/// [`Error::Truncated`].
pub fn read_handler_name(mut reader: Reader<'_>) -> Result<Option<String>, Error> {
    reader.bytes(4 + 4 + 4 + 12)?; // version, flags, pre_defined, handler_type, reserved
    let bytes = match reader.left() {
        [len, counted @ ..] if usize::from(*len) == counted.len() => counted,
        terminated => terminated,
    };
    let name = super::text::before_zero(bytes);
    Ok((!name.is_empty()).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 14496-12 clause 8.4.3.2, and QuickTime File Format, "Handler Reference Atoms".
    #[test]
    fn name_ends_with_zero_or_starts_with_its_length() {
        let read = |name: &[u8]| {
            let body = [&[0; 8][..], b"vide", &[0; 12], name].concat();
            read_handler_name(Reader::new(FourCc::HDLR, &body)).unwrap()
        };
        assert_eq!(read(b"VideoHandler\0").as_deref(), Some("VideoHandler"));
        assert_eq!(read(b"\x05Sound").as_deref(), Some("Sound"));
        assert_eq!((read(b"\0"), read(b"")), (None, None));
        assert!(read_handler_name(Reader::new(FourCc::HDLR, &[0; 23])).is_err());
    }
}
