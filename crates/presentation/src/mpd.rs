// SPDX-License-Identifier: MPL-2.0
//! DASH MPDs, ISO/IEC 23009-1, 5.8.4.1: ContentProtection in an AdaptationSet, or in its Representations where these differ.

mod segment;

use std::rc::Rc;

use drm_signaling::dash;
use roxmltree::Node;

use super::edit::Edit;
use super::manifest::{EditPlan, ManifestFormat};
use super::xml::{children, insert};
use super::{Error, FileProtection, PresentationFiles};

/// The namespace of MPDs.
pub(super) const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// What stands in front of ContentProtection in both elements: RepresentationBaseType of the schema.
const IN_FRONT: [&str; 2] = ["FramePacking", "AudioChannelConfiguration"];

/// Finds out what an MPD needs.
///
/// # Errors
/// [`Error`].
pub(super) fn plan<F: PresentationFiles>(
    root: Node<'_, '_>,
    files: &mut F,
) -> Result<EditPlan, F::Error> {
    let mut elements = root.descendants();
    if elements.any(|node| node.has_tag_name((NAMESPACE, "ContentProtection"))) {
        return Err(Error::Protected("ContentProtection").into());
    }
    let mut plan = EditPlan::new(ManifestFormat::Dash);
    let periods = children(root, "Period");
    let sets = periods.flat_map(|period| children(period, "AdaptationSet"));
    for (number, set) in (1..).zip(sets) {
        let id = set.attribute("id").map(str::to_owned);
        let place = format!(
            "AdaptationSet {}",
            id.unwrap_or_else(|| format!("#{number}"))
        );
        plan_set(set, (place, &mut plan), files)?;
    }
    Ok(plan)
}

fn plan_set<F: PresentationFiles>(
    set: Node<'_, '_>,
    (place, plan): (String, &mut EditPlan),
    files: &mut F,
) -> Result<(), F::Error> {
    let representations = children(set, "Representation");
    let inits = representations.map(|representation| {
        let url = segment::init_url(representation, files.manifest_url())?;
        Ok((representation, files.protection(&url)?))
    });
    let inits: Vec<(Node<'_, '_>, Rc<FileProtection>)> = inits.collect::<Result<_, F::Error>>()?;
    let Some((_, first)) = inits.first() else {
        return Ok(());
    };
    if inits.iter().all(|(_, init)| init == first) {
        return Ok(plan.protect(set, place, first)?);
    }
    for (representation, init) in &inits {
        let id = representation.attribute("id").unwrap_or_default();
        plan.protect(
            *representation,
            format!("{place}, Representation {id}"),
            init,
        )?;
    }
    Ok(())
}

impl EditPlan {
    fn protect(
        &mut self,
        parent: Node<'_, '_>,
        place: String,
        init: &Rc<FileProtection>,
    ) -> Result<(), Error> {
        if init.scheme.is_none() {
            return Ok(());
        }
        if init.drms.is_empty() {
            return Err(Error::NoSystem(place));
        }
        self.edits.push(protection(parent, init));
        self.note(place, init);
        Ok(())
    }
}

fn protection(parent: Node<'_, '_>, init: &FileProtection) -> Edit {
    let generic = init.scheme.into_iter().flat_map(|scheme| {
        let kids = init.kids.iter();
        kids.map(move |kid| dash::mp4_protection(scheme, kid))
    });
    let systems = init.drms.iter().map(dash::content_protection);
    let elements = generic.chain(systems).map(|element| {
        match parent.default_namespace() == Some(NAMESPACE) {
            true => element,
            // The document names its elements with a prefix.
            false => {
                let named = format!("<ContentProtection xmlns=\"{NAMESPACE}\" ");
                element.replacen("<ContentProtection ", &named, 1)
            }
        }
    });
    insert(parent, &elements.collect::<Vec<_>>(), &IN_FRONT)
}
