// SPDX-License-Identifier: MPL-2.0
//! Finds the files that a manifest names among the given files and in the manifest's folder, never on a network.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use presentation::{FileLayout, FileProtection, NamedProtection, PresentationFiles};
use url::Url;

use super::Error;
use super::encoding::EncodedText;
use crate::inspect::{init, layout};
use host_access::open_regular_file;

/// The longest manifest, in bytes.
const MAX_MANIFEST: u64 = 8 << 20;

/// Finds files by the URLs of a manifest, and reads each init segment once.
pub struct LocalFiles<'a> {
    manifest_url: Url,
    given: &'a [PathBuf],
    init_segments: HashMap<PathBuf, Rc<FileProtection>>,
    layouts: HashMap<PathBuf, Rc<FileLayout>>,
}

impl<'a> LocalFiles<'a> {
    /// Prepares for the files of a manifest; the given files take precedence over those in its folder.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn new(manifest: &Path, given: &'a [PathBuf]) -> Result<Self, Error> {
        let path = fs::canonicalize(manifest).map_err(|source| Error::File {
            path: manifest.to_owned(),
            source,
        })?;
        Ok(Self {
            manifest_url: Url::from_file_path(path).map_err(|()| presentation::Error::Unknown)?,
            given,
            init_segments: HashMap::new(),
            layouts: HashMap::new(),
        })
    }

    /// Reads the init segment in a file.
    ///
    /// # Errors
    /// [`Error::Init`].
    fn read_init(&mut self, path: PathBuf) -> Result<Rc<FileProtection>, Error> {
        if let Some(init) = self.init_segments.get(&path) {
            return Ok(Rc::clone(init));
        }
        let init = Rc::new(init::read(&path).map_err(|source| Error::Init {
            path: path.clone(),
            source,
        })?);
        self.init_segments.insert(path, Rc::clone(&init));
        Ok(init)
    }

    /// Returns the given file whose path has the longest tail in common with the URL, at least the file name.
    fn find_given(&self, url: &Url) -> Result<Option<PathBuf>, Error> {
        let wanted = url
            .to_file_path()
            .unwrap_or_else(|()| PathBuf::from(url.path()));
        let mut best = None;
        let mut best_length = 0;
        let mut is_ambiguous = false;
        for path in self.given {
            let length = path
                .components()
                .rev()
                .zip(wanted.components().rev())
                .take_while(|(given, wanted)| given == wanted)
                .count();
            if length > best_length {
                (best, best_length, is_ambiguous) = (Some(path.clone()), length, false);
            } else if length == best_length {
                is_ambiguous = best.is_some();
            }
        }
        match is_ambiguous {
            true => Err(Error::Ambiguous(url.to_string())),
            false => Ok(best),
        }
    }
}

impl PresentationFiles for LocalFiles<'_> {
    type Error = Error;

    fn manifest_url(&self) -> &Url {
        &self.manifest_url
    }

    fn given(&mut self) -> Result<Vec<NamedProtection>, Error> {
        self.given
            .iter()
            .map(|path| {
                Ok(NamedProtection {
                    name: path.display().to_string(),
                    protection: self.read_init(path.clone())?,
                })
            })
            .collect()
    }

    fn protection(&mut self, url: &Url) -> Result<Rc<FileProtection>, Error> {
        let path = match self.find_given(url)? {
            Some(path) => path,
            None => existing_file(url)?,
        };
        self.read_init(path)
    }

    fn layout(&mut self, url: &Url) -> Result<Option<Rc<FileLayout>>, Error> {
        let Some(path) = self.find_given(url)?.or_else(|| existing_file(url).ok()) else {
            return Ok(None);
        };
        if let Some(layout) = self.layouts.get(&path) {
            return Ok(Some(Rc::clone(layout)));
        }
        let layout = Rc::new(layout::read(&path).map_err(|source| Error::Init {
            path: path.clone(),
            source,
        })?);
        self.layouts.insert(path, Rc::clone(&layout));
        Ok(Some(layout))
    }

    fn playlist(&mut self, url: &Url) -> Result<String, Error> {
        Ok(read_manifest(&existing_file(url)?)?.text)
    }
}

fn existing_file(url: &Url) -> Result<PathBuf, Error> {
    url.to_file_path()
        .ok()
        .filter(|path| path.is_file())
        .ok_or_else(|| Error::Missing(url.to_string()))
}

/// Reads the text of a manifest.
///
/// # Errors
/// [`Error::File`], [`Error::TooLong`], [`Error::Encoding`].
pub fn read_manifest(path: &Path) -> Result<EncodedText, Error> {
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    open_regular_file(path)
        .map_err(failed)?
        .take(MAX_MANIFEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_MANIFEST {
        return Err(Error::TooLong(path.to_owned()));
    }
    EncodedText::decode(bytes).ok_or_else(|| Error::Encoding(path.to_owned()))
}
