// SPDX-License-Identifier: MPL-2.0
//! DASH MPDs, ISO/IEC 23009-1, 5.8.4.1: ContentProtection in an AdaptationSet, or in its Representations where these differ.

mod segment;

use std::rc::Rc;

use drm_signaling::dash;
use roxmltree::Node;

use super::edit::Edit;
use super::files::Files;
use super::xml::{children, insert};
use super::{Added, Error, Plan};
use crate::inspect::init::Init;

/// The namespace of MPDs.
pub const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";

/// What stands in front of ContentProtection in both elements: RepresentationBaseType of the schema.
const IN_FRONT: [&str; 2] = ["FramePacking", "AudioChannelConfiguration"];

/// Finds out what an MPD needs.
///
/// # Errors
/// [`Error`].
pub fn plan(root: Node<'_, '_>, files: &mut Files<'_>) -> Result<Plan, Error> {
    let mut elements = root.descendants();
    if elements.any(|node| node.has_tag_name((NAMESPACE, "ContentProtection"))) {
        return Err(Error::Protected("ContentProtection"));
    }
    let mut plan = Plan {
        format: "dash",
        edits: Vec::new(),
        added: Vec::new(),
    };
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

fn plan_set(
    set: Node<'_, '_>,
    (place, plan): (String, &mut Plan),
    files: &mut Files<'_>,
) -> Result<(), Error> {
    let representations = children(set, "Representation");
    let inits = representations.map(|representation| {
        let init = files.init(&segment::init_url(representation, files.manifest())?)?;
        Ok((representation, init))
    });
    let inits: Vec<(Node<'_, '_>, Rc<Init>)> = inits.collect::<Result<_, Error>>()?;
    let Some((_, first)) = inits.first() else {
        return Ok(());
    };
    if inits.iter().all(|(_, init)| init == first) {
        return plan.add(set, place, first);
    }
    for (representation, init) in &inits {
        let id = representation.attribute("id").unwrap_or_default();
        plan.add(
            *representation,
            format!("{place}, Representation {id}"),
            init,
        )?;
    }
    Ok(())
}

impl Plan {
    fn add(&mut self, parent: Node<'_, '_>, place: String, init: &Init) -> Result<(), Error> {
        if init.scheme.is_none() {
            return Ok(());
        }
        if init.drms.is_empty() {
            return Err(Error::NoSystem(place));
        }
        self.edits.push(protection(parent, init));
        self.added.push(Added::new(place, init));
        Ok(())
    }
}

fn protection(parent: Node<'_, '_>, init: &Init) -> Edit {
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
