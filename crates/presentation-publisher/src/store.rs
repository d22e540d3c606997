// SPDX-License-Identifier: MPL-2.0
//! The place of the files of a presentation: a folder, or what an application provides.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The place of the files of a presentation. Names are relative to it and have `/` between folder and file.
pub trait PresentationStore {
    /// A file under way.
    type File: Write;

    /// Starts a file. Nobody sees it under its name before [`Self::publish`].
    ///
    /// # Errors
    /// Errors of the place, such as a full disk.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Gives a complete file its name, in place of an older one.
    ///
    /// # Errors
    /// As [`Self::create`].
    fn publish(&mut self, name: &str, file: Self::File) -> io::Result<()>;

    /// Removes a file. One that does not exist is no error.
    ///
    /// # Errors
    /// As [`Self::create`].
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Returns the content of a file, or None if there is none.
    ///
    /// # Errors
    /// As [`Self::create`].
    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Returns the names of all files.
    ///
    /// # Errors
    /// As [`Self::create`].
    fn list(&mut self) -> io::Result<Vec<String>>;
}

/// A folder, which no other publisher can open meanwhile.
#[derive(Debug)]
pub struct FolderStore {
    path: PathBuf,
    /// Holds the lock. The kernel releases it with the process, however that ends.
    _locked: File,
}

/// The end of the name of a file under way.
const UNFINISHED: &str = ".part";

impl FolderStore {
    /// Creates the folder if it does not exist, and locks it. File systems that cannot lock folders, such as NFS, are taken without.
    ///
    /// # Errors
    /// Errors of the file system; [`io::ErrorKind::ResourceBusy`] if another publisher has opened the folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let folder = File::open(path)?;
        if let Err(TryLockError::WouldBlock) = folder.try_lock() {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another presentation is being published into this folder: give each a folder of its own, or stop the other one",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            _locked: folder,
        })
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{file}{UNFINISHED}"))
    }
}

impl PresentationStore for FolderStore {
    type File = File;

    fn create(&mut self, name: &str) -> io::Result<File> {
        let path = self.unfinished(name);
        match File::create(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                File::create(&path)
            }
            created => created,
        }
    }

    fn publish(&mut self, name: &str, file: File) -> io::Result<()> {
        drop(file);
        fs::rename(self.unfinished(name), self.path.join(name))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        ignore_missing(fs::remove_file(self.path.join(name)))
    }

    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.file_type()?.is_dir() {
                true => {
                    for file in fs::read_dir(entry.path())? {
                        let file = file?.file_name().to_string_lossy().into_owned();
                        names.push(format!("{name}/{file}"));
                    }
                }
                false => names.push(name),
            }
        }
        Ok(names)
    }
}

/// True for the name of a file that was not complete when its writer ended.
pub(crate) fn is_unfinished(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.starts_with('.') && file.ends_with(UNFINISHED)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
