// SPDX-License-Identifier: MPL-2.0
//! The clear lead of an elementary stream after qtdemux, which gives its samples no protection meta.
//!
//! A sample without meta may also be protected: qtdemux gives none where it does not read the sample auxiliary information, and none
//! when it reads a sample again after a seek. So the samples at the start of a stream are held until one with a protected sample's meta
//! shows that qtdemux reads the information of this track: by ISO/IEC 23001-7, 7.1, a sample without it is then not protected.
//! Later samples without meta are refused, apart from those of the same lead after a seek.

use super::samples::DecryptError;

/// The most bytes that are held.
const MAX_HELD: usize = 64 << 20;

/// A sample or an event that is held until downstream may have it.
pub(super) enum Held {
    Sample(gst::Buffer),
    Event(gst::Event),
}

/// The samples without meta at the start of a stream.
#[derive(Default)]
pub(super) struct ClearLead {
    state: LeadState,
    held: Vec<Held>,
    bytes: usize,
}

#[derive(Default)]
enum LeadState {
    /// No protected sample has come yet.
    #[default]
    Unproven,
    /// The decoding time of the first protected sample, if it has one and a lead came before it.
    Proven(Option<gst::ClockTime>),
    /// A part of the stream was skipped before a protected sample came.
    Lost,
}

impl ClearLead {
    /// Takes note of a sample with a protected sample's meta. What was held comes before it.
    pub(super) fn prove(&mut self, first: &gst::BufferRef) -> Vec<Held> {
        if !matches!(self.state, LeadState::Proven(_)) {
            let has_lead = !self.held.is_empty();
            self.state = LeadState::Proven(decoding_time(first).filter(|_| has_lead));
        }
        self.bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Takes a sample without meta that has bytes. Returns it if it is known to be clear.
    ///
    /// # Errors
    /// [`DecryptError::NoMeta`], [`DecryptError::LongLead`]
    pub(super) fn take(
        &mut self,
        sample: gst::Buffer,
    ) -> Result<Option<gst::Buffer>, DecryptError> {
        match self.state {
            LeadState::Unproven => self.hold(sample).map(|()| None),
            LeadState::Proven(Some(end)) if decoding_time(&sample).is_some_and(|at| at < end) => {
                Ok(Some(sample))
            }
            LeadState::Proven(_) | LeadState::Lost => Err(DecryptError::NoMeta),
        }
    }

    /// Takes a sample that is clear by its meta, and returns it unless others are held before it.
    pub(super) fn pass(&mut self, sample: gst::Buffer) -> Option<gst::Buffer> {
        if self.held.is_empty() {
            return Some(sample);
        }
        self.held.push(Held::Sample(sample));
        None
    }

    /// Takes an event, and returns it unless samples are held before it.
    pub(super) fn pass_event(&mut self, event: gst::Event) -> Option<gst::Event> {
        if self.held.is_empty() {
            return Some(event);
        }
        self.held.push(Held::Event(event));
        None
    }

    /// True if samples are held.
    pub(super) const fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Drops what is held. After a seek before the first protected sample nothing shows any more what is clear.
    pub(super) fn skip(&mut self) {
        if matches!(self.state, LeadState::Unproven) {
            self.state = LeadState::Lost;
        }
        self.held = Vec::new();
        self.bytes = 0;
    }

    fn hold(&mut self, sample: gst::Buffer) -> Result<(), DecryptError> {
        self.bytes += sample.size();
        self.held.push(Held::Sample(sample));
        match self.bytes > MAX_HELD {
            true => Err(DecryptError::LongLead(MAX_HELD >> 20)),
            false => Ok(()),
        }
    }
}

/// Samples come in the order of decoding, so this time tells which comes first.
fn decoding_time(sample: &gst::BufferRef) -> Option<gst::ClockTime> {
    sample.dts_or_pts()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u64, size: usize) -> gst::Buffer {
        gst::init().unwrap();
        let mut sample = gst::Buffer::with_size(size).unwrap();
        let written = sample.get_mut().unwrap();
        written.set_dts(gst::ClockTime::from_seconds(second));
        // A picture that is shown much later than it is decoded.
        written.set_pts(gst::ClockTime::from_seconds(second + 100));
        sample
    }

    /// The times of samples, and None for events.
    fn times(held: &[Held]) -> Vec<Option<u64>> {
        let time = |held: &Held| match held {
            Held::Sample(sample) => sample.dts().map(gst::ClockTime::seconds),
            Held::Event(_) => None,
        };
        held.iter().map(time).collect()
    }

    #[test]
    fn samples_without_meta_are_held_until_a_protected_one() {
        let mut lead = ClearLead::default();
        assert!(lead.take(sample(0, 1)).unwrap().is_none());
        let gap = gst::event::Gap::new(gst::ClockTime::ZERO, gst::ClockTime::SECOND);
        assert!(lead.pass_event(gap).is_none());
        assert!(lead.pass(sample(1, 1)).is_none());
        assert!(lead.take(sample(2, 1)).unwrap().is_none());
        assert!(lead.is_holding());
        let held = lead.prove(&sample(3, 1));
        assert_eq!(times(&held), [Some(0), None, Some(1), Some(2)]);
        assert!(!lead.is_holding());
        assert!(lead.pass(sample(4, 1)).is_some());
    }

    #[test]
    fn later_samples_without_meta_are_refused() {
        let mut lead = ClearLead::default();
        lead.prove(&sample(0, 1));
        assert!(matches!(lead.take(sample(1, 1)), Err(DecryptError::NoMeta)));
        // Also not at the time of the first protected one, after a seek back to it.
        lead.skip();
        assert!(matches!(lead.take(sample(0, 1)), Err(DecryptError::NoMeta)));
    }

    #[test]
    fn after_a_seek_the_same_lead_passes_and_no_more() {
        let mut lead = ClearLead::default();
        assert!(lead.take(sample(0, 1)).unwrap().is_none());
        lead.prove(&sample(2, 1));
        lead.skip();
        for second in [0, 1] {
            assert!(lead.take(sample(second, 1)).unwrap().is_some());
        }
        // qtdemux gives no meta when it reads a protected sample again.
        for second in [2, 3] {
            assert!(matches!(
                lead.take(sample(second, 1)),
                Err(DecryptError::NoMeta)
            ));
        }
    }

    #[test]
    fn a_seek_before_the_first_protected_sample_leaves_nothing_known() {
        let mut lead = ClearLead::default();
        assert!(lead.take(sample(0, 1)).unwrap().is_none());
        lead.skip();
        assert!(!lead.is_holding());
        assert!(matches!(lead.take(sample(0, 1)), Err(DecryptError::NoMeta)));
        assert!(lead.prove(&sample(3, 1)).is_empty());
        assert!(matches!(lead.take(sample(1, 1)), Err(DecryptError::NoMeta)));
    }

    #[test]
    fn a_lead_is_bounded() {
        let mut lead = ClearLead::default();
        for second in 0..4 {
            assert!(lead.take(sample(second, MAX_HELD / 4)).unwrap().is_none());
        }
        assert!(matches!(
            lead.take(sample(4, 1)),
            Err(DecryptError::LongLead(64))
        ));
    }
}
