// SPDX-License-Identifier: MPL-2.0
//! Descriptions of the tracks of a written init segment: codec, scheme, pattern, IV size and KID, or the reason why one is clear.

use cenc_types::{KeyId, Pattern};
use common_encryption::ParsedProtection;
use isobmff_boxes::{BoxTree, Error, FourCc, Reader, SampleEntry, Sinf, Tkhd, read_handler_type};

/// Returns a line for each sample entry of each track.
///
/// # Errors
/// A box that cannot be read.
pub(super) fn describe(init: &[u8]) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut reader = Reader::new(FourCc(*b"file"), init);
    while !reader.is_empty() {
        let before = reader.left();
        if reader.child()?.header.box_type == FourCc::MOOV {
            let whole = before.split_at(before.len() - reader.left().len()).0;
            for trak in BoxTree::parse(whole)?.all(FourCc::TRAK) {
                lines.extend(describe_track(trak)?);
            }
        }
    }
    Ok(lines)
}

fn describe_track(trak: &BoxTree<'_>) -> Result<Vec<String>, Error> {
    let id = Tkhd::read(trak.child(FourCc::TKHD)?.reader())?.track_id;
    let handler = read_handler_type(trak.descend(&[FourCc::MDIA, FourCc::HDLR])?.reader())?;
    let stsd = [FourCc::MDIA, FourCc::MINF, FourCc::STBL, FourCc::STSD];
    SampleEntry::read_all(trak.descend(&stsd)?.reader())?
        .iter()
        .map(|entry| {
            let described = describe_entry(entry, handler)?;
            Ok(format!("track {id} ({handler}): {described}"))
        })
        .collect()
}

fn describe_entry(entry: &SampleEntry<'_>, handler: FourCc) -> Result<String, Error> {
    let format = entry.format;
    let Some(sinf) = entry.is_protected().then(|| entry.sinf()).transpose()? else {
        return Ok(match &handler.0 {
            b"vide" | b"soun" => format!("{format}, clear"),
            _ => format!("{format}, clear: only a selector 'track:N' or 'text' protects it"),
        });
    };
    let sinf = Sinf::read(Reader::new(FourCc::SINF, sinf.unwrap_or_default()))?;
    let codec = sinf.original_format;
    let scheme = sinf.schm.map_or(FourCc(*b"none"), |schm| schm.scheme_type);
    let boxes = sinf.scheme_information.unwrap_or_default();
    Ok(match ParsedProtection::in_scheme_information(boxes)? {
        Some(found) => {
            let iv = match found.per_sample_iv_size {
                0 => "constant IV".to_owned(),
                size => format!("IV of {size} bytes per sample"),
            };
            let told = describe_protection(&scheme.to_string(), found.pattern, &iv, found.kid);
            format!("{codec}, protected by {told}")
        }
        None => format!("{codec}, protected by {scheme}, without tenc"),
    })
}

/// Describes the protection of samples.
pub(crate) fn describe_protection(scheme: &str, pattern: Pattern, iv: &str, kid: KeyId) -> String {
    let Pattern {
        crypt_byte_block: crypt,
        skip_byte_block: skip,
    } = pattern;
    match pattern == Pattern::NONE {
        true => format!("{scheme}, {iv}, KID {kid}"),
        false => format!("{scheme}, pattern {crypt}:{skip}, {iv}, KID {kid}"),
    }
}
