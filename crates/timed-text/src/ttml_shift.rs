// SPDX-License-Identifier: MPL-2.0
//! Moves the times of a TTML document.

use std::ops::Range;

use roxmltree::Node;

use super::Error;
use super::ttml_time::{TimeUnits, clock_time};
use super::ttml_xml::{MAX_DEPTH, attribute, child, is_sequence, parse, time};

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
    if let Some(body) = child(root, "body") {
        mover.shift(body, shift, MAX_DEPTH);
    }
    let regions = child(root, "head").and_then(|head| child(head, "layout"));
    let regions = regions.into_iter().flat_map(|layout| layout.children());
    for region in regions.filter(Node::is_element).filter(is_timed) {
        mover.shift(region, shift, MAX_DEPTH);
    }
    mover.edits.sort_by_key(|edit| edit.range.start);
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
    edits: Vec<Edit>,
}

impl TimeMover {
    fn shift(&mut self, node: Node<'_, '_>, shift: i128, depth: usize) {
        let has_begin = attribute(node, "begin").is_some();
        let begin = time(node, "begin", &self.units).unwrap_or(0) + shift;
        // The part of the shift that the begin cannot take, since no time is before 0.
        let mut rest = begin.min(0);
        if begin > 0 && !has_begin {
            // Only where nothing in it has a begin that can move: hls.js takes all times for absolute ones.
            match node.tag_name().name() {
                "body" | "div" if !is_sequence(node) => rest = shift,
                _ => self.insert_begin(node, begin),
            }
        }
        for attribute in node.attributes() {
            let value = self.units.nanoseconds(attribute.value());
            let (None, Some(value)) = (attribute.namespace(), value) else {
                continue;
            };
            let moved = match attribute.name() {
                "begin" => begin,
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

    /// Inserts an attribute after the name of an element.
    fn insert_begin(&mut self, node: Node<'_, '_>, begin: i128) {
        let start = node.range().start;
        let tag = node
            .document()
            .input_text()
            .get(start..)
            .unwrap_or_default();
        let name = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        let position = start + name.unwrap_or(tag.len());
        self.edits.push(Edit {
            range: position..position,
            text: format!(" begin=\"{}\"", clock_time(begin)),
        });
    }
}

/// True for a region that is not always there, or is animated.
fn is_timed(region: &Node<'_, '_>) -> bool {
    let is_animated = child(*region, "set").is_some();
    is_animated
        || ["begin", "end", "dur"]
            .iter()
            .any(|name| attribute(*region, name).is_some())
}
