// SPDX-License-Identifier: MPL-2.0
//! The notations of a PlayReady Header: its XML, a PlayReady Object, a `pssh` box, as bytes or as text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cenc_types::{Pssh, decode_secret};
use drm_signaling::playready_pssh;
use playready_header::{PlayReadyObject, SYSTEM_ID};

use crate::print::{FAULTY, NO_FILE};
use crate::secrets;

/// The most bytes that are read: base64 of the largest object, with room for white space.
const MAX_INPUT: u64 = 1 << 20;
const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_MARK: &[u8] = b"\xff\xfe";

/// A header and what is around it.
#[derive(Debug)]
pub struct Found {
    /// The object with its records.
    pub object: PlayReadyObject,
    /// The whole box.
    pub pssh: Vec<u8>,
}

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or standard input cannot be read.
    #[error("{name}: {source}")]
    File { name: String, source: io::Error },
    /// Far more than a header.
    #[error(
        "more than 1 MiB is no PlayReady Header: for a whole MP4 file there is the command inspect"
    )]
    TooLong,
    /// None of the notations.
    #[error(
        "neither a file nor a header: give WRMHEADER in XML, or a whole PlayReady Object or pssh box in base64, hex or bytes"
    )]
    Unknown,
    /// A damaged or foreign box.
    #[error("pssh box: {0}")]
    Box(#[from] isobmff_boxes::Error),
    /// A box for another system.
    #[error("the pssh box is for system {0}, not for PlayReady")]
    OtherSystem(uuid::Uuid),
    /// An object without a header.
    #[error("the PlayReady Object has no header record")]
    NoHeader,
    /// A header or object that cannot be read or made.
    #[error("PlayReady Header: {0}")]
    Header(#[source] playready_header::Error),
    /// An option that cannot be read.
    #[error(transparent)]
    Setup(#[from] protection_policy::Error),
    /// A file with a key.
    #[error(transparent)]
    Secret(#[from] secrets::Error),
    /// Keys for some of the KIDs.
    #[error(
        "{files} key files for {kids} KIDs: give --key-file once for each --key-id, or not at all"
    )]
    KeyFiles { kids: usize, files: usize },
}

impl Error {
    /// The exit code of the command.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Secret(_) | Self::KeyFiles { .. } => NO_FILE,
            _ => FAULTY,
        }
    }
}

/// Reads standard input for `-`, a file of that name, or the text itself.
///
/// # Errors
/// [`Error`].
pub fn read(input: &str) -> Result<Found, Error> {
    let bytes = match input {
        "-" => limited(io::stdin().lock(), "standard input")?,
        path if Path::new(path).is_file() => {
            let file = File::open(path).map_err(|source| Error::File {
                name: path.to_owned(),
                source,
            })?;
            limited(file, path)?
        }
        text => text.as_bytes().to_vec(),
    };
    from_bytes(&bytes).or_else(|error| match error {
        Error::Unknown => from_text(&bytes),
        error => Err(error),
    })
}

fn limited(input: impl Read, name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_INPUT + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::File {
        name: name.to_owned(),
        source,
    })?;
    match bytes.len() as u64 > MAX_INPUT {
        true => Err(Error::TooLong),
        false => Ok(bytes),
    }
}

/// Reads base64 or hex, with white space anywhere.
fn from_text(bytes: &[u8]) -> Result<Found, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Unknown)?;
    let packed: String = text.split_whitespace().collect();
    let decoded = decode_secret(&packed).ok_or(Error::Unknown)?;
    from_bytes(&decoded)
}

/// Reads a box, an object, or XML in UTF-8 or UTF-16.
fn from_bytes(bytes: &[u8]) -> Result<Found, Error> {
    let length = bytes
        .first_chunk()
        .map(|length| u32::from_le_bytes(*length));
    let is_object = length.is_some_and(|length| u64::from(length) == bytes.len() as u64);
    if bytes.get(4..8) == Some(b"pssh") {
        from_pssh(bytes)
    } else if is_object {
        let object = PlayReadyObject::parse(bytes)?;
        let pssh = playready_pssh(&object, None)?;
        Ok(Found { object, pssh })
    } else {
        from_xml(&xml(bytes).ok_or(Error::Unknown)?)
    }
}

fn from_pssh(whole: &[u8]) -> Result<Found, Error> {
    let pssh = Pssh::from_bytes(whole)?;
    if pssh.system_id != SYSTEM_ID {
        return Err(Error::OtherSystem(uuid::Uuid::from_bytes(pssh.system_id)));
    }
    Ok(Found {
        object: PlayReadyObject::parse(&pssh.data)?,
        pssh: whole.to_vec(),
    })
}

/// The text of XML; None for anything that does not begin as an element.
fn xml(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(UTF_8_MARK).unwrap_or(bytes);
    let wide = bytes.strip_prefix(UTF_16_MARK).unwrap_or(bytes);
    let text = match wide.starts_with(b"<\0") {
        true => utf_16(wide)?,
        false => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    let trimmed = text.trim();
    trimmed.starts_with('<').then(|| trimmed.to_owned())
}

/// Reads UTF-16LE.
pub fn utf_16(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

fn from_xml(text: &str) -> Result<Found, Error> {
    let object = PlayReadyObject::with_header_text(text)?;
    let pssh = playready_pssh(&object, None)?;
    Ok(Found { object, pssh })
}
