// SPDX-License-Identifier: MPL-2.0
//! Every row of ../shared/vectors/MANIFEST.json is used by a test.

use std::path::Path;

use crate::manifest;
use crate::tools::skip;

/// Tests that use all rows of a class: class, file, test.
const WHOLE_CLASSES: [(&str, &str, &str); 12] = [
    (
        "clear",
        "crates/codec-headers/tests/ranges.rs",
        "every_sample_of_a_clear_file_has_something_to_protect",
    ),
    (
        "clear",
        "tests/suite/vectors.rs",
        "every_fragmented_clear_file_is_protected_the_same_in_every_chunking",
    ),
    (
        "clear",
        "tests/suite/vectors.rs",
        "every_progressive_clear_file_is_protected_with_its_moov_in_front",
    ),
    (
        "clear",
        "tests/suite/faststart.rs",
        "every_progressive_vector_comes_out_in_fragments",
    ),
    (
        "pair",
        "crates/common-encryption/tests/suite/pairs.rs",
        "every_sample_of_every_pair_is_encrypted_to_the_same_bytes",
    ),
    (
        "pair",
        "crates/common-encryption/tests/suite/pairs.rs",
        "every_sample_of_every_pair_is_decrypted_to_the_clear_bytes",
    ),
    (
        "encrypted",
        "packager/tests/inspect.rs",
        "vectors_show_the_facts_of_their_manifest",
    ),
    (
        "structure",
        "packager/tests/inspect.rs",
        "vectors_show_the_facts_of_their_manifest",
    ),
    (
        "encrypted",
        "tests/suite/vectors.rs",
        "every_file_that_others_protected_is_refused",
    ),
    (
        "structure",
        "tests/suite/vectors.rs",
        "every_file_that_others_protected_is_refused",
    ),
    (
        "hostile",
        "tests/suite/hostile.rs",
        "hostile_files_end_in_an_error_or_a_clean_end",
    ),
    (
        "hostile",
        "crates/fuzz-targets/tests/replay.rs",
        "each_target_holds_for_shared_files",
    ),
];
/// Files whose tests select rows by id, or by the name of the row's file.
const BY_NAME: [&str; 2] = [
    "tests/suite/table.rs",
    "crates/playready-header/tests/suite/shared.rs",
];

#[test]
fn every_row_is_used() {
    let rows = manifest::all();
    if rows.is_empty() {
        return skip("every_row_is_used", "no ../shared/vectors");
    }
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        std::fs::read_to_string(path).unwrap()
    };
    for (class, file, test) in WHOLE_CLASSES {
        let text = read(file);
        assert!(
            text.contains(&format!("fn {test}()")),
            "no {test} in {file}"
        );
        assert!(text.contains(class), "{file} does not name class {class}");
    }
    let by_name = BY_NAME.map(read).concat();
    let mut unused = Vec::new();
    for row in rows {
        let class = row.class();
        let by_class = WHOLE_CLASSES.iter().any(|(whole, _, _)| *whole == class);
        let names = row.files(None).into_iter();
        let mut names = names.map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
        let is_named = by_name.contains(&format!("\"{}\"", row.id))
            || names.any(|name| by_name.contains(&name));
        if !by_class && !is_named {
            unused.push(row.id);
        }
    }
    assert_eq!(unused, [] as [&str; 0]);
}
