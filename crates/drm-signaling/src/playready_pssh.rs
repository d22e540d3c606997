// SPDX-License-Identifier: MPL-2.0
//! The `pssh` box around a PlayReady Object.

use cenc_types::{KeyId, Pssh};
use playready_header::{PlayReadyObject, SYSTEM_ID};

/// The whole box; with KIDs it is of version 1.
///
/// # Errors
/// When it would be too long.
pub fn playready_pssh(
    object: &PlayReadyObject,
    kids: Option<Vec<KeyId>>,
) -> Result<Vec<u8>, isobmff_boxes::Error> {
    let pssh = Pssh {
        system_id: SYSTEM_ID,
        kids,
        data: object.to_bytes(),
    };
    pssh.to_bytes()
}
