// SPDX-License-Identifier: MPL-2.0
//! The fields of a form or a query.

use std::fmt;

use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::server::app::App;
use crate::server::auth::GuardedFields;
use crate::server::problem_details::Problem;
use crate::server::wiped_body::WipedBody;

/// Names and values in their order; a name may occur several times. They may hold secrets and cannot be printed.
#[derive(Default)]
pub struct Fields(Vec<FormField>);

struct FormField {
    name: String,
    value: Zeroizing<String>,
}

impl Fields {
    /// Returns the first value of a name, trimmed; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default().trim()
    }

    /// Returns the first value of a name, trimmed; None when it is missing or empty.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// Returns all values of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |field| field.name == name)
            .map(|field| field.value.as_str())
    }

    /// Returns the first value of a name in memory that is wiped when dropped.
    pub fn secret(&self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.text(name).to_owned())
    }

    /// True if a name has this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|given| given == value)
    }

    /// Appends a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push(FormField {
            name: name.to_owned(),
            value: Zeroizing::new(value.into()),
        });
        self
    }

    /// Removes the fields of these names.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|field| !names.contains(&field.name.as_str()));
        self
    }
}

impl Fields {
    /// Reads a form (`application/x-www-form-urlencoded`). All copies of its values are wiped, since they may be keys.
    fn from_form(body: &[u8]) -> Self {
        let pairs = body.split(|byte| *byte == b'&');
        Self(
            pairs
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let mut parts = pair.splitn(2, |byte| *byte == b'=');
                    let mut part = || decode(parts.next().unwrap_or_default());
                    FormField {
                        name: part().to_string(),
                        value: part(),
                    }
                })
                .collect(),
        )
    }
}

/// Decodes a name or a value. A `%` without two hexadecimal digits stays, as in the URL Standard.
fn decode(text: &[u8]) -> Zeroizing<String> {
    // With the capacity for all, no copy remains of it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => match escaped(after) {
                Some(byte) => {
                    rest = after.get(2..).unwrap_or_default();
                    byte
                }
                None => b'%',
            },
            byte => *byte,
        });
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Zeroizing::new(text.to_owned()),
        Err(_) => Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Reads the two digits after a `%`.
fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |index| char::from(*after.get(index)?).to_digit(16);
    let (high, low): (Option<u32>, Option<u32>) = (digit(0), digit(1));
    u8::try_from(high? * 16 + low?).ok()
}

impl FromRequest<App> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is to be a form: use the page",
            ));
        }
        let body = WipedBody::from_request(request, app).await?;
        Ok(Self::from_form(body.as_bytes()))
    }
}

impl GuardedFields for Fields {
    fn take_guard(&mut self) -> Zeroizing<String> {
        match self.0.iter().position(|field| field.name == "csrf") {
            Some(index) => self.0.remove(index).value,
            None => Zeroizing::default(),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("names and values of a form")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            fields = fields.with(&name, value);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_trimmed_and_empty_ones_are_not_given() {
        let fields = Fields::default().with("a", " 1\r\n").with("b", "  ");
        assert_eq!(fields.text("a"), "1");
        assert_eq!(fields.given("b"), None);
        assert_eq!(fields.text("c"), "");
    }

    #[test]
    fn forms_are_decoded_as_the_url_standard_says() {
        for form in [
            "a=1&b=2&a=3",
            "a=x+y%20z&%61=%C3%A9&=v&n&&m==",
            "a=%&b=%4&c=%zz&d=%+1&e=%2B&f=100%25",
            "a=%ff%fe&b=\u{e9}",
            "",
        ] {
            let expected: Vec<_> = url::form_urlencoded::parse(form.as_bytes())
                .into_owned()
                .collect();
            let found: Vec<_> = Fields::from_form(form.as_bytes())
                .0
                .iter()
                .map(|field| (field.name.clone(), field.value.to_string()))
                .collect();
            assert_eq!(found, expected, "{form}");
        }
    }

    #[test]
    fn names_may_repeat_and_secrets_are_removed() {
        let fields = Fields::default()
            .with("role", "viewer")
            .with("role", "admin")
            .with("key", "x");
        assert_eq!(fields.all("role").collect::<Vec<_>>(), ["viewer", "admin"]);
        assert!(fields.has("role", "admin"));
        assert_eq!(fields.without(&["key"]).given("key"), None);
    }
}
