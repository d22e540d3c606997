// SPDX-License-Identifier: MPL-2.0
//! The limits of the process that serves keys: it leaves no core dump, its memory is not swapped, and it may open a file for each
//! connection.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The files that the server opens besides its connections: its listener, log and database, and the connections to licence servers.
const OTHER_FILES: u64 = 64;

/// The operating system allows too few open files.
#[derive(Debug, thiserror::Error)]
#[error(
    "{connections} connections take {needed} open files, and the limit of this process is {limit}: raise it (ulimit -n, or LimitNOFILE= \
     of the unit), or give a smaller --max-connections"
)]
pub struct TooFewFiles {
    connections: usize,
    needed: u64,
    limit: u64,
}

/// Sets the limits of this process.
///
/// # Errors
/// [`TooFewFiles`]. Memory that can be swapped is only a line in the log.
pub fn prepare(connections: usize) -> Result<(), TooFewFiles> {
    forbid_core_dumps();
    lock_memory();
    allow_files(connections)
}

fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if getrlimit(Resource::Core) != none
        && let Err(error) = setrlimit(Resource::Core, none)
    {
        tracing::warn!(%error, "a core dump of this process would hold keys: set LimitCORE=0");
    }
}

/// Keeps memory out of swap space, also what is allocated later. Under a finite limit, this would make later allocations fail.
fn lock_memory() {
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    let locked = match getrlimit(Resource::Memlock).current {
        None => mlockall(flags).map_err(io::Error::from),
        Some(bytes) => Err(io::Error::other(format!(
            "the limit of locked memory is {bytes} bytes"
        ))),
    };
    match locked {
        Ok(()) => tracing::info!("memory is locked, so that no key is swapped"),
        Err(error) => {
            tracing::info!(%error, "memory with keys may be swapped: set LimitMEMLOCK=infinity, or use no swap space");
        }
    }
}

/// Lets this process open a file for each of its connections.
///
/// # Errors
/// [`TooFewFiles`].
pub fn allow_files(connections: usize) -> Result<(), TooFewFiles> {
    let needed = (connections as u64).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    let allows = |files: Option<u64>| files.is_none_or(|files| files >= needed);
    if allows(limit.current) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(needed),
        ..limit
    };
    match allows(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok() {
        true => Ok(()),
        false => Err(TooFewFiles {
            connections,
            needed,
            limit: limit.maximum.unwrap_or(u64::MAX),
        }),
    }
}
