// SPDX-License-Identifier: MPL-2.0
//! Manifests in XML: which one it is, and where elements are put in.

use roxmltree::{Document, Node};

use super::edit::Edit;
use super::manifest::EditPlan;
use super::{Error, PresentationFiles, mpd, smooth};

/// Namespaces that are declared; the tree keeps those in scope for each element that declares one.
const MAX_NAMESPACES: usize = 4096;

/// Finds out what an MPD or a Smooth Streaming client manifest needs.
///
/// # Errors
/// [`Error`].
pub(super) fn plan<F: PresentationFiles>(text: &str, files: &mut F) -> Result<EditPlan, F::Error> {
    if text.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(Error::TooComplex.into());
    }
    let document = Document::parse(text).map_err(Error::Xml)?;
    let root = document.root_element();
    if root.has_tag_name((mpd::NAMESPACE, "MPD")) {
        mpd::plan(root, files)
    } else if root.has_tag_name("SmoothStreamingMedia") {
        smooth::plan(root, files)
    } else {
        Err(Error::Unknown.into())
    }
}

/// The element children of a name in the parent's namespace.
pub(super) fn children<'a, 'd>(
    parent: Node<'a, 'd>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'd>> {
    let namespace = parent.tag_name().namespace();
    parent.children().filter(move |child| {
        let tag = child.tag_name();
        child.is_element() && tag.name() == name && tag.namespace() == namespace
    })
}

/// Puts elements into a parent: behind those of its children that must stand in front, indented as its children are.
pub(super) fn insert(parent: Node<'_, '_>, elements: &[String], behind: &[&str]) -> Edit {
    let text = parent.document().input_text();
    let is_before =
        |child: &Node<'_, '_>| child.is_element() && behind.contains(&child.tag_name().name());
    if let Some(last) = parent.children().rfind(is_before) {
        let blank = blank_before(text, last.range().start);
        return Edit::insert(last.range().end, joined(blank, elements));
    }
    let Some(first) = parent.first_child() else {
        return fill(parent, elements);
    };
    let at = first.range().start;
    let blank = text.get(at..).map_or("", leading_blank);
    // The text in front of an end tag is the indentation of that.
    let is_only_blank = parent.first_element_child().is_none();
    let blank = if is_only_blank { "" } else { blank };
    Edit::insert(at, joined(blank, elements))
}

/// Puts elements into a parent without children.
fn fill(parent: Node<'_, '_>, elements: &[String]) -> Edit {
    let text = parent.document().input_text();
    let range = parent.range();
    let element = text.get(range.clone()).unwrap_or_default();
    let blank = blank_before(text, range.start);
    let inner = match blank {
        "" => String::new(),
        blank => format!("{blank}  "),
    };
    let inside = format!("{}{blank}", joined(&inner, elements));
    match element.strip_suffix("/>") {
        Some(start) => {
            let name = start.get(1..).unwrap_or_default();
            let name = name
                .split(|c: char| c.is_ascii_whitespace())
                .next()
                .unwrap_or_default();
            Edit {
                at: range.end - 2,
                remove: 2,
                text: format!(">{inside}</{name}>"),
            }
        }
        None => {
            let end = element.rfind("</").unwrap_or(element.len());
            Edit::insert(range.start + end, inside)
        }
    }
}

fn joined(blank: &str, elements: &[String]) -> String {
    elements
        .iter()
        .map(|element| format!("{blank}{element}"))
        .collect()
}

fn leading_blank(text: &str) -> &str {
    let end = text.len() - text.trim_start_matches(is_blank).len();
    last_line(text.get(..end).unwrap_or_default())
}

fn blank_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let start = before.trim_end_matches(is_blank).len();
    last_line(before.get(start..).unwrap_or_default())
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The last line break of a blank, with what follows.
fn last_line(blank: &str) -> &str {
    let start = blank.rfind("\r\n").or_else(|| blank.rfind('\n'));
    start.and_then(|start| blank.get(start..)).unwrap_or(blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    fn inserted(text: &str) -> String {
        let document = Document::parse(text).unwrap();
        let parent = document.descendants().find(|node| node.has_tag_name("p"));
        let elements = ["<x/>".to_owned(), "<y/>".to_owned()];
        apply(text, vec![insert(parent.unwrap(), &elements, &["front"])])
    }

    #[test]
    fn elements_stand_in_front_of_the_children_as_these_are_indented() {
        for (text, expected) in [
            ("<p><a/></p>", "<p><x/><y/><a/></p>"),
            ("<p>\n  <a/>\n</p>", "<p>\n  <x/>\n  <y/>\n  <a/>\n</p>"),
            ("<p>\r\n\t<a/></p>", "<p>\r\n\t<x/>\r\n\t<y/>\r\n\t<a/></p>"),
            ("<p>\n\n <a/></p>", "<p>\n <x/>\n <y/>\n\n <a/></p>"),
            ("<p><!-- c --><a/></p>", "<p><x/><y/><!-- c --><a/></p>"),
            (
                "\u{feff}<p a='>'> <a/></p>",
                "\u{feff}<p a='>'> <x/> <y/> <a/></p>",
            ),
        ] {
            assert_eq!(inserted(text), expected);
        }
    }

    #[test]
    fn elements_stand_behind_those_that_must_be_in_front() {
        let text = "<p>\n <front/>\n <front></front>\n <a/>\n</p>";
        let expected = "<p>\n <front/>\n <front></front>\n <x/>\n <y/>\n <a/>\n</p>";
        assert_eq!(inserted(text), expected);
    }

    #[test]
    fn empty_elements_are_opened() {
        for (text, expected) in [
            ("<p/>", "<p><x/><y/></p>"),
            ("<p></p>", "<p><x/><y/></p>"),
            (
                "<q>\n <p id='1' />\n</q>",
                "<q>\n <p id='1' >\n   <x/>\n   <y/>\n </p>\n</q>",
            ),
            ("<q><p\n a=''/></q>", "<q><p\n a=''><x/><y/></p></q>"),
        ] {
            assert_eq!(inserted(text), expected);
        }
    }
}
