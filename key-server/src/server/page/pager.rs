// SPDX-License-Identifier: MPL-2.0
//! Lists in pages, with links to the previous and the next one.

use content_key_store::Page;
use url::form_urlencoded::Serializer;

use super::fields::Fields;

/// The rows of a page.
pub const ROWS: u32 = 50;

/// The links to other pages of a list.
pub struct Pager {
    pub previous: Option<String>,
    pub next: Option<String>,
    /// The numbers of the rows, such as `51–100`.
    pub text: String,
}

/// Returns the page that a query names, with one row more, which shows that another page follows.
pub fn requested_page(query: &Fields) -> Page {
    Page {
        offset: query.text("from").parse().unwrap_or(0),
        limit: ROWS + 1,
    }
}

impl Pager {
    /// Cuts off the row that shows that another page follows, and makes the links, which keep the fields `names` of the query.
    pub fn cut<T>(rows: &mut Vec<T>, path: &str, query: &Fields, names: &[&str]) -> Self {
        let (from, size) = (requested_page(query).offset, u64::from(ROWS));
        let is_last = rows.len() <= ROWS as usize;
        rows.truncate(ROWS as usize);
        let link = |from: u64| address(path, query, names, Some(from).filter(|from| *from > 0));
        Self {
            previous: (from > 0).then(|| link(from.saturating_sub(size))),
            next: (!is_last).then(|| link(from.saturating_add(size))),
            text: format!("{}–{}", from + 1, from + rows.len() as u64),
        }
    }

    pub const fn has_more(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

/// Returns a path with those fields `names` of a query that are given, and the number of the first row.
pub fn address(path: &str, query: &Fields, names: &[&str], from: Option<u64>) -> String {
    let mut pairs = Serializer::new(String::new());
    for name in names {
        if let Some(value) = query.given(name) {
            pairs.append_pair(name, &value);
        }
    }
    if let Some(from) = from {
        pairs.append_pair("from", &from.to_string());
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
    fn links_to_other_pages_keep_the_filter() {
        let query = Fields::default().with("q", "a b&c").with("from", "50");
        let mut rows = vec![(); 51];
        let pager = Pager::cut(&mut rows, "/keys", &query, &["q"]);
        assert_eq!(rows.len(), 50);
        assert_eq!(pager.previous.as_deref(), Some("/keys?q=a+b%26c"));
        assert_eq!(pager.next.as_deref(), Some("/keys?q=a+b%26c&from=100"));
        assert_eq!(pager.text, "51–100");
    }

    #[test]
    fn list_that_fits_has_one_page() {
        let mut rows = vec![(); 50];
        assert!(!Pager::cut(&mut rows, "/keys", &Fields::default(), &[]).has_more());
    }
}
