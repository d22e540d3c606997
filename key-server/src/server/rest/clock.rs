// SPDX-License-Identifier: MPL-2.0
//! `/clock`: the time of day, after it has jumped.

use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, ManageAccounts};
use crate::audit;
use crate::server::app::App;
use crate::server::problem_details::Problem;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(accept))
}

/// Accept the clock after a jump
///
/// After a jump of the machine's clock of more than a minute, the server goes on by the time before it, and `/readyz` says so. This
/// accepts the time that the machine shows now. It changes nothing if the clock has not jumped. Requires the role admin.
#[utoipa::path(post, path = "/clock/accept", tag = "store", responses((status = 204)))]
async fn accept(caller: Caller<ManageAccounts>) -> Result<StatusCode, Problem> {
    if let Some(jump) = caller.app.accept_clock() {
        tracing::warn!(%jump, "the clock was accepted");
        caller
            .with_store(move |store| audit::record(store, "accept", "clock", &jump.to_string()))
            .await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
