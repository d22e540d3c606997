// SPDX-License-Identifier: MPL-2.0
//! Manifests in XML: their format, and the insertion of elements.

use roxmltree::{Document, Node};

use super::edit::Edit;
use super::manifest::EditPlan;
use super::{Error, PresentationFiles, mpd, smooth};

/// The most namespace declarations. The parser copies those in scope for each element with another one.
const MAX_NAMESPACES: usize = 4096;

/// Plans the edits of an MPD or a Smooth Streaming client manifest.
///
/// # Errors
/// [`Error`].
pub(super) fn plan_edits<F: PresentationFiles>(
    text: &str,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    if text.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(Error::TooComplex.into());
    }
    let document = Document::parse(text).map_err(Error::Xml)?;
    let root = document.root_element();
    if root.has_tag_name((mpd::NAMESPACE, "MPD")) {
        mpd::plan_edits(root, files)
    } else if root.has_tag_name("SmoothStreamingMedia") {
        smooth::plan_edits(root, files)
    } else {
        Err(Error::Unknown.into())
    }
}

/// Returns the child elements with a name in the parent's namespace.
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

/// Inserts elements into a parent after its `preceding` children, with the indentation of its children.
pub(super) fn insert_elements(
    parent: Node<'_, '_>,
    elements: &[String],
    preceding: &[&str],
) -> Edit {
    let text = parent.document().input_text();
    if let Some(last) = parent
        .children()
        .rfind(|child| child.is_element() && preceding.contains(&child.tag_name().name()))
    {
        return Edit::insert(
            last.range().end,
            indent(elements, blank_before(text, last.range().start)),
        );
    }
    let Some(first) = parent.first_child() else {
        return fill_element(parent, elements);
    };
    let at = first.range().start;
    let blank = match parent.first_element_child() {
        Some(_) => text.get(at..).map_or("", leading_blank),
        // The blank before an end tag is the indentation of that tag.
        None => "",
    };
    Edit::insert(at, indent(elements, blank))
}

/// Inserts elements into a parent without children.
fn fill_element(parent: Node<'_, '_>, elements: &[String]) -> Edit {
    let text = parent.document().input_text();
    let range = parent.range();
    let element = text.get(range.clone()).unwrap_or_default();
    let blank = blank_before(text, range.start);
    let inner = match blank {
        "" => String::new(),
        blank => format!("{blank}  "),
    };
    let content = format!("{}{blank}", indent(elements, &inner));
    match element.strip_suffix("/>") {
        Some(start) => {
            let name = start
                .get(1..)
                .unwrap_or_default()
                .split(|c: char| c.is_ascii_whitespace())
                .next()
                .unwrap_or_default();
            Edit {
                at: range.end - 2,
                remove: 2,
                text: format!(">{content}</{name}>"),
            }
        }
        None => Edit::insert(
            range.start + element.rfind("</").unwrap_or(element.len()),
            content,
        ),
    }
}

fn indent(elements: &[String], blank: &str) -> String {
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
    last_line(
        before
            .get(before.trim_end_matches(is_blank).len()..)
            .unwrap_or_default(),
    )
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Returns the part of a blank from its last line break on.
fn last_line(blank: &str) -> &str {
    blank
        .rfind("\r\n")
        .or_else(|| blank.rfind('\n'))
        .and_then(|start| blank.get(start..))
        .unwrap_or(blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply_edits;

    fn inserted(text: &str) -> String {
        let document = Document::parse(text).unwrap();
        let parent = document.descendants().find(|node| node.has_tag_name("p"));
        let elements = ["<x/>".to_owned(), "<y/>".to_owned()];
        apply_edits(
            text,
            vec![insert_elements(parent.unwrap(), &elements, &["front"])],
        )
    }

    #[test]
    fn elements_are_inserted_before_the_children_with_their_indentation() {
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
    fn elements_are_inserted_after_those_that_must_precede() {
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
