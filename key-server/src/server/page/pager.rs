// SPDX-License-Identifier: MPL-2.0
//! Lists in pages, with links to their first, previous, next and last one.

use content_key_store::{Cursor, Listed, Page, PageStart};
use url::form_urlencoded::Serializer;

use super::fields::Fields;
use crate::server::problem_details::Problem;

/// The rows of a page.
pub const ROWS: u32 = 50;

/// The links to other pages of a list.
#[derive(Default)]
pub struct Pager {
    pub first: Option<String>,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub last: Option<String>,
}

/// The address of a list.
pub struct ListAddress<'a> {
    pub path: &'a str,
    pub query: &'a Fields,
    /// The fields of the query that links to other pages keep.
    pub names: &'a [&'a str],
}

/// Returns the page that a query names.
pub fn requested_page(query: &Fields, limit: u32) -> Result<Page, Problem> {
    let place = |name| query.all(name).next().map(Cursor::parse).transpose();
    let start = match (place("after")?, place("before")?) {
        (Some(after), _) => PageStart::After(after),
        (None, Some(before)) => PageStart::Before(before),
        (None, None) if query.has("last", "true") => PageStart::Last,
        (None, None) => PageStart::First,
    };
    Ok(Page { limit, start })
}

impl Pager {
    pub fn new<T>(listed: &Listed<T>, address: &ListAddress<'_>) -> Self {
        Self::between(listed.previous.as_ref(), listed.next.as_ref(), address)
    }

    /// Makes the links of a page between two others.
    pub fn between(
        previous: Option<&PageStart>,
        next: Option<&PageStart>,
        address: &ListAddress<'_>,
    ) -> Self {
        let link = |start| address.at(start);
        Self {
            first: previous.map(|_| link(&PageStart::First)),
            previous: previous.map(link),
            next: next.map(link),
            last: next.map(|_| link(&PageStart::Last)),
        }
    }

    pub const fn has_more(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

impl ListAddress<'_> {
    /// Returns the address of a page of the list.
    pub fn at(&self, start: &PageStart) -> String {
        let mut pairs = Serializer::new(String::new());
        for name in self.names {
            if let Some(value) = self.query.given(name) {
                pairs.append_pair(name, &value);
            }
        }
        if let Some((name, value)) = start.parameter() {
            pairs.append_pair(name, value);
        }
        let pairs = pairs.finish();
        match pairs.is_empty() {
            true => self.path.to_owned(),
            false => format!("{}?{pairs}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_other_pages_keep_the_filter() {
        let query = Fields::default().with("q", "a b&c").with("after", "film");
        let address = ListAddress {
            path: "/keys",
            query: &query,
            names: &["q"],
        };
        let requested = requested_page(&query, ROWS).unwrap();
        let cursor = Cursor::parse("film").unwrap();
        assert_eq!(requested.start, PageStart::After(cursor.clone()));
        let listed = Listed::<()> {
            entries: Vec::new(),
            next: Some(PageStart::After(cursor)),
            previous: Some(PageStart::Last),
        };
        let pager = Pager::new(&listed, &address);
        assert_eq!(pager.first.as_deref(), Some("/keys?q=a+b%26c"));
        assert_eq!(pager.next.as_deref(), Some("/keys?q=a+b%26c&after=film"));
        assert_eq!(pager.last.as_deref(), Some("/keys?q=a+b%26c&last=true"));
    }

    #[test]
    fn list_that_fits_has_one_page() {
        let listed = Listed::<()> {
            entries: vec![()],
            next: None,
            previous: None,
        };
        let query = Fields::default();
        let address = ListAddress {
            path: "/keys",
            query: &query,
            names: &[],
        };
        assert!(!Pager::new(&listed, &address).has_more());
    }
}
