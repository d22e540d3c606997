// SPDX-License-Identifier: MPL-2.0
//! DASH MPDs, ISO/IEC 23009-1, 5.8.4.1: ContentProtection in an AdaptationSet, or in its Representations where these differ.

mod media_type;
mod ranges;
mod segment;
mod segments;

use std::rc::Rc;

use drm_signaling::dash;
use roxmltree::Node;
use url::Url;

use super::edit::Edit;
use super::manifest::{EditPlan, ManifestFormat};
use super::xml::{children, insert_elements};
use super::{Error, FileProtection, PresentationFiles};

/// The namespace of MPDs.
pub(super) const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// The children that must precede ContentProtection in both elements: RepresentationBaseType of the schema.
const PRECEDING: [&str; 2] = ["FramePacking", "AudioChannelConfiguration"];

/// Plans the edits of an MPD.
///
/// # Errors
/// [`Error`].
pub(super) fn plan_edits<F: PresentationFiles>(
    root: Node<'_, '_>,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    if root
        .descendants()
        .any(|node| node.has_tag_name((NAMESPACE, "ContentProtection")))
    {
        return Err(Error::Protected("ContentProtection").into());
    }
    let mut plan = EditPlan::new(ManifestFormat::Dash);
    for (number, set) in
        (1..).zip(children(root, "Period").flat_map(|period| children(period, "AdaptationSet")))
    {
        let name = match set.attribute("id") {
            Some(id) => format!("AdaptationSet {id}"),
            None => format!("AdaptationSet #{number}"),
        };
        plan.protect_set(set, name, files)?;
    }
    Ok(plan)
}

/// The MP4 file or init segment of a Representation.
struct RepresentationFile<'a, 'd> {
    representation: Node<'a, 'd>,
    /// Its protection.
    init: Rc<FileProtection>,
    /// True if fragments have other keys than the init segment names.
    changes_keys: bool,
}

impl EditPlan {
    fn protect_set<F: PresentationFiles>(
        &mut self,
        set: Node<'_, '_>,
        name: String,
        files: &mut F,
    ) -> Result<(), F::Error> {
        let mut protected = Vec::new();
        let mut is_uniform = true;
        for representation in children(set, "Representation") {
            let url = segment::init_url(representation, files.manifest_url())?;
            match media_type::is_mp4(representation, &url) {
                true => protected.push(self.read_representation(representation, &url, files)?),
                // Text, pictures and other containers stay as they are.
                false => is_uniform = false,
            }
        }
        let Some(first) = protected.first() else {
            return Ok(());
        };
        let changes_keys = protected.iter().any(|file| file.changes_keys);
        if is_uniform && protected.iter().all(|file| file.init == first.init) {
            return Ok(self.protect_element(set, name, &first.init, changes_keys)?);
        }
        for file in &protected {
            let id = file.representation.attribute("id").unwrap_or_default();
            self.protect_element(
                file.representation,
                format!("{name}, Representation {id}"),
                &file.init,
                changes_keys,
            )?;
        }
        Ok(())
    }

    /// Reads the protection of a Representation, and replaces the byte ranges of its clear file.
    fn read_representation<'a, 'd, F: PresentationFiles>(
        &mut self,
        representation: Node<'a, 'd>,
        init_url: &Url,
        files: &mut F,
    ) -> Result<RepresentationFile<'a, 'd>, F::Error> {
        let init = files.protection(init_url)?;
        let mut changes_keys = false;
        if init.scheme.is_some() {
            for edit in ranges::plan_ranges(representation, init_url, files)? {
                self.add_range(edit, init_url)?;
            }
            for url in segments::urls(representation, init_url, files)? {
                let Some(layout) = files.layout(&url)? else {
                    self.unread_segment.get_or_insert_with(|| url.to_string());
                    break;
                };
                changes_keys |= layout
                    .fragment_keys(None)
                    .any(|keys| !keys.kids.is_empty() && keys.kids != init.kids);
            }
        }
        Ok(RepresentationFile {
            representation,
            init,
            changes_keys,
        })
    }

    /// Adds the edit of a byte range, once where several Representations inherit it.
    fn add_range(&mut self, edit: Edit, url: &Url) -> Result<(), Error> {
        match self.edits.iter().find(|known| known.at == edit.at) {
            Some(known) if *known == edit => Ok(()),
            Some(_) => Err(Error::Ranges(url.to_string())),
            None => {
                self.edits.push(edit);
                Ok(())
            }
        }
    }

    fn protect_element(
        &mut self,
        parent: Node<'_, '_>,
        name: String,
        init: &Rc<FileProtection>,
        changes_keys: bool,
    ) -> Result<(), Error> {
        if init.scheme.is_none() {
            return Ok(());
        }
        if init.drms.is_empty() && !changes_keys {
            return Err(Error::NoSystem(name));
        }
        self.edits.push(protection_edit(parent, init, changes_keys));
        self.record(name, init);
        Ok(())
    }
}

fn protection_edit(parent: Node<'_, '_>, init: &FileProtection, changes_keys: bool) -> Edit {
    let elements: Vec<String> = init
        .scheme
        .into_iter()
        .flat_map(|scheme| {
            init.kids
                .iter()
                .map(move |kid| dash::mp4_protection(scheme, kid))
        })
        .chain(init.drms.iter().map(|drm| match changes_keys {
            true => dash::content_protection_without_keys(drm),
            false => dash::content_protection(drm),
        }))
        .map(
            |element| match parent.default_namespace() == Some(NAMESPACE) {
                true => element,
                // The document names its elements with a prefix.
                false => element.replacen(
                    "<ContentProtection ",
                    &format!("<ContentProtection xmlns=\"{NAMESPACE}\" "),
                    1,
                ),
            },
        )
        .collect();
    insert_elements(parent, &elements, &PRECEDING)
}
