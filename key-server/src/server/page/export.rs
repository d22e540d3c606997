// SPDX-License-Identifier: MPL-2.0
//! The page that exports a content's keys as a CPIX document: encrypted to a certificate, or in clear for a stated reason.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cpix::Version;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{render, render_refused};
use super::settings::field_error;
use crate::operations::Error;
use crate::operations::cpix_documents::{Export, Recipient, export};
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new().route("/contents/{id}/cpix", get(show_form).post(send_document))
}

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    layout: Layout,
    id: String,
    form: Form,
    may_clear: bool,
}

fn export_page(visitor: &Visitor, id: String, form: Form) -> ExportPage {
    ExportPage {
        layout: Layout::new(visitor, Section::Contents, &Fields::default()),
        id,
        form,
        may_clear: visitor.may(Permission::SeeClearKeys),
    }
}

async fn show_form(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageKeys)?;
    let content_id = id.clone();
    app.with_store(visitor.actor(), move |store| store.content(&content_id))
        .await?;
    render(&export_page(&visitor, id, Form::filled(query)))
}

async fn send_document(
    State(app): State<App>,
    Path(id): Path<String>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageKeys)?;
    if !fields.has("to", "certificate") {
        visitor.needs(Permission::SeeClearKeys)?;
    }
    let exported = match recipient(&fields) {
        Ok(recipient) => {
            let content_id = id.clone();
            app.with_store(visitor.actor(), move |store| {
                export(store, &content_id, &recipient, Version::V2_4).map_err(problem)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    match exported {
        Ok(export) => Ok(document(&export)),
        Err(problem) => render_refused(&export_page(
            &visitor,
            id,
            Form::refused(fields, problem, "")?,
        )),
    }
}

fn recipient(fields: &Fields) -> Result<Recipient, Problem> {
    let needed =
        |field: &str, what: &str| fields.given(field).ok_or_else(|| field_error(field, what));
    if fields.has("to", "certificate") {
        return Ok(Recipient::Certificate {
            name: needed("recipient", "name the recipient")?,
            pem: needed("certificate", "paste the recipient's certificate")?.into_bytes(),
        });
    }
    Ok(Recipient::Clear {
        reason: needed("reason", "say why you export the keys in clear")?,
    })
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Pem(_) | Error::Cpix(_) => field_error("certificate", error.to_string()),
        _ => error.into(),
    }
}

/// Sends the document as a download. Its name is fixed, so that no text of the content gets into a header.
fn document(export: &Export) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/xml"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"keys.cpix\"",
        ),
    ];
    (headers, export.xml.to_string()).into_response()
}
