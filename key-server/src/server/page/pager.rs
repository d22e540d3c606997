// SPDX-License-Identifier: MPL-2.0
//! Lists in pages: which part is asked for, and the ways to the parts before and behind it.

use content_key_store::Page;
use url::form_urlencoded::Serializer;

use super::fields::Fields;

/// Rows of a page.
pub const ROWS: u32 = 50;

/// The ways to other parts of a list.
pub struct Pager {
    pub before: Option<String>,
    pub behind: Option<String>,
    /// Which rows these are.
    pub text: String,
}

/// The part that a query asks for, with one row more, which tells whether there is a next part.
pub fn asked(query: &Fields) -> Page {
    Page {
        offset: query.text("from").parse().unwrap_or(0),
        limit: ROWS + 1,
    }
}

impl Pager {
    /// Cuts off the row that was one too many.
    pub fn cut<T>(rows: &mut Vec<T>, path: &str, (query, names): (&Fields, &[&str])) -> Self {
        let (from, size) = (asked(query).offset, u64::from(ROWS));
        let is_last = rows.len() <= ROWS as usize;
        rows.truncate(ROWS as usize);
        let to = |from: u64| {
            let from = Some(from.to_string()).filter(|from| from != "0");
            address(path, (query, names), from)
        };
        Self {
            before: (from > 0).then(|| to(from.saturating_sub(size))),
            behind: (!is_last).then(|| to(from.saturating_add(size))),
            text: format!("{}–{}", from + 1, from + rows.len() as u64),
        }
    }

    pub const fn has_more(&self) -> bool {
        self.before.is_some() || self.behind.is_some()
    }
}

/// A path with those fields of a query that were given.
pub fn address(path: &str, (query, names): (&Fields, &[&str]), from: Option<String>) -> String {
    let mut pairs = Serializer::new(String::new());
    for name in names {
        if let Some(value) = query.given(name) {
            pairs.append_pair(name, &value);
        }
    }
    if let Some(from) = from {
        pairs.append_pair("from", &from);
    }
    let pairs = pairs.finish();
    match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{pairs}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_before_and_behind_keep_the_filter() {
        let query = Fields::default().with("q", "a b&c").with("from", "50");
        let mut rows = vec![(); 51];
        let pager = Pager::cut(&mut rows, "/keys", (&query, &["q"]));
        assert_eq!(rows.len(), 50);
        assert_eq!(pager.before.as_deref(), Some("/keys?q=a+b%26c"));
        assert_eq!(pager.behind.as_deref(), Some("/keys?q=a+b%26c&from=100"));
        assert_eq!(pager.text, "51–100");
    }

    #[test]
    fn a_list_that_fits_has_one_part() {
        let mut rows = vec![(); 50];
        assert!(!Pager::cut(&mut rows, "/keys", (&Fields::default(), &[])).has_more());
    }
}
