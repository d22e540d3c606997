// SPDX-License-Identifier: MPL-2.0
//! Smooth Streaming client manifests, MS-SSTR 2.2.2: one Protection element for all streams.

use drm_signaling::smooth;
use roxmltree::Node;

use super::files::Files;
use super::xml::{children, insert};
use super::{Added, Error, Plan};

/// Finds out what a client manifest needs; its protection is that of the files given.
///
/// # Errors
/// [`Error`].
pub fn plan(root: Node<'_, '_>, files: &mut Files<'_>) -> Result<Plan, Error> {
    if children(root, "Protection").next().is_some() {
        return Err(Error::Protected("Protection"));
    }
    if files.given().is_empty() {
        return Err(Error::NeedsInit);
    }
    let mut protection: Option<String> = None;
    let mut added = Vec::new();
    for path in files.given() {
        let init = files.init_in(path.clone())?;
        if init.scheme.is_none() {
            continue;
        }
        let place = path.display().to_string();
        let found = init.drms.iter().find_map(smooth::protection_of);
        let found = found.ok_or_else(|| Error::NoSystem(place.clone()))?;
        if protection.as_ref().is_some_and(|known| *known != found) {
            return Err(Error::Objects);
        }
        protection = Some(found);
        added.push(Added::new(place, &init));
    }
    let edits = protection.map(|element| insert(root, &[element], &[]));
    Ok(Plan {
        format: "smooth",
        edits: edits.into_iter().collect(),
        added,
    })
}
