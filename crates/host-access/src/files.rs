// SPDX-License-Identifier: MPL-2.0
//! Small files of secrets that only their owner may read: `.keys` files, credentials and the key-encryption key.

use std::env;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Random, SecretFileError, decode_text};

/// The largest size of a file in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Storage of files of secrets.
pub trait SecretFiles: Send + Sync {
    /// Reads the text of a file, which only its owner may be able to read: see [`decode_text`].
    ///
    /// # Errors
    /// [`SecretFileError::TooOpen`] for a mode wider than 0600 (0640 for a systemd credential of this service), [`SecretFileError::TooLong`], [`SecretFileError::NotText`],
    /// [`SecretFileError::File`], also for anything but a regular file.
    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError>;

    /// As [`Self::read`], of a file that nobody else could have put there: it belongs to the user of this process or to root, and its path is
    /// not a symbolic link.
    ///
    /// # Errors
    /// Those of [`Self::read`], [`SecretFileError::Link`], [`SecretFileError::OtherOwner`].
    fn read_own(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        self.read(path)
    }

    /// Creates the file atomically, and returns when it is on disk. A file that exists already is left unchanged, and no process sees an
    /// incomplete file.
    ///
    /// # Errors
    /// [`SecretFileError::File`], [`SecretFileError::Generator`].
    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), SecretFileError>;
}

/// The files of the operating system.
pub struct SystemFiles {
    random: Arc<dyn Random>,
}

impl SystemFiles {
    /// Creates it with a generator for the names of temporary files.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random }
    }
}

impl SecretFiles for SystemFiles {
    fn read(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        read_private(path, open_regular_file(path), &|_| true)
    }

    fn read_own(&self, path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        let is_link = |found: fs::Metadata| found.file_type().is_symlink();
        if fs::symlink_metadata(path).is_ok_and(is_link) {
            return Err(SecretFileError::Link {
                path: path.to_owned(),
            });
        }
        let user = rustix::process::geteuid().as_raw();
        read_private(path, open_file(path, libc::O_NOFOLLOW), &|owner| {
            owner == user || owner == 0
        })
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
        let failed = |source| SecretFileError::File {
            path: path.to_owned(),
            source,
            remedy: "the file is created with a new key if it does not exist: create its folder and make it writable",
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut unique = [0; 16];
        self.random.fill(&mut unique)?;
        let unique = u128::from_be_bytes(unique);
        let temporary = path.with_file_name(format!(".{name}.{unique:032x}"));
        let created =
            write_private(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            created => created.and(removed).map_err(failed)?,
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

/// Reads the text of an open file that only its owner may read, if it may be the file of its owner.
fn read_private(
    path: &Path,
    file: io::Result<File>,
    may_own: &dyn Fn(u32) -> bool,
) -> Result<Zeroizing<String>, SecretFileError> {
    let failed = |source| SecretFileError::File {
        path: path.to_owned(),
        source,
        remedy: "check the path and that this user may read it",
    };
    let file = file.map_err(failed)?;
    // The mode of the open file, not of the path, so that the checked file is the one that is read.
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    let path = path.to_owned();
    if mode & forbidden_mode(&path) != 0 {
        return Err(SecretFileError::TooOpen { path, mode });
    }
    let owner = metadata.uid();
    if !may_own(owner) {
        return Err(SecretFileError::OtherOwner { path, owner });
    }
    let bytes = read_start(file).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(SecretFileError::TooLong { path });
    }
    decode_text(&bytes).ok_or(SecretFileError::NotText { path })
}

/// Returns the bits that the mode of a file of secrets must not have. systemd may let a service read its credentials by an ACL. The mode
/// of such a file shows the ACL's mask as the right of the group to read.
fn forbidden_mode(path: &Path) -> u32 {
    let folder = env::var_os("CREDENTIALS_DIRECTORY");
    match folder.is_some_and(|folder| path.parent() == Some(Path::new(&folder))) {
        true => 0o137,
        false => 0o177,
    }
}

/// Reads a regular file of at most 1 MiB, such as one of certificates, whose mode does not matter.
///
/// # Errors
/// Those of [`open_regular_file`], and one for a longer file.
pub fn read_regular_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes = read_start(open_regular_file(path)?)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other(
            "it is longer than 1 MiB: check that it is the right file",
        ));
    }
    Ok(bytes)
}

/// Reads a file up to one byte more than the largest size.
fn read_start(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    // With the capacity for all, no copy remains unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(file.metadata()?.len().min(MAX_FILE) + 1).unwrap_or_default(),
    ));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file for reading. Anything else of that name, such as a FIFO that nobody writes to, is an error at once.
///
/// # Errors
/// Those of the operating system, and one that says what there is in place of a file.
pub fn open_regular_file(path: &Path) -> io::Result<File> {
    open_file(path, 0)
}

fn open_file(path: &Path, flags: i32) -> io::Result<File> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | flags)
        .open(path);
    match opened {
        Ok(file) => {
            check_regular(file.metadata()?.file_type())?;
            Ok(file)
        }
        // A socket cannot be opened.
        Err(error) => {
            check_regular(fs::metadata(path)?.file_type())?;
            Err(error)
        }
    }
}

fn check_regular(file_type: FileType) -> io::Result<()> {
    if file_type.is_file() {
        return Ok(());
    }
    Err(io::Error::other(if file_type.is_dir() {
        "it is a folder, not a regular file: give a regular file"
    } else if file_type.is_fifo() {
        "it is a FIFO, not a regular file: give a regular file"
    } else if file_type.is_socket() {
        "it is a socket, not a regular file: give a regular file"
    } else {
        "it is a device, not a regular file: give a regular file"
    }))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::{Host, SystemRandom};

    /// A folder that is removed when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let mut unique = [0; 16];
            SystemRandom.fill(&mut unique).unwrap();
            let name = format!("files-{:032x}", u128::from_be_bytes(unique));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn read(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
        Host::system().files.read(path)
    }

    #[test]
    fn what_is_no_regular_file_is_named_at_once() {
        let folder = Folder::new();
        let fifo = folder.0.join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let socket = folder.0.join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = folder.0.join("link");
        std::os::unix::fs::symlink(&fifo, &link).unwrap();
        for (path, kind) in [
            (folder.0.clone(), "a folder"),
            (fifo, "a FIFO"),
            (link, "a FIFO"),
            (socket, "a socket"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read(&path).unwrap_err().to_string();
            let named = error.contains(kind) && error.contains(path.to_str().unwrap());
            assert!(named, "{error}");
            let error = read_regular_file(&path).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
    }

    #[test]
    fn own_file_is_no_link_and_nobody_elses() {
        let folder = Folder::new();
        let (path, link) = (folder.0.join("kek"), folder.0.join("link"));
        write_private(&path, b"k").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let files = Host::system().files;
        assert_eq!(**files.read_own(&path).unwrap(), *"k");
        assert_eq!(**files.read(&link).unwrap(), *"k");
        let refused = files.read_own(&link);
        assert!(
            matches!(refused, Err(SecretFileError::Link { .. })),
            "{refused:?}"
        );
        // Only root can give a file away, and read it then.
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
            let refused = files.read_own(&path);
            let owner = matches!(
                refused,
                Err(SecretFileError::OtherOwner { owner: 65_534, .. })
            );
            assert!(owner, "{refused:?}");
        }
    }

    #[test]
    fn byte_order_mark_is_not_part_of_the_text() {
        let folder = Folder::new();
        let path = folder.0.join("key");
        for bytes in [
            b"\xef\xbb\xbfk1".as_slice(),
            b"\xff\xfek\x001\0",
            b"\xfe\xff\0k\x001",
        ] {
            write_private(&path, bytes).unwrap();
            assert_eq!(**read(&path).unwrap(), *"k1");
            fs::remove_file(&path).unwrap();
        }
        write_private(&path, b"k\xff").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn file_over_one_mebibyte_is_refused() {
        let folder = Folder::new();
        for (len, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
            let path = folder.0.join(len.to_string());
            write_private(&path, &vec![b'k'; len]).unwrap();
            assert_eq!(read(&path).is_ok(), fits, "{len}");
            assert_eq!(read_regular_file(&path).is_ok(), fits, "{len}");
        }
    }
}
