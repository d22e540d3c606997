// SPDX-License-Identifier: MPL-2.0
//! `/cpix` and `/contents/{id}/cpix`: imports and exports CPIX documents.

use axum::Json;
use axum::response::IntoResponse;
use cpix::{UnwrapKey, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, reason};
use super::caller::{Caller, ManageKeys};
use super::names::{Name as Word, SchemeName};
use super::path::Name;
use super::secret::{Confidential, Secret};
use crate::operations::cpix_documents::{self, Import, Recipient};
use crate::operations::kid::KeyIdForms;
use crate::server::app::App;
use crate::server::auth::Permission;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(export))
}

/// A document to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    /// CPIX of any version from 2.0 to 2.4.
    #[schema(value_type = String)]
    document: Secret,
    /// The private key for documents that are encrypted: RSA, PKCS #8 in PEM. It is used once and not kept.
    #[schema(value_type = Option<String>)]
    private_key: Option<Secret>,
    /// The content's id, which replaces the one in the document.
    content: Option<String>,
    /// The scheme of keys for which the document gives none.
    scheme: Option<SchemeName>,
}

/// The result of an import.
#[derive(Serialize, ToSchema)]
struct Imported {
    /// The content that has the keys now; null if neither the request nor the document names one.
    content: Option<String>,
    /// The keys, in the document's order.
    keys: Vec<ImportedKey>,
}

/// A key of a document.
#[derive(Serialize, ToSchema)]
struct ImportedKey {
    /// Its KID.
    kid: KeyIdForms,
    /// True if the store had it already.
    was_there: bool,
    /// True if the document has a leaf licence of it, which the store keeps.
    leaf_licence: bool,
    /// Other KIDs that have the same key, which security level 3000 does not allow.
    same_key: Vec<KeyIdForms>,
}

/// The document to export.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportRequest {
    /// The recipient of the keys.
    recipient: ExportRecipient,
    /// The version of CPIX.
    #[serde(default)]
    version: CpixVersion,
}

/// The recipient of keys.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum ExportRecipient {
    /// The keys are encrypted to this RSA certificate in PEM.
    Certificate(String),
    /// The keys are in the clear, for this reason, which the audit keeps. Requires the role key-admin.
    Clear(String),
}

/// A version of CPIX.
#[derive(Default, Deserialize, ToSchema)]
enum CpixVersion {
    #[default]
    #[serde(rename = "2.3")]
    V23,
    #[serde(rename = "2.4")]
    V24,
}

/// A document with a content's keys.
#[derive(Serialize, ToSchema)]
struct Exported {
    /// CPIX.
    #[schema(value_type = String)]
    document: Secret,
    /// The KIDs, in the document's order.
    kids: Vec<KeyIdForms>,
    /// A warning about the recipient's key.
    warning: Option<String>,
}

/// Import the keys of a CPIX document
///
/// Each key is assigned to the tracks and crypto periods of the document's usage rules. Repeating the request changes
/// nothing. Requires the role key-admin.
#[utoipa::path(post, path = "/cpix", tag = "cpix", request_body = NewDocument, responses((status = 200, body = Imported)))]
async fn import(
    caller: Caller<ManageKeys>,
    Body(new): Body<NewDocument>,
) -> Result<Json<Imported>, Problem> {
    caller
        .with_store(move |store| {
            let private = new
                .private_key
                .as_ref()
                .map(|pem| cpix_documents::private_key(pem.0.as_bytes()))
                .transpose()?;
            let options = Import {
                private: private.as_ref().map(|key| key as &dyn UnwrapKey),
                content_id: new.content.as_deref(),
                scheme: new.scheme.map(|Word(scheme)| scheme),
            };
            cpix_documents::import(store, new.document.0.as_bytes(), &options)
        })
        .await
        .map(Imported::from)
        .map(Json)
}

/// Export a content's keys as a CPIX document
///
/// The document has all keys, with usage rules for the tracks and the crypto periods. The audit records each key. Requires
/// the role key-admin.
#[utoipa::path(post, path = "/contents/{id}/cpix", tag = "cpix", params(("id" = String, Path)), request_body = ExportRequest,
    responses((status = 200, body = Exported)))]
async fn export(
    caller: Caller<ManageKeys>,
    Name(id): Name,
    Body(request): Body<ExportRequest>,
) -> Result<impl IntoResponse, Problem> {
    if matches!(request.recipient, ExportRecipient::Clear(_)) {
        caller.needs(Permission::SeeClearKeys)?;
    }
    let recipient = match request.recipient {
        ExportRecipient::Certificate(pem) => Recipient::Certificate {
            pem: pem.into_bytes(),
            name: "the certificate of the request".to_owned(),
        },
        ExportRecipient::Clear(text) => Recipient::Clear {
            reason: reason(&text)?.to_owned(),
        },
    };
    let version = match request.version {
        CpixVersion::V23 => Version::V2_3,
        CpixVersion::V24 => Version::V2_4,
    };
    let export = caller
        .with_store(move |store| cpix_documents::export(store, &id, &recipient, version))
        .await?;
    // Quotes and line breaks take two bytes each.
    let size = 2 * export.xml.len() + 200 * export.kids.len() + 1024;
    let exported = Exported {
        document: Secret(export.xml),
        kids: export.kids.into_iter().map(KeyIdForms::from).collect(),
        warning: export.warning,
    };
    Ok(Confidential::json(exported, size))
}

impl From<cpix_documents::Imported> for Imported {
    fn from(imported: cpix_documents::Imported) -> Self {
        Self {
            content: imported.content_id,
            keys: imported
                .keys
                .into_iter()
                .map(|key| ImportedKey {
                    kid: key.kid.into(),
                    was_there: key.was_there,
                    leaf_licence: key.has_leaf_licence,
                    same_key: key.same_key.into_iter().map(KeyIdForms::from).collect(),
                })
                .collect(),
        }
    }
}
