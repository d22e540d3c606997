// SPDX-License-Identifier: MPL-2.0
//! The changes that cues and the operator ask for, from their arrival to the fragment at which they take effect.
//!
//! A cue comes before its splice point, often more than once, and may be changed or cancelled until then.

use std::collections::VecDeque;
use std::time::Duration;

use common_encryption::EventStart;
use splice_cues::{Cue, CueEvent, CueMark, CueTime, MarkKind};

use super::{CueAction, Switch};

/// The place of a cue in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CuePlace {
    /// The time in the cue, which is a presentation time of the media; an immediate cue is at the next fragment.
    OwnTime,
    /// A running time.
    RunningTime(Duration),
    /// The start of the event message that carries it.
    Event(EventStart),
}

/// The changes that are asked for.
#[derive(Debug, Default)]
pub(super) struct CueList {
    action: CueAction,
    /// Those that have come since the last fragment.
    arrived: Vec<ArrivedChange>,
    /// Those that are to come, by their time.
    pending: Vec<PendingChange>,
    /// The last marks that took effect, the oldest first.
    done: VecDeque<DoneMark>,
    /// The breaks that have begun and not ended.
    breaks: Vec<CueEvent>,
    /// True after [`Switch::Clear`].
    is_switched_clear: bool,
    /// The number of crypto periods that were started.
    periods: u64,
    /// The running time of the next fragment, if it is known.
    running_time: Option<Duration>,
}

/// A change whose presentation time is not known.
#[derive(Debug)]
struct ArrivedChange {
    at: ChangeTime,
    change: Change,
}

#[derive(Debug, Clone, Copy)]
enum ChangeTime {
    /// At the next fragment.
    Next,
    /// On the clock of PTS.
    Clock(CueTime),
    Running(Duration),
    Event(EventStart),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Switch(Switch),
    Mark(CueMark),
}

/// A change at a presentation time.
#[derive(Debug)]
struct PendingChange {
    at: Duration,
    change: Change,
}

#[derive(Debug)]
struct DoneMark {
    at: Duration,
    mark: CueMark,
}

impl CueList {
    /// The most changes that wait; a stream has a few.
    const MOST: usize = 1024;
    /// The number of marks by which repeated cues are known.
    const MEMORY: usize = 64;
    /// Repetitions of a cue differ by less than this.
    const REPEATED: Duration = Duration::from_secs(1);

    pub(super) fn new(action: CueAction) -> Self {
        Self {
            action,
            ..Self::default()
        }
    }

    /// True if all samples are clear now.
    pub(super) const fn is_clear(&self) -> bool {
        self.is_switched_clear || !self.breaks.is_empty()
    }

    /// Returns the number of crypto periods that were started.
    pub(super) const fn periods(&self) -> u64 {
        self.periods
    }

    /// Forgets what was to come, after a jump of the stream. Breaks are over.
    pub(super) fn forget(&mut self) {
        self.arrived.clear();
        self.restart();
    }

    /// Starts another stream. Cues that have come since the last fragment are of this one: muxers pass on events before their stream starts.
    pub(super) fn restart(&mut self) {
        self.pending.clear();
        self.done.clear();
        self.breaks.clear();
        self.running_time = None;
    }

    /// Notes the running time of the next fragment.
    pub(super) const fn note_running_time(&mut self, running_time: Duration) {
        self.running_time = Some(running_time);
    }

    /// Takes a switch of the operator.
    pub(super) fn take_switch(&mut self, running_time: Duration, switch: Switch) {
        self.arrived.push(ArrivedChange {
            at: ChangeTime::Running(running_time),
            change: Change::Switch(switch),
        });
    }

    /// Takes a cue. Returns false if there are too many.
    pub(super) fn take_cue(&mut self, cue: &Cue, place: CuePlace) -> bool {
        let at = match (place, cue.time) {
            (CuePlace::RunningTime(at), _) => ChangeTime::Running(at),
            (CuePlace::Event(start), _) => ChangeTime::Event(start),
            (CuePlace::OwnTime, Some(time)) => ChangeTime::Clock(time),
            (CuePlace::OwnTime, None) => ChangeTime::Next,
        };
        let has_room = self.arrived.len() + self.pending.len() < Self::MOST;
        if has_room {
            let changes = cue.marks.iter().map(|mark| ArrivedChange {
                at,
                change: Change::Mark(*mark),
            });
            self.arrived.extend(changes);
        }
        has_room
    }

    /// Gives the changes that have come their times. `next` is the presentation time of the next fragment.
    pub(super) fn place(&mut self, next: Duration) {
        for ArrivedChange { at, change } in std::mem::take(&mut self.arrived) {
            let is_immediate = matches!(at, ChangeTime::Next);
            let at = self.presentation(at, next);
            match change {
                Change::Switch(_) => self.insert(at, change),
                Change::Mark(mark) => self.place_mark(mark, at, is_immediate),
            }
        }
        self.running_time = None;
    }

    /// Returns the presentation time of a change.
    fn presentation(&self, at: ChangeTime, next: Duration) -> Duration {
        match at {
            ChangeTime::Next => next,
            ChangeTime::Event(EventStart::At(at)) => at,
            ChangeTime::Event(EventStart::AfterSegmentStart(delta)) => next.saturating_add(delta),
            ChangeTime::Clock(time) => CueTime::duration(time.nearest(CueTime::ticks_of(next))),
            ChangeTime::Running(at) => {
                let next_running = self.running_time.unwrap_or(next);
                match at.checked_sub(next_running) {
                    Some(ahead) => next.saturating_add(ahead),
                    None => next.saturating_sub(next_running.saturating_sub(at)),
                }
            }
        }
    }

    fn place_mark(&mut self, mark: CueMark, at: Duration, is_immediate: bool) {
        if mark.kind == MarkKind::Cancel {
            self.pending.retain(|pending| !pending.is_of(mark.event));
            self.breaks.retain(|open| !is_same(*open, mark.event));
            return;
        }
        if self.is_done(mark, at, is_immediate) {
            return;
        }
        let begins = matches!(mark.kind, MarkKind::Begin { .. });
        self.pending
            .retain(|pending| !pending.is_of(mark.event) || !(begins || pending.ends()));
        self.insert(at, Change::Mark(mark));
        if let MarkKind::Begin {
            duration: Some(duration),
            ..
        } = mark.kind
        {
            let kind = MarkKind::End;
            let end = at.saturating_add(CueTime::duration(duration));
            self.insert(end, Change::Mark(CueMark { kind, ..mark }));
        }
    }

    /// True if a mark repeats one that took effect.
    fn is_done(&self, mark: CueMark, at: Duration, is_immediate: bool) -> bool {
        let same = |done: &&DoneMark| {
            let kinds = (done.mark.kind, mark.kind);
            is_same(done.mark.event, mark.event)
                && std::mem::discriminant(&kinds.0) == std::mem::discriminant(&kinds.1)
        };
        let is_last = || {
            let of_event = |done: &&DoneMark| is_same(done.mark.event, mark.event);
            self.done
                .iter()
                .rfind(of_event)
                .is_some_and(|done| same(&done))
        };
        self.done
            .iter()
            .filter(same)
            .any(|done| done.at.abs_diff(at) <= Self::REPEATED)
            || is_immediate && is_last()
    }

    fn insert(&mut self, at: Duration, change: Change) {
        let index = self.pending.partition_point(|pending| pending.at <= at);
        self.pending.insert(index, PendingChange { at, change });
    }

    /// Applies the changes up to a presentation time.
    pub(super) fn advance(&mut self, to: Duration) {
        let due = self.pending.partition_point(|pending| pending.at <= to);
        let mut changes_key = false;
        for PendingChange { at, change } in self.pending.drain(..due) {
            let mark = match change {
                Change::Switch(Switch::Key) => {
                    changes_key = true;
                    continue;
                }
                Change::Switch(Switch::Clear) => {
                    self.is_switched_clear = true;
                    continue;
                }
                Change::Switch(Switch::Protect) => {
                    self.is_switched_clear = false;
                    self.breaks.clear();
                    continue;
                }
                Change::Mark(mark) => mark,
            };
            changes_key |= self.action == CueAction::Key;
            if self.action == CueAction::Clear {
                mark_break(&mut self.breaks, mark);
            }
            self.done.push_back(DoneMark { at, mark });
        }
        self.periods += u64::from(changes_key);
        let forgotten = self.done.len().saturating_sub(Self::MEMORY);
        self.done.drain(..forgotten);
    }
}

impl PendingChange {
    /// True for a mark of an event.
    fn is_of(&self, event: CueEvent) -> bool {
        matches!(self.change, Change::Mark(mark) if is_same(mark.event, event))
    }

    const fn ends(&self) -> bool {
        matches!(
            self.change,
            Change::Mark(CueMark {
                kind: MarkKind::End,
                ..
            })
        )
    }
}

/// Begins or ends breaks. A return to the network ends all breaks of `splice_insert`, since it may have an id of its own.
fn mark_break(breaks: &mut Vec<CueEvent>, mark: CueMark) {
    match (mark.kind, mark.event) {
        (MarkKind::Begin { is_break: true, .. }, event) => breaks.push(event),
        (MarkKind::End, CueEvent::Splice(_)) => {
            breaks.retain(|open| !matches!(open, CueEvent::Splice(_)));
        }
        (MarkKind::End, event) => breaks.retain(|open| !is_same(*open, event)),
        (MarkKind::Begin { .. } | MarkKind::Cancel, _) => (),
    }
}

/// True if two cues are of one event. A cancellation does not name the type of the segment.
fn is_same(one: CueEvent, other: CueEvent) -> bool {
    match (one, other) {
        (
            CueEvent::Segmentation {
                id: one,
                start_type: one_type,
            },
            CueEvent::Segmentation {
                id: other,
                start_type: other_type,
            },
        ) => one == other && (one_type == other_type || one_type.is_none() || other_type.is_none()),
        _ => one == other,
    }
}
