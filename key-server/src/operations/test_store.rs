// SPDX-License-Identifier: MPL-2.0
//! A key store in a folder that is removed again.

use std::fs;
use std::path::PathBuf;

use cenc_types::KeyId;
use content_key_store::{KekSource, KeyStore, Page};
use playready_header::KeySeed;

/// The key seed that Microsoft published for tests.
pub const SEED: &str = "XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I";
/// A page of more rows than any test makes.
pub const ALL: Page = Page::first(10_000);

pub struct TestStore {
    pub store: KeyStore,
    folder: PathBuf,
}

impl TestStore {
    pub fn new() -> Self {
        let folder = new_folder();
        let uri = format!("sqlite://{}", folder.join("keys.db").display());
        Self::of(&uri, folder)
    }

    /// Makes a store at an address, with its key-encryption key in a folder.
    #[cfg(feature = "postgres")]
    pub fn at(uri: &str) -> Self {
        Self::of(uri, new_folder())
    }

    fn of(uri: &str, folder: PathBuf) -> Self {
        let kek = KekSource::File(folder.join("kek"));
        let store = KeyStore::open(uri, &[kek], &host_access::Host::system())
            .unwrap()
            .acting_for("test")
            .unwrap();
        Self { store, folder }
    }

    /// Returns its address, with the file of the key-encryption key.
    pub fn address(&self) -> String {
        let folder = self.folder.display();
        format!("sqlite://{folder}/keys.db?kek-file={folder}/kek")
    }

    /// Makes a store with the published seed under the name `tenant`.
    pub fn with_seed() -> Self {
        let this = Self::new();
        this.store
            .put_seed("tenant", &KeySeed::parse(SEED).unwrap())
            .unwrap();
        this
    }
}

fn new_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!(
        "playready-packager-{}",
        KeyId::generate(&host_access::SystemRandom).unwrap()
    ));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    folder
}

impl Drop for TestStore {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
