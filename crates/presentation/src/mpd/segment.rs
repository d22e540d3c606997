// SPDX-License-Identifier: MPL-2.0
//! The URL of a Representation's init segment: BaseURL, SegmentTemplate, SegmentList and SegmentBase, ISO/IEC 23009-1, 5.3.9 and 5.6.

use roxmltree::Node;
use url::Url;

use crate::Error;
use crate::xml::children;

/// The most digits of a template's width.
const MAX_WIDTH: usize = 20;

/// Returns the URL of the init segment, or of the whole file if there is none.
///
/// # Errors
/// [`Error::Url`].
pub fn init_url(representation: Node<'_, '_>, manifest: &Url) -> Result<Url, Error> {
    let base = base_url(representation, manifest)?;
    // Representation, AdaptationSet and Period, of which the innermost takes precedence.
    match representation
        .ancestors()
        .filter(Node::is_element)
        .take(3)
        .find_map(initialization)
    {
        Some(name) => Ok(base.join(&expand(&name, representation))?),
        None => Ok(base),
    }
}

/// Resolves the BaseURL elements from MPD to Representation, each relative to the one before.
pub(super) fn base_url(representation: Node<'_, '_>, manifest: &Url) -> Result<Url, Error> {
    let mut levels: Vec<_> = representation
        .ancestors()
        .filter(Node::is_element)
        .collect();
    levels.reverse();
    let mut base = manifest.clone();
    for level in levels {
        if let Some(url) = children(level, "BaseURL")
            .next()
            .and_then(|element| element.text())
        {
            base = base.join(url.trim())?;
        }
    }
    Ok(base)
}

fn initialization(level: Node<'_, '_>) -> Option<String> {
    children(level, "SegmentTemplate")
        .next()
        .and_then(|template| template.attribute("initialization"))
        .or_else(|| {
            ["SegmentTemplate", "SegmentList", "SegmentBase"]
                .iter()
                .flat_map(|name| children(level, name))
                .find_map(|element| {
                    children(element, "Initialization")
                        .next()?
                        .attribute("sourceURL")
                })
        })
        .map(str::to_owned)
}

/// Replaces `$RepresentationID$` and `$Bandwidth$`, also with a width, by their values, and `$$` by `$`.
fn expand(template: &str, representation: Node<'_, '_>) -> String {
    expand_media(template, representation, &SegmentTimes::default())
}

/// The place of a media segment in its Representation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SegmentTimes {
    /// `$Number$`.
    pub(super) number: u64,
    /// `$Time$`.
    pub(super) time: u64,
}

/// Replaces the identifiers of a template of media segments, too: `$Number$` and `$Time$`.
pub(super) fn expand_media(
    template: &str,
    representation: Node<'_, '_>,
    segment: &SegmentTimes,
) -> String {
    let mut expanded = String::new();
    // Every second part is between two signs.
    for (number, part) in template.split('$').enumerate() {
        if number % 2 == 0 {
            expanded.push_str(part);
            continue;
        }
        let (name, format) = part.split_once('%').unwrap_or((part, ""));
        let text = match name {
            "" => "$".to_owned(),
            "RepresentationID" => attribute_of(representation, "id"),
            "Bandwidth" => attribute_of(representation, "bandwidth"),
            "Number" => segment.number.to_string(),
            "Time" => segment.time.to_string(),
            other => other.to_owned(),
        };
        let width = format
            .trim_end_matches('d')
            .parse()
            .unwrap_or(0)
            .min(MAX_WIDTH);
        expanded.push_str(&format!("{text:0>width$}"));
    }
    expanded
}

fn attribute_of(representation: Node<'_, '_>, name: &str) -> String {
    representation
        .attribute(name)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;
    use crate::mpd::NAMESPACE;

    fn url(inside: &str) -> String {
        let text = format!("<MPD xmlns=\"{NAMESPACE}\">{inside}</MPD>");
        let document = Document::parse(&text).unwrap();
        let mut nodes = document.descendants();
        let representation = nodes.find(|node| node.has_tag_name((NAMESPACE, "Representation")));
        let manifest = Url::parse("file:///films/one/stream.mpd").unwrap();
        init_url(representation.unwrap(), &manifest)
            .unwrap()
            .to_string()
    }

    // ISO/IEC 23009-1, 5.6.4 and 5.3.9.4.4: base URLs are resolved level by level; identifiers of templates.
    #[test]
    fn init_segment_is_where_base_urls_and_templates_say() {
        for (inside, expected) in [
            (
                "<BaseURL>../two/</BaseURL><Period><AdaptationSet><BaseURL>v/</BaseURL>\
                 <SegmentTemplate initialization='$RepresentationID$/$Bandwidth%06d$-$$.mp4'/>\
                 <Representation id='hd' bandwidth='1200'/></AdaptationSet></Period>",
                "file:///films/two/v/hd/001200-$.mp4",
            ),
            (
                "<Period><SegmentTemplate initialization='p.mp4'/><AdaptationSet>\
                 <SegmentTemplate timescale='1'/><Representation id='hd'/></AdaptationSet></Period>",
                "file:///films/one/p.mp4",
            ),
            (
                "<Period><AdaptationSet><Representation><BaseURL> film.mp4 </BaseURL>\
                 <SegmentBase indexRange='9-99'><Initialization range='0-8'/></SegmentBase></Representation></AdaptationSet></Period>",
                "file:///films/one/film.mp4",
            ),
            (
                "<Period><AdaptationSet><Representation><SegmentList><Initialization sourceURL='i.mp4'/></SegmentList>\
                 </Representation></AdaptationSet></Period>",
                "file:///films/one/i.mp4",
            ),
            (
                "<BaseURL>https://cdn.example.com/a/</BaseURL><Period><AdaptationSet>\
                 <SegmentTemplate initialization='$Bandwidth%099999999d$$Unknown'/><Representation id='1' bandwidth='7'/>\
                 </AdaptationSet></Period>",
                "https://cdn.example.com/a/00000000000000000007Unknown",
            ),
        ] {
            assert_eq!(url(inside), expected);
        }
    }
}
