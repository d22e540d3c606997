// SPDX-License-Identifier: MPL-2.0
//! The page that imports the keys of a CPIX document.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use cenc_types::Scheme;
use content_key_store::KeyStore;
use cpix::UnwrapKey;

use super::fields::Fields;
use super::form::Form;
use super::layout::{Layout, Section};
use super::response::{render, render_refused};
use super::settings::field_error;
use crate::operations::cpix_documents::{Import, Imported, ImportedKey, import, private_key};
use crate::server::app::App;
use crate::server::auth::{Permission, SafeForm, Visitor};
use crate::server::problem_details::Problem;

pub fn routes() -> Router<App> {
    Router::new().route("/import", get(show_form).post(import_document))
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    layout: Layout,
    form: Form,
}

/// The result of an import. The same import again changes nothing, so that the page may be reloaded.
#[derive(Template)]
#[template(path = "imported.html")]
struct ImportResultPage {
    layout: Layout,
    content: Option<String>,
    keys: Vec<ImportedKey>,
}

fn keys_layout(visitor: &Visitor) -> Layout {
    Layout::new(visitor, Section::Keys, &Fields::default())
}

async fn show_form(visitor: Visitor) -> Result<Response, Problem> {
    visitor.needs(Permission::ManageKeys)?;
    render(&ImportPage {
        layout: keys_layout(&visitor),
        form: Form::default(),
    })
}

async fn import_document(
    State(app): State<App>,
    form: SafeForm<Fields>,
) -> Result<Response, Problem> {
    let (visitor, fields) = (form.visitor, form.fields);
    visitor.needs(Permission::ManageKeys)?;
    let import = ImportForm::of(&fields);
    match app
        .with_store(visitor.actor(), move |store| import.import(store))
        .await
    {
        Ok(imported) => render(&ImportResultPage {
            layout: keys_layout(&visitor),
            content: imported.content_id,
            keys: imported.keys,
        }),
        Err(problem) => render_refused(&ImportPage {
            layout: keys_layout(&visitor),
            form: Form::refused(fields, problem, "cpix")?,
        }),
    }
}

/// The fields of the form.
struct ImportForm {
    document: zeroize::Zeroizing<String>,
    private: Option<zeroize::Zeroizing<String>>,
    content: Option<String>,
    scheme: Option<String>,
}

impl ImportForm {
    fn of(fields: &Fields) -> Self {
        Self {
            document: fields.secret("cpix"),
            private: Some(fields.secret("private")).filter(|text| !text.is_empty()),
            content: fields.given("content"),
            scheme: fields.given("scheme"),
        }
    }

    fn import(&self, store: &KeyStore) -> Result<Imported, Problem> {
        let private = self
            .private
            .as_ref()
            .map(|pem| private_key(pem.as_bytes()))
            .transpose()
            .map_err(|error| field_error("private", error.to_string()))?;
        let options = Import {
            private: private.as_ref().map(|key| key as &dyn UnwrapKey),
            content_id: self.content.as_deref(),
            scheme: self
                .scheme
                .as_ref()
                .map(|text| text.parse::<Scheme>())
                .transpose()
                .map_err(|error| field_error("scheme", error.to_string()))?,
        };
        Ok(import(store, self.document.as_bytes(), &options)?)
    }
}
