// SPDX-License-Identifier: MPL-2.0
//! Properties of a track that the user gives.

use presentation::model::Role;

/// Properties that the user gives to a track. None, and an empty list, keep what its boxes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackProperties {
    /// The language by RFC 5646.
    pub language: Option<String>,
    /// The name in the menu of a player.
    pub label: Option<String>,
    /// The purposes.
    pub roles: Vec<Role>,
}
