// SPDX-License-Identifier: MPL-2.0
//! The actor of a request, with the contents that it may use. Each function of the store that reads or changes a content or a key
//! checks it, and lists leave out the rest.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cenc_types::KeyId;

use super::database::Value;
use super::model::check_name;
use super::signed_rows::SignedRow;
use super::transaction::Transaction;
use super::{Error, KeySlot, KeyStore, NewKey, NewKeySource};

/// The most patterns of an actor.
const MOST: usize = 50;

/// An SQL condition that an actor may use a content. The arguments are the column with the content's id, and the parameter for which
/// [`Transaction::limited_actor`] returns the value.
#[macro_export]
macro_rules! may_use_content {
    ($content:literal, $actor:literal) => {
        concat!(
            "(",
            $actor,
            " = '' OR EXISTS (SELECT 1 FROM account_content WHERE account = ",
            $actor,
            " AND (pattern = ",
            $content,
            " OR (substr(pattern, length(pattern), 1) = '*' AND substr(",
            $content,
            ", 1, length(pattern) - 1) = substr(pattern, 1, length(pattern) - 1)))))"
        )
    };
}

/// An SQL condition that an actor may use a key. The arguments are as those of [`may_use_content`], with the column of the KID.
#[macro_export]
macro_rules! may_use_key {
    ($kid:literal, $actor:literal) => {
        concat!(
            "(",
            $actor,
            " = '' OR EXISTS (SELECT 1 FROM key_slot AS used WHERE used.kid = ",
            $kid,
            " AND ",
            $crate::may_use_content!("used.content_id", $actor),
            "))"
        )
    };
}

/// A pattern of content ids: one id, or the start of ids and a final `*`, which matches any characters or none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContentPattern(String);

/// The contents that an actor may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentScope(
    /// None for all contents.
    Option<Arc<BTreeSet<ContentPattern>>>,
);

/// The actor of a request.
#[derive(Debug, Clone)]
pub struct Actor {
    name: Arc<str>,
    scope: ContentScope,
}

/// An object that a limited actor has tried to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outside {
    /// A content.
    #[error("content '{0}' is not one of them")]
    Content(String),
    /// A key that is in no slot of its contents, or not in the store.
    #[error("KID {0} is of no key of theirs")]
    Key(KeyId),
    /// A change of a key that other contents use too.
    #[error("other contents use key {0} too")]
    SharedKey(KeyId),
    /// A key that another content has.
    #[error("another content has the same key")]
    SameKey,
    /// A key without a content.
    #[error("the request names none of them")]
    NoContent,
    /// Something that concerns all contents.
    #[error("this concerns all contents")]
    AllContents,
}

impl ContentPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Error::BadPattern`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_name("pattern", text)?;
        match text.strip_suffix('*').unwrap_or(text).contains('*') {
            true => Err(Error::BadPattern(text.to_owned())),
            false => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn matches(&self, content_id: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => content_id.starts_with(start),
            None => self.0 == content_id,
        }
    }
}

impl ContentScope {
    /// Makes the scope of patterns; all contents if there are none.
    ///
    /// # Errors
    /// [`Error::TooManyPatterns`].
    pub fn of(patterns: BTreeSet<ContentPattern>) -> Result<Self, Error> {
        match patterns.len() {
            0 => Ok(Self(None)),
            1..=MOST => Ok(Self(Some(Arc::new(patterns)))),
            _ => Err(Error::TooManyPatterns(MOST)),
        }
    }

    /// Reads the patterns of a scope; no text means all contents.
    ///
    /// # Errors
    /// [`Error::BadPattern`], [`Error::TooManyPatterns`].
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Error> {
        Self::of(
            texts
                .into_iter()
                .map(ContentPattern::parse)
                .collect::<Result<_, _>>()?,
        )
    }

    /// True if there are contents that are not in the scope.
    pub const fn is_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the patterns; none for all contents.
    pub fn patterns(&self) -> impl Iterator<Item = &ContentPattern> {
        self.0.iter().flat_map(|patterns| patterns.iter())
    }

    /// True if a content is in the scope.
    pub fn includes(&self, content_id: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(content_id)))
    }
}

impl fmt::Display for ContentScope {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.patterns().map(ContentPattern::as_str).collect();
        match patterns.as_slice() {
            [] => text.write_str("all"),
            patterns => text.write_str(&patterns.join(", ")),
        }
    }
}

impl Actor {
    /// Makes an actor by its name in the audit.
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn new(name: &str, scope: ContentScope) -> Result<Self, Error> {
        check_name("actor", name)?;
        Ok(Self {
            name: name.into(),
            scope,
        })
    }

    /// Makes the actor of a program that gives no name.
    pub(super) fn unnamed() -> Self {
        Self {
            name: "unnamed".into(),
            scope: ContentScope::default(),
        }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the contents that it may use.
    pub const fn scope(&self) -> &ContentScope {
        &self.scope
    }

    /// Checks that the actor may use a content.
    ///
    /// # Errors
    /// [`Error::OutsideContents`].
    pub fn check_content(&self, id: &str) -> Result<(), Error> {
        match self.scope.includes(id) {
            true => Ok(()),
            false => Err(self.outside(Outside::Content(id.to_owned()))),
        }
    }

    /// Checks that the actor may do what concerns all contents.
    ///
    /// # Errors
    /// [`Error::OutsideContents`].
    pub fn check_all_contents(&self) -> Result<(), Error> {
        match self.scope.is_limited() {
            false => Ok(()),
            true => Err(self.outside(Outside::AllContents)),
        }
    }

    pub(super) fn outside(&self, what: Outside) -> Error {
        Error::OutsideContents {
            actor: self.name.to_string(),
            patterns: self.scope.to_string(),
            what,
        }
    }

    /// Returns the error for a KID without a key. A limited actor gets that of a key that it may not use, so that it does not learn
    /// which KIDs others have.
    pub(super) fn no_key(&self, kid: &KeyId) -> Error {
        match self.scope.is_limited() {
            true => self.outside(Outside::Key(*kid)),
            false => Error::NoKey(*kid),
        }
    }
}

impl KeyStore {
    /// Returns the same store for another actor.
    #[must_use]
    pub fn acting_as(&self, actor: &Actor) -> Self {
        Self {
            actor: actor.clone(),
            ..self.clone()
        }
    }

    /// Returns the actor.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Checks that the actor may insert a key: a limited one only into its contents. It may not derive the key of any KID from a seed,
    /// since other contents may have keys from it.
    pub(super) fn check_insert(&self, new: &NewKey, slots: &[KeySlot]) -> Result<(), Error> {
        let actor = &self.actor;
        for slot in slots {
            actor.check_content(&slot.content_id)?;
        }
        if matches!(new.source, NewKeySource::Seed(_)) {
            actor.check_all_contents()?;
        }
        match actor.scope().is_limited() && slots.is_empty() {
            true => Err(actor.outside(Outside::NoContent)),
            false => Ok(()),
        }
    }
}

/// A key's use by contents inside and outside the actor's scope.
struct KeyUse {
    inside: bool,
    outside: bool,
}

impl Transaction<'_> {
    /// Returns the actor.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the value for the conditions [`may_use_content`] and [`may_use_key`](crate::may_use_key): the name of an account that is
    /// limited to contents, or else an empty text.
    ///
    /// # Errors
    /// [`Error::RowChanged`], [`Error::RowsChanged`] if the account was changed by another program.
    pub fn limited_actor(&mut self) -> Result<Value, Error> {
        if !self.actor.scope.is_limited() {
            return Ok("".into());
        }
        let name = Arc::clone(&self.actor.name);
        self.verify(SignedRow::Account(&name))?;
        Ok((&*name).into())
    }

    /// Checks that the actor may use the key of a KID, which need not exist.
    ///
    /// # Errors
    /// [`Error::OutsideContents`].
    pub fn check_key(&mut self, kid: &KeyId) -> Result<(), Error> {
        match self.actor.scope.is_limited() && !self.key_use(kid)?.inside {
            true => Err(self.actor.outside(Outside::Key(*kid))),
            false => Ok(()),
        }
    }

    /// Checks that the actor may change a key: no content that it may not use has it.
    pub(super) fn check_key_change(&mut self, kid: &KeyId) -> Result<(), Error> {
        self.check_key(kid)?;
        match self.actor.scope.is_limited() && self.key_use(kid)?.outside {
            true => Err(self.actor.outside(Outside::SharedKey(*kid))),
            false => Ok(()),
        }
    }

    fn key_use(&mut self, kid: &KeyId) -> Result<KeyUse, Error> {
        let sql = "SELECT DISTINCT content_id FROM key_slot WHERE kid = $1";
        let mut found = KeyUse {
            inside: false,
            outside: false,
        };
        for mut row in self.run(sql, &[kid.into()])? {
            match self.actor.scope.includes(&row.text()?) {
                true => found.inside = true,
                false => found.outside = true,
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_star_stands_for_any_characters_or_none() {
        for (patterns, inside, outside) in [
            (
                vec!["news/*"],
                vec!["news/", "news/1", "news/1/2", "news/*"],
                vec!["news", "News/1", "sport/news/1", ""],
            ),
            (vec!["news"], vec!["news"], vec!["news/1", "new", "newsy"]),
            (vec!["news*"], vec!["news", "news/1", "newsy"], vec!["new"]),
            (vec!["*"], vec!["", "news", "*"], vec![]),
            (vec!["a", "b/*"], vec!["a", "b/1"], vec!["b", "a/1", "c"]),
            (vec!["%", "_b*"], vec!["%", "_b", "_b%"], vec!["x", "ab"]),
            // The same letter in two forms of Unicode is two ids.
            (vec!["\u{e9}*"], vec!["\u{e9}1"], vec!["e\u{301}1"]),
            (vec![], vec!["", "anything"], vec![]),
        ] {
            let scope = ContentScope::parse(patterns.iter().copied()).unwrap();
            for id in inside {
                assert!(scope.includes(id), "{scope}: {id}");
            }
            for id in outside {
                assert!(!scope.includes(id), "{scope}: {id}");
            }
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for text in [
            "*/news",
            "news/*/hd",
            "**",
            "",
            "a\nb",
            "a\u{202e}*",
            &"a".repeat(256),
        ] {
            assert!(ContentPattern::parse(text).is_err(), "{text:?}");
        }
        let many: Vec<_> = (0..=MOST).map(|index| format!("{index}/*")).collect();
        let parse = |count| ContentScope::parse(many.iter().take(count).map(String::as_str));
        assert!(parse(MOST).is_ok());
        assert!(matches!(parse(MOST + 1), Err(Error::TooManyPatterns(MOST))));
    }
}
