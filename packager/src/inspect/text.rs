// SPDX-License-Identifier: MPL-2.0
//! Formats a report as text.

use std::io::{self, Write};

use cenc_types::{CipherMode, Pattern};

use super::findings::{Finding, Severity};
use super::lint;
use super::report::{
    Container, InformationCounts, InspectionReport, PlayReadyHeaderReport, PlayReadyObjectReport,
    ProtectionReport, PsshReport, SampleEntryReport, TrackReport, WidevineReport, pattern_text,
};

/// The largest number of boxes or entries of one kind that are written; `--json` has all.
const MAX_LISTED: usize = 16;

/// Writes the report of a stream.
///
/// # Errors
/// Errors of `out`.
pub fn write(report: &InspectionReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", report.files.join(" + "))?;
    writeln!(out, "  {}", container_text(report))?;
    for track in &report.tracks {
        writeln!(out)?;
        write_track(track, report.fragments > 0, out)?;
    }
    for pssh in report.pssh.iter().take(MAX_LISTED) {
        writeln!(out)?;
        write_pssh(pssh, out)?;
    }
    if let more @ 1.. = report.pssh.len().saturating_sub(MAX_LISTED) {
        writeln!(out, "\n  and {more} other pssh boxes")?;
    }
    writeln!(out)?;
    write_findings(report, out)
}

fn container_text(report: &InspectionReport) -> String {
    let fragments = match report.fragments {
        0 => String::new(),
        count => format!(", {}", counted(count, "fragment")),
    };
    let kind = match report.container {
        Container::Fragmented if report.fragments == 0 => "init segment",
        Container::Fragmented => "fragmented MP4",
        Container::Progressive => "progressive MP4",
        Container::MediaSegment => "media segment without init segment",
        Container::NotMp4 => "not an MP4 file",
    };
    let brands = match report.brands.as_slice() {
        [] => String::new(),
        brands => format!(", brands {}", brands.join(" ")),
    };
    format!("{kind}{fragments}{brands}")
}

fn write_track(track: &TrackReport, fragmented: bool, out: &mut impl Write) -> io::Result<()> {
    let media = match track.handler.as_str() {
        "" => String::new(),
        "vide" => ", video".to_owned(),
        "soun" => ", audio".to_owned(),
        "text" | "subt" | "sbtl" | "clcp" => format!(", text ({})", track.handler),
        other => format!(", {other}"),
    };
    let samples = match (track.samples, track.protected_samples) {
        (0, _) => String::new(),
        (all, 0) => format!(", {}, none protected", counted(all, "sample")),
        (all, protected) if all == protected => {
            format!(", {}, all protected", counted(all, "sample"))
        }
        (all, protected) => format!(", {}, {protected} protected", counted(all, "sample")),
    };
    writeln!(out, "  Track {}{media}{samples}", track.track_id)?;
    for entry in &track.sample_entries {
        write_entry(entry, out)?;
    }
    if track.signaled_samples > 0 {
        write_field("protected", &share_text(track), out)?;
    }
    if let Some(iv) = &track.first_iv {
        write_field("first IV", iv, out)?;
    }
    for (number, seig) in track.seig.iter().take(MAX_LISTED).enumerate() {
        let name = if number == 0 { "seig groups" } else { "" };
        write_field(name, &group_text(seig), out)?;
    }
    if let more @ 1.. = track.seig.len().saturating_sub(MAX_LISTED) {
        write_field("", &format!("and {more} others"), out)?;
    }
    if track.subsampled_samples > 0 {
        let samples = counted(track.subsampled_samples, "sample");
        write_field(
            "subsamples",
            &format!("in {samples}, at most {} each", track.max_subsamples),
            out,
        )?;
    }
    match information_text(&track.information, fragmented) {
        Some(text) => write_field("kept in", &text, out),
        None => Ok(()),
    }
}

/// Returns the protected share of a track.
fn share_text(track: &TrackReport) -> String {
    let share = |part: u64, whole: u64| match whole {
        0 => String::new(),
        // Rounded down, so that 100 % is all.
        _ => {
            let permille = u128::from(part) * 1000 / u128::from(whole);
            format!(" ({}.{} %)", permille / 10, permille % 10)
        }
    };
    let mut text = format!(
        "{} of {}{}",
        track.protected_samples,
        counted(track.samples, "sample"),
        share(track.protected_samples, track.samples)
    );
    if track.bytes > 0 {
        text += &format!(
            ", {} of {}{}",
            track.protected_bytes,
            counted(track.bytes, "byte"),
            share(track.protected_bytes, track.bytes)
        );
    }
    if track.encrypted_bytes < track.protected_bytes {
        text += &format!(", {} of them encrypted", track.encrypted_bytes);
    }
    text
}

fn write_entry(entry: &SampleEntryReport, out: &mut impl Write) -> io::Result<()> {
    let mut format = entry.format.clone();
    if let Some(original) = &entry.original_format {
        format += &format!(" (was {original})");
    }
    if let Some((width, height)) = entry.size {
        format += &format!(", {width}x{height}");
    }
    if !entry.is_protected() {
        format += ", clear";
    }
    write_field("format", &format, out)?;
    if let Some(scheme) = &entry.scheme {
        write_field("scheme", &scheme_text(scheme, entry.scheme_version), out)?;
    }
    match &entry.tenc {
        Some(tenc) => write_protection(tenc, out),
        None => Ok(()),
    }
}

fn write_protection(tenc: &ProtectionReport, out: &mut impl Write) -> io::Result<()> {
    let kid = match tenc.kid.is_nil() {
        true => "nil, no default".to_owned(),
        false => tenc.kid.to_string(),
    };
    write_field("KID", &kid, out)?;
    if tenc.is_protected == 0 {
        write_field("default", "clear; only seig groups are protected", out)?;
    }
    write_field("IV", &iv_text(tenc), out)?;
    match tenc.pattern {
        Pattern::NONE => Ok(()),
        found => write_field(
            "pattern",
            &format!("{} (crypt:skip blocks)", pattern_text(found)),
            out,
        ),
    }
}

fn scheme_text(scheme: &str, version: Option<u32>) -> String {
    let mode = match lint::scheme_named(scheme).map(cenc_types::Scheme::cipher_mode) {
        Some(CipherMode::Ctr) => " (AES-CTR)",
        Some(CipherMode::Cbc) => " (AES-CBC)",
        None => "",
    };
    let version = version.map(|v| format!(", version {}.{}", v >> 16, v & 0xffff));
    format!("{scheme}{mode}{}", version.unwrap_or_default())
}

fn iv_text(protection: &ProtectionReport) -> String {
    match (&protection.constant_iv, protection.iv_size) {
        (Some(iv), _) => format!("constant, {iv}"),
        (None, 0) => "none".to_owned(),
        (None, size) => format!("{size} bytes per sample"),
    }
}

fn group_text(seig: &ProtectionReport) -> String {
    if seig.is_protected == 0 {
        return "clear samples".to_owned();
    }
    let pattern = match seig.pattern {
        Pattern::NONE => String::new(),
        found => format!(", pattern {}", pattern_text(found)),
    };
    format!("KID {}, IV {}{pattern}", seig.kid, iv_text(seig))
}

fn information_text(information: &InformationCounts, fragmented: bool) -> Option<String> {
    let InformationCounts {
        senc,
        piff_senc,
        saiz_saio,
    } = information;
    let found: Vec<_> = [
        (*senc, "senc"),
        (*piff_senc, "PIFF's uuid box"),
        (*saiz_saio, "saiz and saio"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| match fragmented {
        true => format!("{name} of {}", counted(*count, "fragment")),
        false => (*name).to_owned(),
    })
    .collect();
    (!found.is_empty()).then(|| found.join(", "))
}

fn write_pssh(pssh: &PsshReport, out: &mut impl Write) -> io::Result<()> {
    let system = pssh.system.unwrap_or("unknown system");
    let times = match pssh.count {
        1 => String::new(),
        count => format!(", {count} times"),
    };
    writeln!(
        out,
        "  pssh in {}, {system}, version {}, {} of data{times}",
        pssh.place,
        pssh.version,
        counted(pssh.data_size as u64, "byte")
    )?;
    write_field("SystemID", &pssh.system_id, out)?;
    for kid in &pssh.kids {
        write_field("KID", &kid.to_string(), out)?;
    }
    if let Some(widevine) = &pssh.widevine {
        write_widevine(widevine, out)?;
    }
    match &pssh.playready {
        Some(object) => write_object(object, out),
        None => Ok(()),
    }
}

fn write_widevine(widevine: &WidevineReport, out: &mut impl Write) -> io::Result<()> {
    for kid in &widevine.kids {
        write_field("KID", &kid.to_string(), out)?;
    }
    for (name, value) in [
        ("scheme", &widevine.scheme),
        ("provider", &widevine.provider),
        ("content ID", &widevine.content_id),
    ] {
        if let Some(value) = value {
            write_field(name, value, out)?;
        }
    }
    Ok(())
}

fn write_object(object: &PlayReadyObjectReport, out: &mut impl Write) -> io::Result<()> {
    for record in &object.records {
        let kind = match record.number {
            1 => "PlayReady Header",
            3 => "embedded licence store",
            _ => "not defined",
        };
        let size = counted(record.size as u64, "byte");
        write_field(
            "record",
            &format!("type {}, {kind}, {size}", record.number),
            out,
        )?;
    }
    match &object.header {
        Some(header) => write_header(header, out),
        None => Ok(()),
    }
}

/// Writes the elements of a PlayReady Header.
///
/// # Errors
/// Errors of `out`.
pub fn write_header(header: &PlayReadyHeaderReport, out: &mut impl Write) -> io::Result<()> {
    write_field("WRMHEADER", &format!("version {}", header.version), out)?;
    for key in &header.key_ids {
        write_field("KID", &key.kid.to_string(), out)?;
        write_field(
            "",
            &format!("{} in PlayReady order", key.playready_order),
            out,
        )?;
        if let Some(algorithm) = &key.algorithm {
            write_field("ALGID", algorithm, out)?;
        }
        if let Some(checksum) = &key.checksum {
            write_field("CHECKSUM", checksum, out)?;
        }
    }
    for (name, value) in [
        ("LA_URL", &header.la_url),
        ("LUI_URL", &header.lui_url),
        ("DS_ID", &header.ds_id),
        ("custom", &header.custom_attributes),
        ("setup", &header.decryptor_setup),
        ("requested", &header.license_requested),
    ] {
        if let Some(value) = value {
            write_field(name, value, out)?;
        }
    }
    Ok(())
}

fn write_findings(report: &InspectionReport, out: &mut impl Write) -> io::Result<()> {
    if report.findings.is_empty() {
        let profiles: Vec<_> = report
            .profiles
            .iter()
            .map(|profile| profile.name())
            .collect();
        return match profiles.as_slice() {
            [] => writeln!(out, "  No findings"),
            profiles => writeln!(out, "  No findings for {}", profiles.join(", ")),
        };
    }
    report
        .findings
        .iter()
        .try_for_each(|finding| write_finding(finding, out))
}

fn write_finding(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let severity = match finding.severity {
        Severity::Error => "ERROR",
        Severity::Warning => "warning",
        Severity::Note => "note ",
    };
    let place = match (finding.track_id, finding.place.as_str()) {
        (None, "") => String::new(),
        (None, place) => format!("{place}: "),
        (Some(id), "") => format!("track {id}: "),
        (Some(id), place) => format!("track {id}, {place}: "),
    };
    let times = match finding.count {
        1 => String::new(),
        count => format!(" [first of {count}]"),
    };
    writeln!(
        out,
        "  {severity} {place}{}{times}  ({})",
        printable(&finding.message),
        finding.code
    )?;
    let Some(profile) = &finding.profile else {
        return Ok(());
    };
    write_field("profile", &profile.profiles.join(", "), out)?;
    write_field("remedy", profile.remedy, out)?;
    write_field("source", profile.source, out)
}

/// Writes a line with a name and a value. Control characters of the file are replaced, so that they do not reach a terminal.
fn write_field(name: &str, value: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "    {name:<12} {}", printable(value))
}

fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_control(), "\u{fffd}")
}

fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
