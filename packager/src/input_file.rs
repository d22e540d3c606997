// SPDX-License-Identifier: MPL-2.0
//! Opens the input files of the commands.

use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Opens a regular file. Opening anything else could wait forever, as for a FIFO without a writer.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for a folder, FIFO, device or socket; those of opening the file.
pub fn open(path: &Path) -> io::Result<File> {
    let file_type = fs::metadata(path)?.file_type();
    if !file_type.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "this is {}, not a regular file: give a regular file",
                describe_type(file_type)
            ),
        ));
    }
    File::open(path)
}

fn describe_type(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "a folder"
    } else if file_type.is_fifo() {
        "a FIFO"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
