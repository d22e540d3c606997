// SPDX-License-Identifier: MPL-2.0
//! The parts of `/openapi.json` that all resources share: authentication, and the responses of every operation.

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, ServerBuilder,
};

use super::idempotency;
use crate::server::app::App;
use crate::server::problem_details::{FieldProblem, Problem};

const DESCRIPTION: &str = "\
Contents, keys and all that belongs to them.

Sign in with each request: a token as `Authorization: Bearer …`, the same as the password of Basic, or a client certificate. What a
token may do follows from the roles of its account; 403 names those that would do.

Errors are problems of RFC 9457. Lists come in pages; the header `Link` (RFC 8288) has the next and the previous one. Times are those
of RFC 3339. Fields and parameters that are not known are refused.

A POST with the header `Idempotency-Key` is done once: the same request with the same key gets the same answer for 24 hours, without
the headers but `Content-Type`, and another request with that key is refused. Answers that are errors or hold a token or a key in clear
are not remembered.

No answer holds a key in clear but those of `/v1/keys/{kid}/reveal`, of `/v1/keys/{kid}/value`, which licence servers ask, and of the clear
export of a content.";

/// Returns the document without the resources.
pub fn begin(app: &App) -> OpenApi {
    let mut components = ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<FieldProblem>()
        .build();
    for (name, kind) in [
        ("token", HttpAuthScheme::Bearer),
        ("password", HttpAuthScheme::Basic),
    ] {
        components.add_security_scheme(name, SecurityScheme::Http(Http::new(kind)));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("playready-packager")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(License::new(env!("CARGO_PKG_LICENSE"))))
                .build(),
        )
        .servers(Some([ServerBuilder::new()
            .url(&app.settings().public_url)
            .build()]))
        .components(Some(components))
        .security(Some(
            ["token", "password"].map(|name| SecurityRequirement::new(name, [""; 0])),
        ))
        .build()
}

/// Returns the document as text, with the parts that all operations share.
pub fn finish(mut document: OpenApi) -> String {
    for (path, item) in &mut document.paths.paths {
        let PathItem {
            get,
            put,
            post,
            delete,
            ..
        } = item;
        post.iter_mut().for_each(add_key);
        for (method, operation) in [
            ("get", get),
            ("put", put),
            ("post", post),
            ("delete", delete),
        ] {
            let Some(operation) = operation else { continue };
            // The functions' names are not unique.
            operation.operation_id =
                Some(format!("{method}{}", path.replace(['/', '{', '}'], "_")));
            add_problem(operation);
        }
    }
    document.to_json().unwrap_or_default()
}

fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    operation.responses.responses.insert(
        "default".to_owned(),
        RefOr::T(
            ResponseBuilder::new()
                .description("The problem and its remedy.")
                .content("application/problem+json", content)
                .build(),
        ),
    );
}

fn add_key(operation: &mut Operation) {
    let parameter = ParameterBuilder::new()
        .name(idempotency::HEADER)
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Any text that no other request of the last 24 hours has used.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[!-~]+$")),
        ))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(parameter));
}
