// SPDX-License-Identifier: MPL-2.0
//! The cues and switches that reach a stream.

use common_encryption::{EventMessage, FragmentTime};
use splice_cues::Cue;

use std::time::Duration;

use super::{CueAction, CuePlace, Packaging, Switch, Warning};

/// The scheme of event messages with a whole splice_info_section, ANSI/SCTE 214-3.
const SCTE_35: &[u8] = b"urn:scte:scte35:2013:bin";

/// The warnings about cues. Each is given once in a stream.
#[derive(Debug, Default)]
pub(super) struct CueWarnings {
    known: Vec<Warning>,
    /// The number of known ones that were given.
    given: usize,
}

impl CueWarnings {
    fn add(&mut self, warning: Warning) {
        if !self.known.contains(&warning) {
            self.known.push(warning);
        }
    }

    /// Returns the next one that was not given.
    pub(super) fn next(&mut self) -> Option<Warning> {
        let warning = self.known.get(self.given)?.clone();
        self.given += 1;
        Some(warning)
    }
}

impl Packaging {
    /// The most by which a fragment may begin before a splice and yet be at it: times in milliseconds are rounded, and so are those of
    /// muxers.
    const ROUNDING: Duration = Duration::from_millis(5);
    /// The same for audio, whose fragments begin at the audio frame in which the splice is.
    const AUDIO_ROUNDING: Duration = Duration::from_millis(100);

    /// Takes a cue, which is a whole splice_info_section. With `cue-action` it changes key or protection.
    pub fn take_cue(&mut self, section: &[u8], place: CuePlace) {
        if self.config.cue_action == CueAction::None {
            return;
        }
        match Cue::read(section) {
            Ok(cue) if self.cues.take_cue(&cue, place) => (),
            Ok(_) => self.cue_warnings.add(Warning::TooManyCues),
            Err(error) => self.cue_warnings.add(Warning::UnreadableCue(error)),
        }
    }

    /// Takes an event message of the stream.
    pub fn take_event(&mut self, event: &EventMessage<'_>) {
        if event.scheme == SCTE_35 {
            self.take_cue(event.message, CuePlace::Event(event.start));
        }
    }

    /// Notes the running time of the next fragment. Without it, running times are presentation times.
    pub const fn note_running_time(&mut self, running_time: Duration) {
        self.cues.note_running_time(running_time);
    }

    /// Drops cues after a jump in the stream.
    pub fn forget_cues(&mut self) {
        self.cues.forget();
    }

    /// Takes the switches of the operator, and gives all changes their times before a fragment whose parts have `times`.
    pub(super) fn place_cues(&mut self, times: &[FragmentTime]) {
        for (running_time, switch) in self.controls.take_switches() {
            if switch == Switch::Key && self.source.has_begun() && !self.source.rotates() {
                self.cue_warnings.add(Warning::NothingToSwitch);
            }
            self.cues.take_switch(running_time, switch);
        }
        let next = times.iter().map(|time| time.presentation).min();
        self.cues.place(next.unwrap_or_default());
    }

    /// Applies the cues that are due at a fragment which decides for its time.
    pub(super) fn advance_cues(&mut self, time: &FragmentTime) {
        if time.sync && !self.timeline.is_decided(time) {
            let rounding = match self.is_video(time.track_id) {
                true => Self::ROUNDING,
                false => Self::AUDIO_ROUNDING,
            };
            self.cues
                .advance(time.presentation.saturating_add(rounding));
        }
    }
}
