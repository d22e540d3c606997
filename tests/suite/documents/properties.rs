// SPDX-License-Identifier: MPL-2.0
//! Compares the tables of properties in docs/elements.md with the output of gst-inspect-1.0.

use std::collections::BTreeSet;

use super::Document;
use crate::launch::{self, Run};

/// The properties of GstObject, which every element has.
const OF_OBJECT: [&str; 2] = ["name", "parent"];
const ENCRYPTORS: [&str; 4] = [
    "playreadyenc",
    "cencenc",
    "playreadymp4mux",
    "playreadycmafmux",
];

/// The rows of a table without the last cell, which is the meaning.
type Rows = BTreeSet<String>;

#[test]
fn every_property_is_in_its_table() {
    let document = Document::named("docs/elements.md");
    let [enc, cenc, mp4, cmaf] = ENCRYPTORS.map(inspected_rows);
    let common: Rows = [&cenc, &mp4, &cmaf]
        .into_iter()
        .fold(enc.clone(), |common, rows| &common & rows);
    assert!(common.iter().any(|row| row.starts_with("| `key-uri` | ")));
    let own = |rows: &Rows| rows - &common;
    let muxers = &own(&mp4) | &own(&cmaf);
    for (heading, expected) in [
        ("`playreadyenc`", own(&enc)),
        ("`cencenc`", own(&cenc)),
        ("`playreadymp4mux` and `playreadycmafmux`", muxers),
        ("`playreadysink`", own(&inspected_rows("playreadysink"))),
        ("`clearkeydec`", inspected_rows("clearkeydec")),
        ("Properties of the encryptors", common),
    ] {
        let documented = documented_rows(&document, heading);
        assert_eq!(documented, expected, "docs/elements.md, {heading}");
    }
}

/// The rows with five cells in the section under a heading.
fn documented_rows(document: &Document, heading: &str) -> Rows {
    let start = format!("\n## {heading}\n");
    let (_, section) = document.text.split_once(&start).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter(|line| line.starts_with("| `") && line.split(" | ").count() == 5)
        .map(|line| line.rsplit_once(" | ").unwrap().0.to_owned())
        .collect()
}

/// The rows that an element's table should have.
fn inspected_rows(element: &str) -> Rows {
    let inspected = Run::of(launch::program("gst-inspect-1.0").arg(element)).succeeded();
    let (_, properties) = inspected
        .stdout
        .split_once("Element Properties:\n")
        .unwrap();
    let lines: Vec<&str> = properties.lines().collect();
    (1..)
        .zip(&lines)
        .filter_map(|(next, line)| Some((next, property_name(line)?)))
        .filter(|(_, name)| !OF_OBJECT.contains(name))
        .map(|(next, name)| {
            let details = lines[next..].iter().map(|line| line.trim());
            row(name, &details.take(10).collect::<Vec<_>>())
        })
        .collect()
}

/// The name in `  name   : text`; None for other lines.
fn property_name(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("  ")?.split_once(": ")?;
    let name = name.trim_end();
    let is_name = |text: &str| text.bytes().all(|c| c == b'-' || c.is_ascii_lowercase());
    (is_name(name) && !name.is_empty()).then_some(name)
}

/// A row made from the lines about a property: its flags, its type with the default, and its choices.
fn row(name: &str, details: &[&str]) -> String {
    let [flags, kind, choices @ ..] = details else {
        panic!("{name}: {details:?}");
    };
    let value = match kind.split([' ', '.']).next().unwrap() {
        "String" => "text".to_owned(),
        "Boolean" => "boolean".to_owned(),
        "Boxed" => "structure".to_owned(),
        "Unsigned" => range(kind),
        "Enum" | "Flags" => nicks(choices).join(", "),
        other => panic!("{name}: {other}"),
    };
    let default = kind.split_once("Default: ").map_or("", |(_, text)| text);
    let default = default.trim_end().trim_end_matches("Write only").trim_end();
    let default = default.rsplit(", ").next().unwrap().trim_matches('"');
    let default = match default {
        "" | "null" => String::new(),
        other => format!("`{other}`"),
    };
    format!("| `{name}` | {value} | {default} | {}", access(flags))
}

fn range(kind: &str) -> String {
    let (_, range) = kind.split_once("Range: ").unwrap();
    let mut words = range.split(' ');
    let (least, most) = (words.next().unwrap(), words.nth(1).unwrap());
    match most.parse::<u64>().unwrap() >= u64::from(u32::MAX) {
        true => format!("{least} or more"),
        false => format!("{least} to {most}"),
    }
}

/// The names in lines of the form `(0): name - text`.
fn nicks(choices: &[&str]) -> Vec<String> {
    choices
        .iter()
        .map_while(|line| line.strip_prefix('(')?.split_once("): "))
        .map(|(_, choice)| format!("`{}`", choice.split(' ').next().unwrap()))
        .collect()
}

fn access(flags: &str) -> &str {
    let is_settled = flags.ends_with("changeable only in NULL or READY state");
    match (flags.contains("readable"), flags.contains("writable")) {
        (true, false) => "read only",
        (false, _) => "write only, until READY",
        (true, true) if is_settled => "until READY",
        (true, true) => "any state",
    }
}
