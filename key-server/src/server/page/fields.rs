// SPDX-License-Identifier: MPL-2.0
//! What a form or a query holds.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

/// Names and values, in their order; a name may come several times. It may hold secrets and cannot be printed.
#[derive(Default)]
pub struct Fields(Vec<(String, Zeroizing<String>)>);

impl Fields {
    /// The first value of a name, without white space around it; an empty text where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default().trim()
    }

    /// The same, where somebody gave one.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let same = move |(known, _): &&(String, Zeroizing<String>)| known == name;
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// A value that is wiped when dropped.
    pub fn secret(&self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.text(name).to_owned())
    }

    /// Whether a name has this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|given| given == value)
    }

    /// Puts a value behind the others.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), Zeroizing::new(value.into())));
        self
    }

    /// All but what must not be shown again.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Fields;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("names and values of a form")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            pairs.push((name, Zeroizing::new(value)));
        }
        Ok(Fields(pairs))
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
    fn names_may_come_again_and_secrets_leave() {
        let fields = Fields::default()
            .with("role", "viewer")
            .with("role", "admin")
            .with("key", "x");
        assert_eq!(fields.all("role").collect::<Vec<_>>(), ["viewer", "admin"]);
        assert!(fields.has("role", "admin"));
        assert_eq!(fields.without(&["key"]).given("key"), None);
    }
}
