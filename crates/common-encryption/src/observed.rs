// SPDX-License-Identifier: MPL-2.0
//! A protector whose decisions are noted, for logs and manifests.

use std::error::Error;

use cenc_types::Track;

use crate::{BoxFlavor, EventMessage, FragmentProtection, FragmentTime, InitProtection, Protector};

/// Takes note of the decisions of a protector.
pub trait ProtectionObserver<P> {
    /// Takes note of the protection of the tracks of a `moov`.
    fn note_init(&mut self, _protector: &P, _protection: &InitProtection) {}

    /// Takes note of the protection of the track fragments of a `moof`.
    fn note_fragment(&mut self, fragments: &[FragmentTime], protection: &FragmentProtection);
}

/// A protector with an observer of its decisions.
pub struct ObservedProtector<P, O> {
    /// The protector.
    pub protector: P,
    /// The observer.
    pub observer: O,
}

impl<P: Protector, O: ProtectionObserver<P>> Protector for ObservedProtector<P, O> {
    fn flavor(&self) -> BoxFlavor {
        self.protector.flavor()
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        let protection = self.protector.protect(tracks)?;
        self.observer.note_init(&self.protector, &protection);
        Ok(protection)
    }

    fn follows_time(&self) -> bool {
        self.protector.follows_time()
    }

    fn renews_init(&self) -> bool {
        self.protector.renews_init()
    }

    fn event(&mut self, event: &EventMessage<'_>) {
        self.protector.event(event);
    }

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        let protection = self.protector.fragment(fragments)?;
        self.observer.note_fragment(fragments, &protection);
        Ok(protection)
    }
}

impl<P: Protector + ?Sized> Protector for &mut P {
    fn flavor(&self) -> BoxFlavor {
        (**self).flavor()
    }

    fn protect(
        &mut self,
        tracks: &[Track],
    ) -> Result<InitProtection, Box<dyn Error + Send + Sync>> {
        (**self).protect(tracks)
    }

    fn follows_time(&self) -> bool {
        (**self).follows_time()
    }

    fn renews_init(&self) -> bool {
        (**self).renews_init()
    }

    fn event(&mut self, event: &EventMessage<'_>) {
        (**self).event(event);
    }

    fn fragment(
        &mut self,
        fragments: &[FragmentTime],
    ) -> Result<FragmentProtection, Box<dyn Error + Send + Sync>> {
        (**self).fragment(fragments)
    }
}
