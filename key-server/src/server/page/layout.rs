// SPDX-License-Identifier: MPL-2.0
//! The layout that all pages share: links to the sections, the account that is signed in, and the result of the last form.

use std::time::SystemTime;

use super::fields::Fields;
use crate::server::auth::{Permission, Visitor};

/// A section of the pages, with a link in the navigation.
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
    /// A page of no section.
    Nowhere,
}

/// The layout of a page.
pub struct Layout {
    /// The account that is signed in; empty for none.
    pub name: String,
    /// The session's token, which each form carries.
    pub csrf: String,
    pub links: Vec<Link>,
    /// The result of the last form; empty for none.
    pub done: &'static str,
    /// The time of the request, from which pages count.
    pub now: SystemTime,
}

/// A link to a section.
pub struct Link {
    pub href: &'static str,
    pub text: &'static str,
    pub is_here: bool,
}

/// The results of forms, by their names in the query. The text comes from here, so that a forged link cannot make the page say
/// anything else.
const DONE: [(&str, &str); 19] = [
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
    (
        "compromised",
        "The key is compromised: it protects no new content, and nobody gets it.",
    ),
    (
        "retired",
        "The key was retired: it protects no new content.",
    ),
    (
        "retired-seed",
        "The seed was retired: no more keys are derived from it.",
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
        "The seed was added, but it is the public one of Microsoft's test server: anyone who knows a KID can compute its key. Use it for tests only.",
    ),
    (
        "was-there",
        "The store has this key already: nothing was changed.",
    ),
];

impl Layout {
    /// Makes the layout for a visitor, with links to the sections that the visitor may see.
    pub fn new(visitor: &Visitor, here: Section, query: &Fields) -> Self {
        Self {
            name: visitor.name().to_owned(),
            csrf: visitor.session.csrf.clone(),
            links: Section::ALL
                .into_iter()
                .filter(|section| visitor.may(section.permission()))
                .map(|section| section.link(here))
                .collect(),
            done: done_text(query),
            now: visitor.now,
        }
    }

    /// Makes the layout for somebody who is not signed in. Such pages show no times.
    pub fn signed_out(query: &Fields) -> Self {
        Self {
            name: String::new(),
            csrf: String::new(),
            links: Vec::new(),
            done: done_text(query),
            now: SystemTime::UNIX_EPOCH,
        }
    }
}

fn done_text(query: &Fields) -> &'static str {
    DONE.iter()
        .find(|(name, _)| *name == query.text("done"))
        .map_or("", |(_, text)| text)
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

    /// Returns the permission to see it.
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
