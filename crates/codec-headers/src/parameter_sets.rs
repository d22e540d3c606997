// SPDX-License-Identifier: MPL-2.0
//! Parameter sets in force, by id: ISO/IEC 14496-10 7.4.1.2.1, ISO/IEC 23008-2 7.4.2.4.2.

use super::Error;

/// The longest set that is kept, in bytes: `avcC` and `hvcC` hold no longer one, and hostile
/// streams shall not fill memory.
const MAX_LEN: usize = 65_535;

/// A parsed parameter set that knows its id.
pub(super) trait ParameterSet: Sized {
    /// `SPS` or `PPS`, for error messages.
    const KIND: &'static str;

    /// Parses a NAL unit, header included.
    fn parse(nal: &[u8]) -> Result<(usize, Self), Error>;
}

/// Up to `N` parameter sets of one kind.
#[derive(Debug, Clone)]
pub(super) struct ParameterSets<T, const N: usize> {
    slots: [Option<Box<Slot<T>>>; N],
}

#[derive(Debug, Clone)]
struct Slot<T> {
    nal: Vec<u8>,
    set: T,
}

impl<T: ParameterSet, const N: usize> ParameterSets<T, N> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { None }; N],
        }
    }

    /// Puts the set in force. A repetition of one that is in force already costs a comparison.
    pub(super) fn insert(&mut self, nal: &[u8]) -> Result<(), Error> {
        if self.slots.iter().flatten().any(|slot| slot.nal == nal) {
            return Ok(());
        }
        let too_large = Error::OutOfRange {
            structure: T::KIND,
            element: "id or size",
        };
        let (id, set) = T::parse(nal)?;
        match self.slots.get_mut(id) {
            Some(slot) if nal.len() <= MAX_LEN => {
                let nal = nal.to_vec();
                *slot = Some(Box::new(Slot { nal, set }));
                Ok(())
            }
            _ => Err(too_large),
        }
    }

    /// The set in force under this id.
    pub(super) fn find(&self, id: u32) -> Result<&T, Error> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        match self.slots.get(index) {
            Some(Some(slot)) => Ok(&slot.set),
            _ => Err(Error::MissingParameterSet { kind: T::KIND, id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Fake(u8);

    impl ParameterSet for Fake {
        const KIND: &'static str = "SPS";

        fn parse(nal: &[u8]) -> Result<(usize, Self), Error> {
            Ok((usize::from(nal[0]), Self(nal[1])))
        }
    }

    #[test]
    fn a_later_set_replaces_the_one_with_its_id() {
        let mut sets = ParameterSets::<Fake, 2>::new();
        sets.insert(&[1, 5]).unwrap();
        sets.insert(&[0, 6]).unwrap();
        sets.insert(&[1, 7]).unwrap();
        assert_eq!(sets.find(1), Ok(&Fake(7)));
        assert_eq!(sets.find(0), Ok(&Fake(6)));
    }

    #[test]
    fn an_id_without_a_set_is_named() {
        let sets = ParameterSets::<Fake, 2>::new();
        for id in [1, 2, u32::MAX] {
            assert_eq!(
                sets.find(id),
                Err(Error::MissingParameterSet { kind: "SPS", id })
            );
        }
    }

    #[test]
    fn a_set_too_long_for_a_configuration_record_is_refused() {
        let mut sets = ParameterSets::<Fake, 2>::new();
        assert!(sets.insert(&vec![1; MAX_LEN]).is_ok());
        assert!(sets.insert(&vec![1; MAX_LEN + 1]).is_err());
        assert!(sets.insert(&[2, 0]).is_err());
    }
}
