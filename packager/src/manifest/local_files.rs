// SPDX-License-Identifier: MPL-2.0
//! The files that a manifest names: those given, or those beside it. Nothing is fetched from a network.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use presentation::{FileProtection, NamedProtection, PresentationFiles};
use url::Url;

use super::Error;
use crate::inspect::init;

/// The longest manifest, in bytes.
const MAX_TEXT: u64 = 8 << 20;

/// Finds files by the URLs of a manifest, and reads each init segment once.
pub struct LocalFiles<'a> {
    manifest: Url,
    given: &'a [PathBuf],
    known: HashMap<PathBuf, Rc<FileProtection>>,
}

impl<'a> LocalFiles<'a> {
    /// Files beside a manifest; those given go before them.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn beside(manifest: &Path, given: &'a [PathBuf]) -> Result<Self, Error> {
        let failed = |source| Error::File {
            path: manifest.to_owned(),
            source,
        };
        let path = fs::canonicalize(manifest).map_err(failed)?;
        let url = Url::from_file_path(path).map_err(|()| presentation::Error::Unknown)?;
        Ok(Self {
            manifest: url,
            given,
            known: HashMap::new(),
        })
    }

    /// The init segment in a file.
    ///
    /// # Errors
    /// [`Error::Init`].
    fn protection_in(&mut self, path: PathBuf) -> Result<Rc<FileProtection>, Error> {
        if let Some(init) = self.known.get(&path) {
            return Ok(Rc::clone(init));
        }
        let init = init::read(&path).map_err(|source| Error::Init {
            path: path.clone(),
            source,
        })?;
        let init = Rc::new(init);
        self.known.insert(path, Rc::clone(&init));
        Ok(init)
    }

    /// The given file whose last names are most like those of the URL; the very last is the same.
    fn among_given(&self, url: &Url) -> Result<Option<PathBuf>, Error> {
        let named = PathBuf::from(url.path());
        let named = url.to_file_path().unwrap_or(named);
        let alike = |path: &Path| {
            let names = path.components().rev().zip(named.components().rev());
            names.take_while(|(one, other)| one == other).count()
        };
        let paths = self.given.iter().map(|path| (alike(path), path));
        let best = paths.clone().map(|(alike, _)| alike).max();
        let mut best = paths.filter(|(alike, _)| *alike > 0 && Some(*alike) == best);
        let first = best.next().map(|(_, path)| path.clone());
        match best.next() {
            Some(_) => Err(Error::Ambiguous(url.to_string())),
            None => Ok(first),
        }
    }
}

impl PresentationFiles for LocalFiles<'_> {
    type Error = Error;

    fn manifest_url(&self) -> &Url {
        &self.manifest
    }

    fn given(&mut self) -> Result<Vec<NamedProtection>, Error> {
        let given = self.given.iter().map(|path| {
            Ok(NamedProtection {
                name: path.display().to_string(),
                protection: self.protection_in(path.clone())?,
            })
        });
        given.collect()
    }

    fn protection(&mut self, url: &Url) -> Result<Rc<FileProtection>, Error> {
        let path = match self.among_given(url)? {
            Some(path) => path,
            None => local(url)?,
        };
        self.protection_in(path)
    }

    fn playlist(&mut self, url: &Url) -> Result<String, Error> {
        read(&local(url)?)
    }
}

fn local(url: &Url) -> Result<PathBuf, Error> {
    let missing = || Error::Missing(url.to_string());
    let path = url.to_file_path().map_err(|()| missing())?;
    path.is_file().then_some(path).ok_or_else(missing)
}

/// The text of a manifest.
///
/// # Errors
/// [`Error::File`], [`Error::TooLong`].
pub fn read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let mut file = File::open(path).map_err(failed)?.take(MAX_TEXT + 1);
    file.read_to_string(&mut text).map_err(failed)?;
    match text.len() as u64 > MAX_TEXT {
        true => Err(Error::TooLong(path.to_owned())),
        false => Ok(text),
    }
}
