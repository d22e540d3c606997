// SPDX-License-Identifier: MPL-2.0
//! DASH MPDs, ISO/IEC 23009-1, 5.8.4.1: ContentProtection in an AdaptationSet, or in its Representations where these differ.

mod segment;

use std::rc::Rc;

use drm_signaling::dash;
use roxmltree::Node;

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

impl EditPlan {
    fn protect_set<F: PresentationFiles>(
        &mut self,
        set: Node<'_, '_>,
        name: String,
        files: &mut F,
    ) -> Result<(), F::Error> {
        let inits = children(set, "Representation")
            .map(|representation| {
                let url = segment::init_url(representation, files.manifest_url())?;
                Ok((representation, files.protection(&url)?))
            })
            .collect::<Result<Vec<_>, F::Error>>()?;
        let Some((_, first)) = inits.first() else {
            return Ok(());
        };
        if inits.iter().all(|(_, init)| init == first) {
            return Ok(self.protect_element(set, name, first)?);
        }
        for (representation, init) in &inits {
            let id = representation.attribute("id").unwrap_or_default();
            self.protect_element(
                *representation,
                format!("{name}, Representation {id}"),
                init,
            )?;
        }
        Ok(())
    }

    fn protect_element(
        &mut self,
        parent: Node<'_, '_>,
        name: String,
        init: &Rc<FileProtection>,
    ) -> Result<(), Error> {
        if init.scheme.is_none() {
            return Ok(());
        }
        if init.drms.is_empty() {
            return Err(Error::NoSystem(name));
        }
        self.edits.push(protection_edit(parent, init));
        self.record(name, init);
        Ok(())
    }
}

fn protection_edit(parent: Node<'_, '_>, init: &FileProtection) -> Edit {
    let elements: Vec<String> = init
        .scheme
        .into_iter()
        .flat_map(|scheme| {
            init.kids
                .iter()
                .map(move |kid| dash::mp4_protection(scheme, kid))
        })
        .chain(init.drms.iter().map(dash::content_protection))
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
