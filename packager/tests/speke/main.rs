// SPDX-License-Identifier: MPL-2.0
//! `playready-packager serve` as a SPEKE server, with our SPEKE client and the oracles of ../shared.

#![cfg(feature = "serve")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// The answers to packagers.
mod answers;
/// A server that is killed.
mod killed;
/// Answers, read by other programs.
mod oracle;
/// Refused requests.
mod refusals;
/// The server of a test.
mod server;

use cenc_types::Scheme;
use content_keys::{speke::KeyRequest, speke::KeyResponse, speke::SpekeClient, speke::TrackRule};
use drm_signaling::System;
use server::Server;

/// A request for the tracks of a content, for PlayReady and Widevine.
fn request(content: &str, labels: &[&str]) -> KeyRequest {
    let tracks = labels
        .iter()
        .map(|label| TrackRule::from_label(label).unwrap());
    KeyRequest {
        content_id: content.to_owned(),
        scheme: Scheme::Cenc,
        tracks: tracks.collect(),
        systems: vec![System::PlayReady.id(), System::Widevine.id()],
        period: None,
    }
}

fn client(server: &Server, version: &str) -> SpekeClient {
    SpekeClient::open(
        &server.speke(&format!("?speke-version={version}&speke-attempts=1")),
        &host_access::Host::system(),
    )
    .unwrap()
}

fn keys(server: &Server, version: &str, request: &KeyRequest) -> KeyResponse {
    let answer = client(server, version).request_keys(request);
    answer.unwrap_or_else(|error| panic!("{version}: {error}"))
}

fn bytes(answer: &KeyResponse) -> Vec<[u8; 16]> {
    answer.keys.iter().map(|key| *key.key.as_bytes()).collect()
}
