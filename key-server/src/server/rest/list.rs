// SPDX-License-Identifier: MPL-2.0
//! Lists in pages, with links to the first, the previous, the next and the last page (RFC 8288).

use axum::Json;
use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use content_key_store::{Cursor, Listed, Page, PageStart};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::{Serializer, parse};
use utoipa::IntoParams;

use super::body::{bad, fault};
use crate::server::app::App;
use crate::server::problem_details::Problem;

/// The longest page.
const LONGEST: u32 = 1000;
/// The parameters of a page.
const NAMES: [&str; 4] = ["limit", "after", "before", "last"];

/// The page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// The most entries of the page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// The page begins after this place in the list, as a link of another page has it.
    #[param(max_length = 1000)]
    after: Option<String>,
    /// The page ends before this place in the list, as a link of another page has it.
    #[param(max_length = 1000)]
    before: Option<String>,
    /// True for the last page of the list.
    #[param(default = false)]
    last: bool,
}

/// A query, and the page of the list that it selects.
pub struct Paged<Q> {
    pub query: Q,
    pub page: Page,
    /// The address of the list.
    pub list: ListUri,
}

/// The address of a list.
pub struct ListUri(Uri);

/// A page of a list.
pub struct List<T> {
    entries: Vec<T>,
    links: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            limit: 100,
            after: None,
            before: None,
            last: false,
        }
    }
}

impl ListUri {
    /// Returns a page with links to the others.
    pub fn page<T>(&self, listed: Listed<T>) -> List<T> {
        let (next, previous) = (listed.next, listed.previous);
        let first = previous.as_ref().map(|_| ("first", PageStart::First));
        let last = next.as_ref().map(|_| ("last", PageStart::Last));
        let links: Vec<_> = [
            next.map(|start| ("next", start)),
            previous.map(|start| ("prev", start)),
            first,
            last,
        ]
        .into_iter()
        .flatten()
        .map(|(relation, start)| self.link(relation, &start))
        .collect();
        List {
            entries: listed.entries,
            links: (!links.is_empty()).then(|| links.join(", ")),
        }
    }

    fn link(&self, relation: &str, start: &PageStart) -> String {
        let query = self.0.query().unwrap_or_default();
        let mut pairs = Serializer::new(String::new());
        pairs.extend_pairs(
            parse(query.as_bytes())
                .filter(|(name, _)| &**name == "limit" || !NAMES.contains(&&**name)),
        );
        if let Some((name, value)) = start.parameter() {
            pairs.append_pair(name, value);
        }
        let query = pairs.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("<{}{mark}{query}>; rel=\"{relation}\"", self.0.path())
    }
}

impl Paging {
    fn page(&self) -> Result<Page, Problem> {
        if self.limit == 0 || self.limit > LONGEST {
            return Err(bad(format!(
                "a page has a limit of 1 to {LONGEST} entries: change limit"
            )));
        }
        let cursor = |text: &String| Cursor::parse(text).map_err(|error| bad(error.to_string()));
        let start = match (&self.after, &self.before, self.last) {
            (None, None, false) => PageStart::First,
            (None, None, true) => PageStart::Last,
            (Some(after), None, false) => PageStart::After(cursor(after)?),
            (None, Some(before), false) => PageStart::Before(cursor(before)?),
            _ => {
                return Err(bad(
                    "a page has one place: give one of after, before and last",
                ));
            }
        };
        Ok(Page {
            limit: self.limit,
            start,
        })
    }
}

impl<Q: DeserializeOwned> FromRequestParts<App> for Paged<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or_else(|| parts.uri.clone(), |original| original.0.clone());
        let query = uri.query().unwrap_or_default().to_owned();
        let (page, rest): (Vec<_>, Vec<_>) =
            parse(query.as_bytes()).partition(|(name, _)| NAMES.contains(&&**name));
        Ok(Self {
            query: read(rest)?,
            page: read::<Paging>(page)?.page()?,
            list: ListUri(uri),
        })
    }
}

fn read<Q: DeserializeOwned>(
    pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Result<Q, Problem> {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let uri = format!("/?{query}")
        .parse()
        .map_err(|_| bad("the query is too long: send less"))?;
    Query::<Q>::try_from_uri(&uri)
        .map(|Query(query)| query)
        .map_err(|rejection| bad(format!("the query: {}", fault(&rejection.body_text()))))
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.entries).into_response();
        if let Some(links) = self
            .links
            .and_then(|links| HeaderValue::try_from(links).ok())
        {
            response.headers_mut().insert(header::LINK, links);
        }
        response
    }
}
