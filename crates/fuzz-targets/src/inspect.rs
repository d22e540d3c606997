// SPDX-License-Identifier: MPL-2.0
//! `playready-packager inspect` over any bytes.

use playready_packager::inspect_bytes;
use serde_json::Value;

/// Inspects `data` as a file: the JSON is one, and the text is UTF-8.
pub fn inspect(data: &[u8]) {
    let inspected = inspect_bytes(data.to_vec()).expect("bytes in memory can be read");
    let json: Value = serde_json::from_slice(&inspected.json).expect("it is JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(1));
    assert!(std::str::from_utf8(&inspected.text).is_ok());
}
