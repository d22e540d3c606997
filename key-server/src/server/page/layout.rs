// SPDX-License-Identifier: MPL-2.0
//! What all screens have around them: the way to the others, who is signed in, and what was just done.

use super::fields::Fields;
use crate::server::auth::{Permission, Visitor};

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Overview,
    Contents,
    Keys,
    Seeds,
    Targets,
    Audit,
    Accounts,
    Store,
    /// A screen of no part.
    Nowhere,
}

/// The layout of a screen.
pub struct Layout {
    /// Who is signed in; an empty text: nobody.
    pub name: String,
    /// What forms carry.
    pub csrf: String,
    pub links: Vec<Link>,
    /// What was just done; an empty text: nothing.
    pub done: &'static str,
}

/// A way to another part.
pub struct Link {
    pub href: &'static str,
    pub text: &'static str,
    pub is_here: bool,
}

/// What was done, by the name that the address has for it: an address cannot make the page say anything else.
const DONE: [(&str, &str); 18] = [
    ("account", "The account was saved."),
    ("again", "The delivery will be tried again."),
    ("content", "The content was saved."),
    ("disabled", "The account was disabled."),
    ("enabled", "The account was enabled."),
    (
        "imported",
        "The keys of the document are in the store and on their way to their targets.",
    ),
    (
        "key",
        "The key is in the store and on its way to its targets.",
    ),
    ("removed-content", "The content was removed."),
    ("removed-target", "The target was removed."),
    ("retired", "The key was retired: it protects nothing new."),
    (
        "retired-seed",
        "The seed was retired: no more keys come from it.",
    ),
    ("revoked", "The token was revoked."),
    (
        "rotated",
        "The next crypto period has its keys, and they are on their way to their targets.",
    ),
    ("seed", "The seed was added. It is not shown again."),
    ("target", "The target was saved."),
    ("signed-out", "You are signed out."),
    (
        "public-seed",
        "The seed was added, but it is the public one of Microsoft's test server: whoever knows a KID knows its key. Keep it for tests.",
    ),
    (
        "was-there",
        "The store had this key already: nothing changed.",
    ),
];

impl Layout {
    /// The layout of a screen for somebody.
    pub fn new(visitor: &Visitor, here: Section, query: &Fields) -> Self {
        let parts = Section::ALL.into_iter();
        let seen = parts.filter(|part| visitor.may(part.permission()));
        Self {
            name: visitor.name().to_owned(),
            csrf: visitor.session.csrf.clone(),
            links: seen.map(|part| part.link(here)).collect(),
            done: done_text(query),
        }
    }

    /// For who is not signed in.
    pub fn outside(query: &Fields) -> Self {
        Self {
            name: String::new(),
            csrf: String::new(),
            links: Vec::new(),
            done: done_text(query),
        }
    }
}

fn done_text(query: &Fields) -> &'static str {
    let known = DONE.iter().find(|(name, _)| *name == query.text("done"));
    known.map_or("", |(_, text)| text)
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Contents,
        Self::Keys,
        Self::Seeds,
        Self::Targets,
        Self::Audit,
        Self::Accounts,
        Self::Store,
    ];

    /// What it takes to see it.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Audit => Permission::ReadAudit,
            Self::Accounts => Permission::ManageAccounts,
            _ => Permission::Look,
        }
    }

    fn link(self, here: Self) -> Link {
        let (href, text) = match self {
            Self::Overview | Self::Nowhere => ("/", "Overview"),
            Self::Contents => ("/contents", "Contents"),
            Self::Keys => ("/keys", "Keys"),
            Self::Seeds => ("/seeds", "Key seeds"),
            Self::Targets => ("/targets", "Targets"),
            Self::Audit => ("/audit", "Audit"),
            Self::Accounts => ("/accounts", "Accounts"),
            Self::Store => ("/store", "Store"),
        };
        Link {
            href,
            text,
            is_here: self == here,
        }
    }
}
