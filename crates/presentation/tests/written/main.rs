// SPDX-License-Identifier: MPL-2.0
//! Manifests that are written from models, read by the schema of MPDs and by an independent parser of playlists.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod combinations;
mod faults;
mod live;
mod models;
mod mpds;
mod parts;
mod playlists;
mod smooth;
