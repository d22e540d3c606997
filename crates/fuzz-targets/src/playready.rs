// SPDX-License-Identifier: MPL-2.0
//! PlayReady Objects and Headers of any bytes, and what is written from them.

use playready_header::{Deviation, FoundHeader, PlayReadyObject};

/// Reads `data` as an object, as a header in UTF-16 and as one in UTF-8.
pub fn playready_object(data: &[u8]) {
    if let Ok(object) = PlayReadyObject::parse(data) {
        assert_eq!(object.to_bytes(), data);
        let smaller = object.without_license_stores();
        assert_eq!(PlayReadyObject::parse(&smaller.to_bytes()), Ok(smaller));
        if let Ok(Some(found)) = object.header() {
            write_back(&found);
        }
    }
    if let Ok(found) = FoundHeader::from_bytes(data) {
        write_back(&found);
    }
    if let Ok(found) = std::str::from_utf8(data)
        .map_err(drop)
        .and_then(|text| FoundHeader::from_xml(text).map_err(drop))
    {
        write_back(&found);
    }
}

/// Checks that a header that we write is canonical, has the same meaning and is read back the same.
fn write_back(found: &FoundHeader) {
    let Ok(header) = found.to_header() else {
        return;
    };
    let again = FoundHeader::from_xml(&header.to_xml()).expect("it is ours");
    let long = |deviation: &Deviation| matches!(deviation, Deviation::LongHeader(_));
    assert!(again.deviations.iter().all(long), "{:?}", again.deviations);
    assert_eq!(again.to_header(), Ok(header));
    let kids = |found: &FoundHeader| found.key_ids.iter().map(|key| key.kid).collect::<Vec<_>>();
    assert_eq!(kids(&again), kids(found));
}
