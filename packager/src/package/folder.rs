// SPDX-License-Identifier: MPL-2.0
//! The folder of a presentation. Media is written into a new subfolder, and the manifests that name it replace those of an older
//! presentation when it is complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use host_access::Host;

use super::Error;
use super::manifests::MANIFESTS;
use crate::new_file;

/// The subfolder of a presentation is this letter and a number.
const PREFIX: &str = "v";
/// The file that marks a subfolder of this command, so that no other folder is removed. It has the names of the manifests that were
/// written with the subfolder, a line each, so that no other file is removed either.
const MARKER: &str = ".playready-packager";

/// The subfolder of the presentation that is written. If it is dropped before [`Self::publish`], nothing remains of it.
pub struct NewVersion {
    output: PathBuf,
    /// The name under which the manifests know it, such as `v2`.
    name: String,
    /// Its name until it is complete; None after that.
    temporary: Option<PathBuf>,
    /// True if the folder of the presentation did not exist before.
    created_output: bool,
}

/// A manifest at the top of the folder.
pub struct Manifest {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

impl NewVersion {
    /// Creates the subfolder, with the number after the highest one that exists.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn create(output: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Output {
            path: output.to_owned(),
            source,
        };
        let created_output = !output.exists();
        fs::create_dir_all(output).map_err(failed)?;
        let number = versions(output)
            .map_err(failed)?
            .last()
            .copied()
            .unwrap_or(0)
            + 1;
        let name = format!("{PREFIX}{number}");
        let temporary = output.join(format!(".{name}.incomplete"));
        if temporary.exists() {
            // Left by a run that was killed.
            fs::remove_dir_all(&temporary).map_err(failed)?;
        }
        fs::create_dir(&temporary).map_err(failed)?;
        Ok(Self {
            output: output.to_owned(),
            name,
            temporary: Some(temporary),
            created_output,
        })
    }

    /// Returns the folder into which the files are written.
    pub fn path(&self) -> &Path {
        self.temporary.as_deref().unwrap_or(&self.output)
    }

    /// Returns its name in URLs relative to the manifests.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes a file of the subfolder.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path().join(name);
        fs::write(&path, bytes).map_err(|source| Error::Output { path, source })
    }

    /// Gives the subfolder its name when all of it is on disk, and replaces the manifests. Then it removes manifests of earlier runs that
    /// this one did not write, and subfolders other than the one before: players that have the manifests before play on.
    ///
    /// # Errors
    /// [`Error::Output`], [`Error::Protect`].
    pub fn publish(mut self, manifests: &[Manifest], host: &Host) -> Result<(), Error> {
        let older = self.own_versions().map_err(|source| self.failed(source))?;
        let names: Vec<&str> = manifests.iter().map(|manifest| manifest.name).collect();
        let stale: Vec<&str> = older
            .last()
            .map_or_else(Vec::new, |version| listed_manifests(version))
            .into_iter()
            .filter(|name| !names.contains(name))
            .collect();
        // The run after this one removes them if this one is killed.
        self.write(MARKER, [&*names, &*stale].concat().join("\n").as_bytes())?;
        self.sync_and_rename()
            .map_err(|source| self.failed(source))?;
        for manifest in manifests {
            let path = self.output.join(manifest.name);
            new_file::write(&path, manifest.text.as_bytes(), None, &*host.random)
                .map_err(crate::protect::Error::Output)?;
        }
        for name in &stale {
            remove_manifest(&self.output.join(name))?;
        }
        if !stale.is_empty() {
            let marker = self.output.join(&self.name).join(MARKER);
            fs::write(&marker, names.join("\n")).map_err(|source| Error::Output {
                path: marker,
                source,
            })?;
        }
        older.into_iter().rev().skip(1).try_for_each(|path| {
            fs::remove_dir_all(&path).map_err(|source| Error::Output { path, source })
        })
    }

    /// Returns the subfolders of earlier runs, in their order.
    fn own_versions(&self) -> io::Result<Vec<PathBuf>> {
        let paths = versions(&self.output)?
            .into_iter()
            .map(|number| self.output.join(format!("{PREFIX}{number}")));
        Ok(paths.filter(|path| path.join(MARKER).exists()).collect())
    }

    fn sync_and_rename(&mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            // One call for the whole file system, since a folder may have thousands of segments.
            rustix::fs::syncfs(File::open(temporary)?)?;
            fs::rename(temporary, self.output.join(&self.name))?;
            self.temporary = None;
            File::open(&self.output)?.sync_all()?;
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Output {
            path: self.output.join(&self.name),
            source,
        }
    }
}

impl Drop for NewVersion {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // Nothing can be done if it cannot be removed.
            let _ = fs::remove_dir_all(temporary);
            if self.created_output {
                let _ = fs::remove_dir(&self.output);
            }
        }
    }
}

/// Returns the names of the manifests that were written with a subfolder.
fn listed_manifests(version: &Path) -> Vec<&'static str> {
    // An unreadable list names none.
    let list = fs::read_to_string(version.join(MARKER)).unwrap_or_default();
    let names = MANIFESTS.into_iter();
    names
        .filter(|name| list.lines().any(|listed| listed == *name))
        .collect()
}

fn remove_manifest(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Output {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// Returns the numbers of the subfolders, ascending.
fn versions(output: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(output)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}
