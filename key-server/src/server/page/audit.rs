// SPDX-License-Identifier: MPL-2.0
//! The audit: filtered, verified, and as a file for spreadsheets.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use content_key_store::{Error as StoreError, KeyStore, Page};

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::pager::{Pager, address, asked};
use super::response::render;
use super::settings::wrong;
use super::time_text::UtcTime;
use crate::audit::{self, AuditEntry, AuditFilter};
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

/// The fields by which the list is narrowed.
const NAMES: [&str; 5] = ["actor", "action", "object", "since", "until"];
/// Rows of a file at most.
const ROWS: u32 = 100_000;

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

/// The end of an audit that is whole.
struct Head {
    rows: u64,
    mac: String,
}

async fn audit_page((app, visitor): (&App, &Visitor), query: Fields) -> Result<AuditPage, Problem> {
    visitor.needs(Permission::ReadAudit)?;
    let page = asked(&query);
    let (mut entries, problem) = match filter(&query) {
        Ok(filter) => {
            let found = app.with_store(visitor.name(), move |store| {
                audit::list(store, &filter, page)
            });
            (found.await?, None)
        }
        Err(problem) => (Vec::new(), Some(problem)),
    };
    Ok(AuditPage {
        layout: Layout::new(visitor, Section::Audit, &query),
        pager: Pager::cut(&mut entries, "/audit", (&query, &NAMES)),
        entries,
        csv: address("/audit.csv", (&query, &NAMES), None),
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
    render(&audit_page((&app, &visitor), query).await?)
}

fn filter(query: &Fields) -> Result<AuditFilter, Problem> {
    let time = |name: &str| {
        let time = query
            .given(name)
            .map(|text| UtcTime::parse(&text).ok_or(()));
        let time = time.transpose();
        let text = "times are written as 2026-01-31T23:59";
        let time = time.map_err(|()| wrong(name, text))?;
        Ok::<_, Problem>(time.map(|moment| moment.0))
    };
    Ok(AuditFilter {
        actor: query.given("actor"),
        action: query.given("action"),
        object: query.given("object"),
        since: time("since")?,
        until: time("until")?,
    })
}

/// It changes nothing, so that its answer needs no other address.
async fn verify(State(app): State<App>, form: SafeForm<Fields>) -> Result<Response, Problem> {
    let visitor = form.visitor;
    let mut shown = audit_page((&app, &visitor), Fields::default()).await?;
    let verified = app.with_store(visitor.name(), |store| match store.verify_audit() {
        Err(error @ StoreError::AuditBroken { .. }) => Ok(Err(error.to_string())),
        found => found.map(Ok),
    });
    shown.verified = Some(verified.await?.map(|head| Head {
        rows: head.rows,
        mac: head.mac.iter().map(|byte| format!("{byte:02x}")).collect(),
    }));
    render(&shown)
}

async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ReadAudit)?;
    let filter = filter(&query)?;
    let text = app.with_store(visitor.name(), move |store| csv(store, &filter));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.csv\"",
        ),
    ];
    Ok((headers, text.await?).into_response())
}

/// RFC 4180.
fn csv(store: &KeyStore, filter: &AuditFilter) -> Result<String, StoreError> {
    let page = Page {
        offset: 0,
        limit: ROWS,
    };
    let mut text = "row,time,actor,action,object,result\r\n".to_owned();
    for entry in audit::list(store, filter, page)? {
        let fields = [
            &entry.seq.to_string(),
            &UtcTime(entry.time).iso(),
            &entry.actor,
            &entry.action,
            &entry.object,
            &entry.result,
        ];
        let fields: Vec<_> = fields.into_iter().map(|field| cell(field)).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// Spreadsheets take texts for formulas that begin like one, and somebody who is not signed in can put texts into the audit.
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
