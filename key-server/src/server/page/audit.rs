// SPDX-License-Identifier: MPL-2.0
//! The page of the audit: filtered, verified, and as a CSV file.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use content_key_store::{Error as StoreError, KeyStore, Page, PageStart};

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::pager::{ListAddress, Pager, ROWS, requested_page};
use super::response::render;
use super::settings::field_error;
use super::time_text::UtcTime;
use crate::audit::{self, AuditEntry, AuditFilter};
use crate::fingerprints::hex;
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

/// The fields of the filter.
const NAMES: [&str; 5] = ["actor", "action", "object", "since", "until"];
/// The most rows of a CSV file.
const CSV_ROWS: usize = 100_000;
/// The rows that are read at a time for it.
const BATCH: u32 = 1000;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/audit", get(list))
        .route("/audit.csv", get(file))
        .route("/audit/verify", post(verify))
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    layout: Layout,
    form: Form,
    entries: Vec<AuditEntry>,
    pager: Pager,
    csv: String,
    verified: Option<Result<Head, String>>,
}

/// The end of an audit that is intact.
struct Head {
    rows: u64,
    mac: String,
}

async fn audit_page(app: &App, visitor: &Visitor, query: Fields) -> Result<AuditPage, Problem> {
    visitor.needs(Permission::ReadAudit)?;
    let page = requested_page(&query, ROWS)?;
    let mut problem = None;
    let address = ListAddress {
        path: "/audit",
        query: &query,
        names: &NAMES,
    };
    let mut pager = Pager::default();
    let entries = match parse_filter(&query) {
        Ok(filter) => {
            let listed = app
                .with_store(visitor.actor(), move |store| {
                    audit::list(store, &filter, &page)
                })
                .await?;
            pager = Pager::new(&listed, &address);
            listed.entries
        }
        Err(refused) => {
            problem = Some(refused);
            Vec::new()
        }
    };
    let csv = ListAddress {
        path: "/audit.csv",
        ..address
    };
    Ok(AuditPage {
        layout: Layout::new(visitor, Section::Audit, &query),
        pager,
        entries,
        csv: csv.at(&PageStart::First),
        form: match problem {
            Some(problem) => Form::refused(query, problem, "since")?,
            None => Form::filled(query),
        },
        verified: None,
    })
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    render(&audit_page(&app, &visitor, query).await?)
}

fn parse_filter(query: &Fields) -> Result<AuditFilter, Problem> {
    let time = |name: &str| match query.given(name) {
        Some(text) => UtcTime::parse(&text)
            .map(|time| Some(time.0))
            .ok_or_else(|| field_error(name, "write the time as 2026-01-31T23:59")),
        None => Ok(None),
    };
    Ok(AuditFilter {
        actor: query.given("actor"),
        action: query.given("action"),
        object: query.given("object"),
        since: time("since")?,
        until: time("until")?,
    })
}

/// Verifies the audit. This changes nothing, so that the response needs no redirect.
async fn verify(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let visitor = form.visitor;
    let mut shown = audit_page(&app, &visitor, Fields::default()).await?;
    let verified = app.with_store(visitor.actor(), |store| match store.verify_audit() {
        Err(error @ StoreError::AuditBroken { .. }) => Ok(Err(error.to_string())),
        found => found.map(Ok),
    });
    shown.verified = Some(verified.await?.map(|head| Head {
        rows: head.rows,
        mac: hex(&head.mac),
    }));
    render(&shown)
}

async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ReadAudit)?;
    let filter = parse_filter(&query)?;
    let text = app
        .with_store(visitor.actor(), move |store| csv(store, &filter))
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}

/// Writes the audit as CSV (RFC 4180).
fn csv(store: &KeyStore, filter: &AuditFilter) -> Result<String, StoreError> {
    let mut text = "row,time,actor,action,object,result\r\n".to_owned();
    let mut page = Page::first(BATCH);
    let mut left = CSV_ROWS;
    while left > 0 {
        let listed = audit::list(store, filter, &page)?;
        for entry in listed.entries.iter().take(left) {
            write_line(&mut text, entry);
        }
        left = left.saturating_sub(listed.entries.len());
        match listed.next {
            Some(start) => page.start = start,
            None => break,
        }
    }
    Ok(text)
}

fn write_line(text: &mut String, entry: &AuditEntry) {
    let fields = [
        &entry.seq.to_string(),
        &UtcTime(entry.time).iso(),
        &entry.actor,
        &entry.action,
        &entry.object,
        &entry.result,
    ];
    text.push_str(&fields.map(|field| cell(field)).join(","));
    text.push_str("\r\n");
}

/// Quotes a field. Spreadsheets run a text that starts like a formula, and people who are not signed in can put texts into the
/// audit, so that such a text gets an apostrophe.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_texts() {
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }
}
