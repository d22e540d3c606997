// SPDX-License-Identifier: MPL-2.0
//! The parameter sets in force, by id: ISO/IEC 14496-10 7.4.1.2.1, ISO/IEC 23008-2 7.4.2.4.2.

use super::Error;

/// The longest set that is kept, in bytes. `avcC` and `hvcC` can hold no longer one, and a hostile stream must not fill the memory.
const MAX_LEN: usize = 65_535;

/// A parameter set, as far as slice headers depend on it.
pub(super) trait ParameterSet: Sized {
    /// The name for error messages, such as `SPS`.
    const KIND: &'static str;

    /// Parses a NAL unit, header included.
    fn parse(nal: &[u8]) -> Result<Identified<Self>, Error>;
}

/// A parameter set with the id by which others refer to it.
#[derive(Debug)]
pub(super) struct Identified<T> {
    pub(super) id: u32,
    pub(super) set: T,
}

/// Up to `N` parameter sets of one kind.
#[derive(Debug, Clone)]
pub(super) struct ParameterSets<T, const N: usize> {
    slots: [Option<Box<StoredSet<T>>>; N],
}

#[derive(Debug, Clone)]
struct StoredSet<T> {
    nal: Vec<u8>,
    set: T,
}

impl<T: ParameterSet, const N: usize> ParameterSets<T, N> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { None }; N],
        }
    }

    /// Puts the set in force. If the same set is in force already, only the bytes are compared.
    pub(super) fn insert(&mut self, nal: &[u8]) -> Result<(), Error> {
        if self.slots.iter().flatten().any(|slot| slot.nal == nal) {
            return Ok(());
        }
        let Identified { id, set } = T::parse(nal)?;
        match self.slots.get_mut(id as usize) {
            Some(slot) if nal.len() <= MAX_LEN => {
                *slot = Some(Box::new(StoredSet {
                    nal: nal.to_vec(),
                    set,
                }));
                Ok(())
            }
            _ => Err(Error::OutOfRange {
                structure: T::KIND,
                element: "id or size",
            }),
        }
    }

    /// Returns the set in force under this id.
    pub(super) fn find(&self, id: u32) -> Result<&T, Error> {
        match self.slots.get(id as usize) {
            Some(Some(slot)) => Ok(&slot.set),
            _ => Err(Error::MissingParameterSet { kind: T::KIND, id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct FakeSet(u8);

    impl ParameterSet for FakeSet {
        const KIND: &'static str = "SPS";

        fn parse(nal: &[u8]) -> Result<Identified<Self>, Error> {
            Ok(Identified {
                id: u32::from(nal[0]),
                set: Self(nal[1]),
            })
        }
    }

    #[test]
    fn a_later_set_replaces_the_one_with_its_id() {
        let mut sets = ParameterSets::<FakeSet, 2>::new();
        sets.insert(&[1, 5]).unwrap();
        sets.insert(&[0, 6]).unwrap();
        sets.insert(&[1, 7]).unwrap();
        assert_eq!(sets.find(1), Ok(&FakeSet(7)));
        assert_eq!(sets.find(0), Ok(&FakeSet(6)));
    }

    #[test]
    fn an_id_without_a_set_is_named() {
        let sets = ParameterSets::<FakeSet, 2>::new();
        for id in [1, 2, u32::MAX] {
            assert_eq!(
                sets.find(id),
                Err(Error::MissingParameterSet { kind: "SPS", id })
            );
        }
    }

    #[test]
    fn a_set_too_long_for_a_configuration_record_is_refused() {
        let mut sets = ParameterSets::<FakeSet, 2>::new();
        assert!(sets.insert(&vec![1; MAX_LEN]).is_ok());
        assert!(sets.insert(&vec![1; MAX_LEN + 1]).is_err());
        assert!(sets.insert(&[2, 0]).is_err());
    }
}
