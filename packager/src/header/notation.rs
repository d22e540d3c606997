// SPDX-License-Identifier: MPL-2.0
//! Reads a PlayReady Header as XML, PlayReady Object or `pssh` box, in bytes or in text.

use std::io::{self, Read};
use std::path::Path;

use cenc_types::{Pssh, decode_secret};
use drm_signaling::playready_pssh;
use playready_header::{PlayReadyObject, SYSTEM_ID};

use crate::print::{FAULTY, NO_FILE};
use crate::secrets;
use host_access::open_regular_file;

/// The most bytes that are read: enough for the largest object in base64 with white space.
const MAX_INPUT: u64 = 1 << 20;
const UTF_8_BOM: &[u8] = b"\xef\xbb\xbf";
const UTF_16_BOM: &[u8] = b"\xff\xfe";

/// A header in its containers.
#[derive(Debug)]
pub struct EncodedHeader {
    /// The PlayReady Object.
    pub object: PlayReadyObject,
    /// The whole `pssh` box.
    pub pssh: Vec<u8>,
}

/// Errors of reading or making a header.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or standard input cannot be read.
    #[error("{name}: {source}")]
    File { name: String, source: io::Error },
    /// The input is far longer than a header.
    #[error(
        "the input is longer than 1 MiB, too long for a PlayReady Header: use the command inspect for an MP4 file"
    )]
    TooLong,
    /// The input is in none of the notations.
    #[error(
        "neither a file nor a header: give WRMHEADER in XML, or a whole PlayReady Object or pssh box in base64, hex or bytes"
    )]
    Unknown,
    /// The `pssh` box is damaged.
    #[error("pssh box: {0}")]
    Box(#[from] isobmff_boxes::Error),
    /// The `pssh` box is for another system.
    #[error("the pssh box is for system {0}, not for PlayReady")]
    OtherSystem(uuid::Uuid),
    /// The object has no header record.
    #[error("the PlayReady Object has no header record")]
    NoHeader,
    /// The header or the object cannot be read or made.
    #[error("PlayReady Header: {0}")]
    Header(#[source] playready_header::Error),
    /// An option has a wrong value.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// A key or key seed cannot be read from its file.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// Only some of the KIDs have a key.
    #[error(
        "{files} key files for {kids} KIDs: give --key-file once for each --key-id, or not at all"
    )]
    KeyFiles { kids: usize, files: usize },
}

impl Error {
    /// Returns the exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Secret(_) | Self::KeyFiles { .. } => NO_FILE,
            _ => FAULTY,
        }
    }
}

/// Reads the header from standard input if `input` is `-`, from the file of that name, or from the text itself.
///
/// # Errors
/// [`Error`].
pub fn read(input: &str) -> Result<EncodedHeader, Error> {
    let bytes = match input {
        "-" => read_limited(io::stdin().lock(), "standard input")?,
        path if Path::new(path).exists() => {
            let file = open_regular_file(Path::new(path)).map_err(|source| Error::File {
                name: path.to_owned(),
                source,
            })?;
            read_limited(file, path)?
        }
        text => text.as_bytes().to_vec(),
    };
    from_bytes(&bytes).or_else(|error| match error {
        Error::Unknown => from_text(&bytes),
        error => Err(error),
    })
}

fn read_limited(input: impl Read, name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    input
        .take(MAX_INPUT + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::File {
            name: name.to_owned(),
            source,
        })?;
    match bytes.len() as u64 > MAX_INPUT {
        true => Err(Error::TooLong),
        false => Ok(bytes),
    }
}

/// Reads base64 or hex, which may contain white space.
fn from_text(bytes: &[u8]) -> Result<EncodedHeader, Error> {
    let text: String = std::str::from_utf8(bytes)
        .map_err(|_| Error::Unknown)?
        .split_whitespace()
        .collect();
    from_bytes(&decode_secret(&text).ok_or(Error::Unknown)?)
}

/// Reads a box, an object, or XML in UTF-8 or UTF-16.
fn from_bytes(bytes: &[u8]) -> Result<EncodedHeader, Error> {
    // An object starts with its length.
    let is_object = bytes
        .first_chunk()
        .is_some_and(|length| u64::from(u32::from_le_bytes(*length)) == bytes.len() as u64);
    if bytes.get(4..8) == Some(b"pssh") {
        from_pssh(bytes)
    } else if is_object {
        from_object(PlayReadyObject::parse(bytes)?)
    } else {
        from_object(PlayReadyObject::with_header_text(
            &decode_xml(bytes).ok_or(Error::Unknown)?,
        )?)
    }
}

fn from_pssh(bytes: &[u8]) -> Result<EncodedHeader, Error> {
    let pssh = Pssh::from_bytes(bytes)?;
    if pssh.system_id != SYSTEM_ID {
        return Err(Error::OtherSystem(uuid::Uuid::from_bytes(pssh.system_id)));
    }
    Ok(EncodedHeader {
        object: PlayReadyObject::parse(&pssh.data)?,
        pssh: bytes.to_vec(),
    })
}

fn from_object(object: PlayReadyObject) -> Result<EncodedHeader, Error> {
    Ok(EncodedHeader {
        pssh: playready_pssh(&object, None)?,
        object,
    })
}

/// Decodes the text of XML in UTF-8 or UTF-16LE; returns None for anything that does not start with an element.
fn decode_xml(bytes: &[u8]) -> Option<String> {
    let narrow = bytes.strip_prefix(UTF_8_BOM).unwrap_or(bytes);
    let wide = narrow.strip_prefix(UTF_16_BOM).unwrap_or(narrow);
    let text = match wide.starts_with(b"<\0") {
        true => decode_utf_16(wide)?,
        false => std::str::from_utf8(narrow).ok()?.to_owned(),
    };
    let trimmed = text.trim();
    trimmed.starts_with('<').then(|| trimmed.to_owned())
}

/// Decodes UTF-16LE.
pub fn decode_utf_16(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}
