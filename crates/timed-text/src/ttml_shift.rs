// SPDX-License-Identifier: MPL-2.0
//! Moves the times of a TTML document.

use std::ops::Range;

use roxmltree::Node;

use super::Error;
use super::ttml_time::{TimeUnits, clock_time};
use super::ttml_xml::{MAX_DEPTH, child, is_sequence, parse, time};

/// A replacement of bytes of a text.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// Moves the times of a document.
pub(crate) fn moved(text: &str, shift: i128) -> Result<String, Error> {
    let document = parse(text)?;
    let root = document.root_element();
    let mut mover = TimeMover {
        units: TimeUnits::read(root),
        edits: Vec::new(),
    };
    let regions = child(root, "head").and_then(|head| child(head, "layout"));
    let regions = regions.into_iter().flat_map(|layout| layout.children());
    for node in regions.filter(Node::is_element).chain(child(root, "body")) {
        mover.shift(node, shift, MAX_DEPTH);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for edit in mover.edits {
        out.push_str(text.get(copied..edit.range.start).unwrap_or_default());
        out.push_str(&edit.text);
        copied = edit.range.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// Moves times. Those in an element count from its own begin, so that the outermost begin moves all in it.
struct TimeMover {
    units: TimeUnits,
    /// In the order of the text.
    edits: Vec<Edit>,
}

impl TimeMover {
    fn shift(&mut self, node: Node<'_, '_>, shift: i128, depth: usize) {
        let begin = time(node, "begin", &self.units);
        let moved_begin = begin.unwrap_or(0) + shift;
        // The part of the shift that the begin of this element cannot take: none without a begin, and none before 0.
        let rest = match begin {
            Some(_) => moved_begin.min(0),
            None => shift,
        };
        for attribute in node.attributes() {
            if attribute.namespace().is_some() {
                continue;
            }
            let Some(value) = self.units.nanoseconds(attribute.value()) else {
                continue;
            };
            let moved = match attribute.name() {
                "begin" => moved_begin,
                "end" => value + shift,
                "dur" if rest != 0 => value + rest,
                _ => continue,
            };
            self.edits.push(Edit {
                range: attribute.range_value(),
                text: clock_time(moved),
            });
        }
        if rest == 0 || depth == 0 {
            return;
        }
        // In a sequence, each element begins after the one before.
        let moved = match is_sequence(node) {
            true => 1,
            false => usize::MAX,
        };
        for child in node.children().filter(Node::is_element).take(moved) {
            self.shift(child, rest, depth - 1);
        }
    }
}
