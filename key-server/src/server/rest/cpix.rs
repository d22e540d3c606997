// SPDX-License-Identifier: MPL-2.0
//! `/cpix` and `/contents/{id}/cpix`: keys out of documents of other systems, and into them.

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

/// A document whose keys are to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    /// CPIX of any version from 2.0 to 2.4.
    #[schema(value_type = String)]
    document: Secret,
    /// The private key for documents that are encrypted: RSA, PKCS #8 in PEM. It is used once and not kept.
    #[schema(value_type = Option<String>)]
    private_key: Option<Secret>,
    /// The content's id, where the document names none, or another one is meant.
    content: Option<String>,
    /// The scheme of keys for which the document names none.
    scheme: Option<SchemeName>,
}

/// What came of a document.
#[derive(Serialize, ToSchema)]
struct Imported {
    /// The content that has the keys now; null where nobody named one.
    content: Option<String>,
    /// The keys, in the document's order.
    keys: Vec<ImportedKey>,
}

/// A key of a document.
#[derive(Serialize, ToSchema)]
struct ImportedKey {
    /// Its KID.
    kid: KeyIdForms,
    /// Whether the store had it already.
    was_there: bool,
    /// Other KIDs that have the same key, which devices of security level 3000 do not want.
    same_key: Vec<KeyIdForms>,
}

/// Which document is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// To whom the keys go.
    recipient: RecipientOf,
    /// The version of CPIX.
    #[serde(default)]
    version: VersionOf,
}

/// To whom keys go.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum RecipientOf {
    /// Encrypted to an RSA certificate in PEM.
    Certificate(String),
    /// In the clear, for this reason, which the audit keeps. It takes the role key-admin.
    Clear(String),
}

/// A version of CPIX.
#[derive(Default, Deserialize, ToSchema)]
enum VersionOf {
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
    /// The KIDs, in its order.
    kids: Vec<KeyIdForms>,
    /// What is to be said of the recipient's key.
    warning: Option<String>,
}

/// Import the keys of a CPIX document
///
/// Each goes to the tracks and crypto periods that the document's usage rules name. The same document again changes nothing. Takes
/// the role key-admin.
#[utoipa::path(post, path = "/cpix", tag = "cpix", request_body = NewDocument, responses((status = 200, body = Imported)))]
async fn import(
    caller: Caller<ManageKeys>,
    Body(new): Body<NewDocument>,
) -> Result<Json<Imported>, Problem> {
    let done = caller.with_store(move |store| {
        let private = new.private_key.as_ref();
        let private = private.map(|pem| cpix_documents::private_key(pem.0.as_bytes()));
        let private = private.transpose()?;
        let asked = Import {
            private: private.as_ref().map(|key| key as &dyn UnwrapKey),
            content_id: new.content.as_deref(),
            scheme: new.scheme.map(|Word(scheme)| scheme),
        };
        cpix_documents::import(store, new.document.0.as_bytes(), &asked)
    });
    done.await.map(Imported::from).map(Json)
}

/// Export a content's keys as a CPIX document
///
/// All of them, with the rules of the tracks and the crypto periods. Each key that leaves has a row in the audit. Takes the role
/// key-admin.
#[utoipa::path(post, path = "/contents/{id}/cpix", tag = "cpix", params(("id" = String, Path)), request_body = Wanted,
    responses((status = 200, body = Exported)))]
async fn export(
    caller: Caller<ManageKeys>,
    Name(id): Name,
    Body(wanted): Body<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    if matches!(wanted.recipient, RecipientOf::Clear(_)) {
        caller.needs(Permission::SeeClearKeys)?;
    }
    let recipient = match wanted.recipient {
        RecipientOf::Certificate(pem) => Recipient::Certificate {
            pem: pem.into_bytes(),
            name: "the certificate of the request".to_owned(),
        },
        RecipientOf::Clear(text) => Recipient::Clear {
            reason: reason(&text)?.to_owned(),
        },
    };
    let version = match wanted.version {
        VersionOf::V23 => Version::V2_3,
        VersionOf::V24 => Version::V2_4,
    };
    let made =
        caller.with_store(move |store| cpix_documents::export(store, &id, &recipient, version));
    let made = made.await?;
    Ok(Confidential::json(Exported {
        document: Secret(made.xml),
        kids: made.kids.into_iter().map(KeyIdForms::from).collect(),
        warning: made.warning,
    }))
}

impl From<cpix_documents::Imported> for Imported {
    fn from(done: cpix_documents::Imported) -> Self {
        let keys = done.keys.into_iter().map(|key| ImportedKey {
            kid: key.kid.into(),
            was_there: key.was_there,
            same_key: key.same_key.into_iter().map(KeyIdForms::from).collect(),
        });
        Self {
            content: done.content_id,
            keys: keys.collect(),
        }
    }
}
