// SPDX-License-Identifier: MPL-2.0
//! The `pssh` box around a PlayReady Object.

use gstplayready::bmff;
use gstplayready::cenc::{KeyId, Pssh};
use gstplayready::playready::{PlayReadyObject, SYSTEM_ID};

/// The whole box; with KIDs it is of version 1.
///
/// # Errors
/// When it would be too long.
pub fn pssh_of(object: &PlayReadyObject, kids: Option<Vec<KeyId>>) -> Result<Vec<u8>, bmff::Error> {
    let pssh = Pssh {
        system_id: SYSTEM_ID,
        kids,
        data: object.to_bytes(),
    };
    pssh.to_bytes()
}
