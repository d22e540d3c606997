// SPDX-License-Identifier: MPL-2.0
//! Lists in pages, with links to the next and the previous page (RFC 8288).

use axum::Json;
use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use content_key_store::Page;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::{Serializer, parse};
use utoipa::IntoParams;

use super::body::{bad, fault};
use crate::server::app::App;
use crate::server::problem_details::Problem;

/// The longest page.
const LONGEST: u32 = 1000;
/// The largest offset of a page.
const LAST: u64 = 1_000_000_000;

/// The page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// The most entries of the page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// The number of entries before the page.
    #[param(maximum = 1000000000, default = 0)]
    offset: u64,
}

/// A query, and the page of the list that it selects.
pub struct Paged<Q> {
    pub query: Q,
    uri: Uri,
    limit: u32,
    offset: u64,
}

/// A page of a list.
pub struct List<T> {
    entries: Vec<T>,
    links: Option<String>,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            limit: 100,
            offset: 0,
        }
    }
}

impl<Q> Paged<Q> {
    /// Returns the rows to fetch: one more than the page has, to see if another page follows.
    pub const fn to_fetch(&self) -> Page {
        Page {
            offset: self.offset,
            limit: self.limit + 1,
        }
    }

    /// Returns the page, made from the fetched entries.
    pub fn list<T>(&self, mut entries: Vec<T>) -> List<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_next = entries.len() > limit;
        entries.truncate(limit);
        self.linked(entries, has_next)
    }

    /// Returns a page of fetched groups; the limit counts the entries in the groups.
    pub fn grouped<G, T>(
        &self,
        mut groups: Vec<G>,
        entries: impl Fn(&mut G) -> &mut Vec<T>,
    ) -> List<G> {
        let mut left = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut has_next = false;
        for group in &mut groups {
            let entries = entries(group);
            has_next |= entries.len() > left;
            entries.truncate(left);
            left -= entries.len();
        }
        groups.retain_mut(|group| !entries(group).is_empty());
        self.linked(groups, has_next)
    }

    fn linked<T>(&self, entries: Vec<T>, has_next: bool) -> List<T> {
        let step = u64::from(self.limit);
        let next = has_next.then(|| self.link("next", self.offset.saturating_add(step)));
        let previous =
            (self.offset > 0).then(|| self.link("prev", self.offset.saturating_sub(step)));
        let links: Vec<_> = next.into_iter().chain(previous).collect();
        List {
            entries,
            links: (!links.is_empty()).then(|| links.join(", ")),
        }
    }

    fn link(&self, relation: &str, offset: u64) -> String {
        let query = self.uri.query().unwrap_or_default();
        format!(
            "<{}?{}>; rel=\"{relation}\"",
            self.uri.path(),
            Serializer::new(String::new())
                .extend_pairs(parse(query.as_bytes()).filter(|(name, _)| name != "offset"))
                .append_pair("offset", &offset.to_string())
                .finish()
        )
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
            parse(query.as_bytes()).partition(|(name, _)| matches!(&**name, "limit" | "offset"));
        let page: Paging = read(page)?;
        if page.limit == 0 || page.limit > LONGEST || page.offset > LAST {
            return Err(bad(format!(
                "a page has a limit of 1 to {LONGEST} and an offset of at most {LAST}: change limit or offset"
            )));
        }
        Ok(Self {
            query: read(rest)?,
            uri,
            limit: page.limit,
            offset: page.offset,
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
