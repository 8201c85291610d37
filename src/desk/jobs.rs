//! How many units an invocation builds at once, beside others of the same user on the machine.
//!
//! Each invocation with a connection to Nix has jobs of its own: eight of them would run eight times as many compilers as
//! there are cores. So one that begins while others build takes its share of Nix's `max-jobs`, at least one job. Nobody
//! waits; one that has begun keeps what it has.
//!
//! An invocation that builds holds the lock of a file. The lock ends with the process, whatever ends that.

use super::Error;
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// An invocation that builds, for as long as the value lives.
#[derive(Debug)]
pub struct Building {
    _lock: File,
    /// How many others build.
    others: u64,
}

impl Building {
    /// Takes note that this process builds, in a directory for all of the user.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written.
    pub fn begin(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(Error::io("creating", directory))?;
        let own = directory.join(std::process::id().to_string());
        let lock = File::create(&own).map_err(Error::io("creating", &own))?;
        lock.lock().map_err(Error::io("locking", &own))?;
        let mut others = 0;
        let entries = fs::read_dir(directory).map_err(Error::io("reading", directory))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path != own && is_held(&path) {
                others += 1;
            }
        }
        Ok(Self {
            _lock: lock,
            others,
        })
    }

    /// The share of so many jobs; 0 if all are for other machines.
    pub fn share(&self, jobs: u64) -> u64 {
        (jobs / (self.others + 1)).max(jobs.min(1))
    }
}

/// Whether the process of a file lives. The file of one that has ended is removed.
fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
        Ok(()) => {
            // Another invocation may be faster.
            let _ = fs::remove_file(path);
            false
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_shared_with_those_that_live() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("1-ended"), "").unwrap();
        let living = File::create(temp.path().join("1-lives")).unwrap();
        living.lock().unwrap();
        let building = Building::begin(temp.path()).unwrap();
        assert_eq!(building.share(8), 4);
        assert_eq!((building.share(1), building.share(0)), (1, 0));
        assert!(!temp.path().join("1-ended").exists());
        drop(living);
        drop(building);
        let alone = Building::begin(temp.path()).unwrap();
        assert_eq!(alone.share(8), 8);
    }
}
