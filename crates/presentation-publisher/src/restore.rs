// SPDX-License-Identifier: MPL-2.0
//! The folder of an earlier publisher, with which a new one goes on.

use std::collections::HashSet;

use cenc_types::FrameRate;
use isobmff_boxes::{BoxTree, FourCc};
use segment_packaging::{DescribedTrack, DescriptionSource, TrackProperties};

use crate::PublishError;
use crate::publisher::Publisher;
use crate::state::TrackState;
use crate::store::{PresentationStore, is_unfinished};

impl<S: PresentationStore> Publisher<S> {
    /// Describes the tracks that are listed, by their init segments, and deletes files that nothing lists. What a track listed is left out if
    /// an init segment is gone; its numbers go on. If nothing is listed then, the presentation starts anew.
    pub(crate) fn restore(&mut self) -> Result<(), PublishError> {
        let mut has_lost_tracks = false;
        for index in 0..self.state.tracks.len() {
            if let Some(track) = self.state.tracks.get_mut(index)
                && !describe_parts(&mut self.store, track)?
            {
                self.state.delist(index);
                has_lost_tracks = true;
            }
        }
        self.delete_unlisted()?;
        // Until the next manifests, those in the folder name what is lost.
        self.state.has_old_manifests |= has_lost_tracks;
        let mut tracks = self.state.tracks.iter();
        if has_lost_tracks && tracks.all(|track| track.segments.is_empty()) {
            self.state.remove_tracks();
        }
        Ok(())
    }

    fn delete_unlisted(&mut self) -> Result<(), PublishError> {
        let mut kept: HashSet<String> = HashSet::new();
        for track in &self.state.tracks {
            let numbers = track.first_number..track.next_number();
            kept.extend(numbers.map(|number| track.segment_name(number)));
            kept.extend(track.parts.iter().map(|part| part.init.clone()));
        }
        kept.extend(self.state.removed.iter().map(|file| file.name.clone()));
        let folders: Vec<String> = self
            .state
            .tracks
            .iter()
            .map(|track| format!("{}/", track.name))
            .collect();
        let is_own = |name: &str| {
            let file = folders.iter().find_map(|folder| name.strip_prefix(folder));
            file.is_some_and(|file| {
                file.ends_with(".m4s") || (file.starts_with("init-") && file.ends_with(".mp4"))
            })
        };
        for name in self
            .store
            .list()
            .map_err(PublishError::file("the folder"))?
        {
            if is_unfinished(&name) || (is_own(&name) && !kept.contains(&name)) {
                self.store
                    .remove(&name)
                    .map_err(PublishError::file(&name))?;
            }
        }
        Ok(())
    }
}

/// Describes the parts of a track by their init segments. Returns false if one is missing or damaged.
fn describe_parts<S: PresentationStore>(
    store: &mut S,
    track: &mut TrackState,
) -> Result<bool, PublishError> {
    let properties = TrackProperties {
        language: track.language.clone(),
        label: track.label.clone(),
        roles: track.roles(),
    };
    for part in &mut track.parts {
        let init = store
            .read(&part.init)
            .map_err(PublishError::file(&part.init))?;
        let frame_rate = part.frame_rate.map(FrameRate::from);
        part.described = init.and_then(|init| describe(&init, frame_rate, &properties));
    }
    Ok(track.parts.iter().all(|part| part.described.is_some()))
}

/// Describes the track of an init segment; None if it is damaged.
fn describe(
    init: &[u8],
    frame_rate: Option<FrameRate>,
    properties: &TrackProperties,
) -> Option<DescribedTrack> {
    let mut rest = init;
    while let Ok(found) = BoxTree::parse(rest) {
        let size = found.size();
        if let Some(trak) = found.all(FourCc::TRAK).next() {
            let source = DescriptionSource { trak, frame_rate };
            return DescribedTrack::read(source, properties).unwrap_or_default();
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    None
}
