// SPDX-License-Identifier: MPL-2.0
//! The fields of a form or a query.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

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
