// SPDX-License-Identifier: MPL-2.0
//! A folder that takes a number of operations.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use presentation_publisher::{FolderStore, PresentationStore};

/// A folder whose disk is full after some operations.
pub struct FailingStore {
    store: FolderStore,
    counter: Rc<Counter>,
}

/// Counts operations.
pub struct Counter {
    done: Cell<u64>,
    most: u64,
}

impl Counter {
    pub fn get(&self) -> u64 {
        self.done.get()
    }

    fn count(&self) -> io::Result<()> {
        if self.done.get() >= self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.done.set(self.done.get() + 1);
        Ok(())
    }
}

impl FailingStore {
    pub fn new(store: FolderStore, most: u64) -> Self {
        let counter = Rc::new(Counter {
            done: Cell::new(0),
            most,
        });
        Self { store, counter }
    }

    pub fn count(&self) -> Rc<Counter> {
        Rc::clone(&self.counter)
    }
}

/// A file whose writes are counted.
pub struct CountedFile {
    file: File,
    counter: Rc<Counter>,
}

impl Write for CountedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.counter.count()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl PresentationStore for FailingStore {
    type File = CountedFile;

    fn create(&mut self, name: &str) -> io::Result<CountedFile> {
        self.counter.count()?;
        Ok(CountedFile {
            file: self.store.create(name)?,
            counter: Rc::clone(&self.counter),
        })
    }

    fn publish(&mut self, name: &str, file: CountedFile) -> io::Result<()> {
        self.counter.count()?;
        self.store.publish(name, file.file)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.counter.count()?;
        self.store.remove(name)
    }

    fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.store.read(name)
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        self.store.list()
    }
}
