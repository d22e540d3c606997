// SPDX-License-Identifier: MPL-2.0
//! Parts of lists. A page begins at an entry, not at a number, so that the last page costs what the first does, and no entry appears twice
//! or is left out because others were added meanwhile.

use std::fmt;

use super::Error;

/// The most entries that a page examines where a filter leaves out entries that no index finds.
pub const SEARCHED: u32 = 10_000;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The largest number of its entries.
    pub limit: u32,
    /// The place where it begins or ends.
    pub start: PageStart,
}

/// The place of a page in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStart {
    /// The page begins with the first entry.
    First,
    /// The page ends with the last entry.
    Last,
    /// The page begins with the entry after this place.
    After(Cursor),
    /// The page ends with the entry before this place.
    Before(Cursor),
}

/// The place of an entry in its list, as a text of 1 to 1000 characters. Only the list that made it understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// The entries of a page, and where its neighbours start.
///
/// With a filter, a page may have fewer entries than its limit, or none, and still have a next one: at most [`SEARCHED`] entries are
/// examined for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The entries, in the order of the list.
    pub entries: Vec<T>,
    /// The page after this one; None after the last entry.
    pub next: Option<PageStart>,
    /// The page before this one; None before the first entry.
    pub previous: Option<PageStart>,
}

/// A place in a list by the columns that sort it.
pub trait Place: Clone {
    /// Writes the place.
    fn to_text(&self) -> String;

    /// Reads what [`Self::to_text`] wrote; None for another text.
    fn read(text: &str) -> Option<Self>;
}

/// The entries to read: those after a place, towards the end of the list or its start.
#[derive(Debug, Clone)]
pub struct Stretch<P> {
    /// Only entries beyond this one; None for all.
    pub from: Option<P>,
    /// True to read towards the start of the list.
    pub is_backward: bool,
    /// The most entries: one more than the page has, which shows that another page follows.
    pub limit: u32,
}

/// The entries of a stretch, in the order of reading.
#[derive(Debug)]
pub struct Found<T, P> {
    /// The entries.
    pub entries: Vec<T>,
    /// The last entry that was examined; None if the list has ended, or the limit was reached.
    pub examined: Option<P>,
}

/// The statements that read a list towards its end and towards its start.
#[derive(Debug, Clone, Copy)]
pub struct BothWays {
    /// Towards the end.
    pub forward: &'static str,
    /// Towards the start.
    pub backward: &'static str,
}

impl BothWays {
    /// Returns the statement that reads a stretch.
    pub const fn towards<P>(&self, stretch: &Stretch<P>) -> &'static str {
        match stretch.is_backward {
            false => self.forward,
            true => self.backward,
        }
    }
}

impl Page {
    /// Makes the first page of a list.
    pub const fn first(limit: u32) -> Self {
        Self {
            limit,
            start: PageStart::First,
        }
    }

    /// Reads the page by `read`, which reads a stretch of the list. `place` returns the place of an entry.
    ///
    /// # Errors
    /// [`Error::BadCursor`], and the errors of `read`.
    pub fn read<T, P: Place, E: From<Error>>(
        &self,
        place: impl Fn(&T) -> P,
        read: impl FnOnce(&Stretch<P>) -> Result<Found<T, P>, E>,
    ) -> Result<Listed<T>, E> {
        let stretch = Stretch {
            from: self.start.place()?,
            is_backward: matches!(self.start, PageStart::Last | PageStart::Before(_)),
            limit: self.limit.saturating_add(1),
        };
        let Found {
            mut entries,
            examined,
        } = read(&stretch)?;
        let is_full = entries.len() > self.limit as usize;
        entries.truncate(self.limit as usize);
        let cursor = |place: P| Cursor(place.to_text());
        let beyond = match is_full {
            true => entries.last().map(&place),
            false => examined,
        }
        .map(cursor);
        // The page on the other side ends next to the first entry, or at that end of the list.
        let behind = stretch
            .from
            .map(|_| entries.first().map(&place).map(cursor));
        if stretch.is_backward {
            entries.reverse();
        }
        Ok(match stretch.is_backward {
            false => Listed {
                entries,
                next: beyond.map(PageStart::After),
                previous: behind.map(|cursor| cursor.map_or(PageStart::Last, PageStart::Before)),
            },
            true => Listed {
                entries,
                next: behind.map(|cursor| cursor.map_or(PageStart::First, PageStart::After)),
                previous: beyond.map(PageStart::Before),
            },
        })
    }
}

impl PageStart {
    /// Returns the name and value of the parameter of a query that names the page; None for the first one.
    pub fn parameter(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::First => None,
            Self::Last => Some(("last", "true")),
            Self::After(cursor) => Some(("after", cursor.as_str())),
            Self::Before(cursor) => Some(("before", cursor.as_str())),
        }
    }

    fn place<P: Place>(&self) -> Result<Option<P>, Error> {
        match self {
            Self::First | Self::Last => Ok(None),
            Self::After(cursor) | Self::Before(cursor) => {
                P::read(&cursor.0).map(Some).ok_or(Error::BadCursor)
            }
        }
    }
}

impl Cursor {
    /// Reads a cursor, which the list checks later.
    ///
    /// # Errors
    /// [`Error::BadCursor`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        match (1..=1000).contains(&text.chars().count()) && !text.contains('\0') {
            true => Ok(Self(text.to_owned())),
            false => Err(Error::BadCursor),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(&self.0)
    }
}

impl<T> Listed<T> {
    /// Converts the entries.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            entries: self.entries.into_iter().map(convert).collect(),
            next: self.next,
            previous: self.previous,
        }
    }
}

impl<T> std::ops::Deref for Listed<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.entries
    }
}

impl<T> IntoIterator for Listed<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<T, P> Found<T, P> {
    /// Makes the result of a stretch without a filter.
    pub const fn all(entries: Vec<T>) -> Self {
        Self {
            entries,
            examined: None,
        }
    }
}

/// An id, which sorts its list alone.
impl Place for String {
    fn to_text(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Place for u64 {
        fn to_text(&self) -> String {
            self.to_string()
        }

        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    }

    /// Reads a page of the numbers from 0 to 6 that `is_listed` keeps, and examines at most four for it.
    fn page(start: PageStart, is_listed: fn(&u64) -> bool) -> Listed<u64> {
        let page = Page { limit: 3, start };
        page.read(
            |number| *number,
            |stretch: &Stretch<u64>| {
                let beyond = |number: &u64| match (stretch.from, stretch.is_backward) {
                    (None, _) => true,
                    (Some(from), false) => *number > from,
                    (Some(from), true) => *number < from,
                };
                let mut numbers: Vec<_> = (0..7).filter(beyond).collect();
                if stretch.is_backward {
                    numbers.reverse();
                }
                let window: Vec<_> = numbers.iter().copied().take(4).collect();
                let limit = stretch.limit as usize;
                let entries: Vec<_> = window
                    .iter()
                    .copied()
                    .filter(is_listed)
                    .take(limit)
                    .collect();
                let is_cut = entries.len() < limit && numbers.len() > 4;
                Ok::<_, Error>(Found {
                    entries,
                    examined: window.last().copied().filter(|_| is_cut),
                })
            },
        )
        .unwrap()
    }

    /// Follows a list from one end, and returns its pages.
    fn follow(
        start: PageStart,
        is_listed: fn(&u64) -> bool,
        next: fn(Listed<u64>) -> Option<PageStart>,
    ) -> Vec<Vec<u64>> {
        let mut pages = Vec::new();
        let mut place = Some(start);
        while let Some(start) = place {
            let listed = page(start, is_listed);
            pages.push(listed.entries.clone());
            place = next(listed);
        }
        pages
    }

    #[test]
    fn pages_lead_through_the_list_in_both_directions() {
        let all = |_: &u64| true;
        let forward = follow(PageStart::First, all, |page| page.next);
        assert_eq!(forward, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
        let backward = follow(PageStart::Last, all, |page| page.previous);
        assert_eq!(backward, [vec![4, 5, 6], vec![1, 2, 3], vec![0]]);
    }

    #[test]
    fn the_page_before_the_next_one_is_the_same() {
        let first = page(PageStart::First, |_| true);
        let second = page(first.next.clone().unwrap(), |_| true);
        assert_eq!(
            page(second.previous.unwrap(), |_| true).entries,
            first.entries
        );
        assert_eq!(first.previous, None);
        let last = page(PageStart::Last, |_| true);
        let before = page(last.previous.clone().unwrap(), |_| true);
        assert_eq!(page(before.next.unwrap(), |_| true).entries, last.entries);
        assert_eq!(last.next, None);
    }

    #[test]
    fn page_whose_entries_are_left_out_leads_on() {
        let only_six = |number: &u64| *number == 6;
        let pages = follow(PageStart::First, only_six, |page| page.next);
        assert_eq!(pages, [vec![], vec![6]]);
        let none = |_: &u64| false;
        let back = follow(PageStart::Last, none, |page| page.previous);
        assert_eq!(back, [Vec::<u64>::new(), vec![]]);
    }

    #[test]
    fn place_beyond_the_end_leads_back() {
        let empty = page(PageStart::After(Cursor("9".to_owned())), |_| true);
        assert_eq!((empty.next, empty.previous), (None, Some(PageStart::Last)));
        let unknown = Page {
            limit: 3,
            start: PageStart::After(Cursor("x".to_owned())),
        };
        let read = unknown.read(|number: &u64| *number, |_| Ok(Found::all(vec![])));
        assert!(matches!(read, Err(Error::BadCursor)));
    }
}
