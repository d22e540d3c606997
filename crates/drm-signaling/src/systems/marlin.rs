// SPDX-License-Identifier: MPL-2.0
//! Marlin, which finds keys by KID. The format of its `pssh` data is not public.

use cenc_types::KeyId;
use playready_header::xml::Element;

use crate::kid_digits;
use crate::system_facts::{DashChild, SystemFacts};

/// The row of Marlin.
pub const FACTS: SystemFacts = SystemFacts {
    // In upper case as Shaka Packager and Bento4 write it; clients may compare the texts.
    dash_scheme: |id| format!("urn:uuid:{id:X}"),
    dash_child: |data| {
        Some(DashChild {
            prefix: "mas",
            namespace: "urn:marlin:mas:1-0:services:schemas:mpd",
            element: content_ids(&data.kids),
            names_keys: true,
        })
    },
    ..SystemFacts::new(0x5e629af5_38da_4063_8977_97ffbd9902d4, "Marlin")
};

fn content_ids(kids: &[KeyId]) -> Element {
    kids.iter()
        .fold(Element::new("mas:MarlinContentIds"), |ids, kid| {
            ids.with_child(Element::of_text(
                "mas:MarlinContentId",
                &format!("urn:marlin:kid:{}", kid_digits(kid)),
            ))
        })
}
