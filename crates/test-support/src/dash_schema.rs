// SPDX-License-Identifier: MPL-2.0
//! The schema of MPDs, ISO/IEC 23009-1.

use std::path::Path;
use std::process::Command;

use crate::launch::Run;
use crate::tools;

/// Validates each MPD in a folder, and prints the errors of the schema and the number of files.
const VALIDATE: &str = "
import glob, sys
from lxml import etree
schema = etree.XMLSchema(etree.parse(sys.argv[1]))
files = sorted(glob.glob(sys.argv[2] + '/**/*.mpd', recursive=True))
for file in files:
    schema.validate(etree.parse(file))
    for error in schema.error_log:
        print(file, error)
print(len(files))
";

/// Returns what the schema says of all MPDs in a folder and those below it, which is their number alone if they are valid. The error says
/// what is missing here.
///
/// # Errors
/// The schema or lxml is not here.
pub fn validate(folder: &Path) -> Result<String, &'static str> {
    let Some(oracles) = tools::oracles().filter(|_| tools::python_has("lxml")) else {
        return Err("no ../shared/oracles, or no lxml");
    };
    let run = Run::of(
        Command::new(tools::python())
            .args(["-c", VALIDATE])
            .arg(oracles.join("dash-xsd/DASH-MPD.xsd"))
            .arg(folder),
    )
    .succeeded();
    Ok(run.stdout.trim().to_owned())
}
