// SPDX-License-Identifier: MPL-2.0
//! Gives each test a folder of its own below the target folder. The folder is removed when the test passes, else by the next
//! run.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{iv_ledger, tools};

/// A folder for one test.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static SWEEP: Once = Once::new();
        SWEEP.call_once(sweep);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = tools::scratch_root().join(format!("{name}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a file that only its owner may read, as a `.keys` file must be.
    pub fn write_secret(&self, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.write(name, content);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

/// Removes the folders of earlier runs: those of failed tests, and those that were shared by all tests of a process.
fn sweep() {
    for path in std::fs::read_dir(tools::scratch_root())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let process = name.rsplit('-').nth(1).unwrap_or_default();
        if process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists() {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        iv_ledger::record(&self.0);
        if !std::thread::panicking() {
            // The next run removes a folder that remains.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
