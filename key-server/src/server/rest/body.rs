// SPDX-License-Identifier: MPL-2.0
//! Bodies of requests in JSON. Errors name the fault without repeating the body, which may hold a key.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::server::app::App;
use crate::server::problem_details::Problem;
use crate::server::service_errors::unprocessable;
use crate::server::wiped_body::WipedBody;

/// A body of JSON; unknown fields are refused.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is to be JSON: send it with 'Content-Type: application/json'",
            ));
        }
        let body = WipedBody::from_request(request, app).await?;
        Json::<T>::from_bytes(body.as_bytes())
            .map(|Json(value)| Self(value))
            .map_err(|rejection| refused(&rejection))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| {
            let kind = kind.trim().to_ascii_lowercase();
            kind == "application/json"
                || kind.starts_with("application/") && kind.ends_with("+json")
        })
}

fn refused(rejection: &JsonRejection) -> Problem {
    let detail = match rejection {
        JsonRejection::JsonDataError(_) => fault(&rejection.body_text()),
        JsonRejection::JsonSyntaxError(_) => "the body is not JSON".to_owned(),
        _ => "the body cannot be read, or is too long".to_owned(),
    };
    Problem::new(rejection.status(), detail)
}

/// Returns serde's message about data that do not fit, without the data.
pub fn fault(text: &str) -> String {
    const ABOUT_NAMES: [&str; 3] = ["missing field", "duplicate field", "unknown field"];
    const ABOUT_VALUES: [&str; 4] = [
        "unknown variant",
        "invalid type",
        "invalid value",
        "invalid length",
    ];
    let find = |starts: &[&str]| starts.iter().filter_map(|start| text.find(start)).min();
    if let Some(start) = find(&ABOUT_NAMES) {
        return text.get(start..).unwrap_or_default().to_owned();
    }
    match find(&ABOUT_VALUES).and_then(|_| text.rsplit_once(", expected ")) {
        Some((_, wanted)) => format!("a value is not as wanted: expected {wanted}"),
        None => "a value is not as wanted: see /openapi.json".to_owned(),
    }
}

/// Checks the reason for showing keys, which the audit keeps.
///
/// # Errors
/// A problem with status 422.
pub fn reason(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    match (1..=200).contains(&text.chars().count()) {
        true => Ok(text),
        false => Err(unprocessable(
            "a reason has 1 to 200 characters: the audit keeps it",
        )),
    }
}

/// Returns the problem of a request that does not fit the description, with status 400.
pub fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_without_values() {
        let key = "00112233445566778899aabbccddeeff";
        let wrong = serde_json::from_str::<std::collections::BTreeMap<String, u8>>(&format!(
            "{{\"a\": \"{key}\"}}"
        ));
        let told = fault(&wrong.unwrap_err().to_string());
        assert_eq!(
            told,
            format!(
                "a value is not as wanted: expected u8 at line 1 column {}",
                key.len() + 8
            )
        );
        assert_eq!(
            fault("Failed to do: source: missing field `key` at line 1 column 2"),
            "missing field `key` at line 1 column 2"
        );
        assert!(!fault(&format!("what comes next: {key}")).contains(key));
    }
}
