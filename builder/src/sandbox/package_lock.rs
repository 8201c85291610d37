//! The lock that a cargo takes before it looks for packages, as a sign that it needs them.
//!
//! A build script that may start a cargo seldom does, and some hundred packages take longer to unpack than such a script
//! takes. So this process holds the lock while the script runs. The system tells it when a cargo opens the lock's file; it
//! then unpacks the packages, and releases the lock. A cargo that needs no package does not take the lock.

use super::files::create_dir_all;
use crate::error::{Error, Result};
use rustix::fs::inotify;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// cargo's lock for the packages that it has, below its user's home directory.
const FILE: &str = ".cargo/.package-cache";

/// Calls `work`, and `provide` when a cargo that `work` has started needs packages. The cargo waits until `provide` has
/// ended. `home` is the home directory of the cargo's user.
///
/// Where the system cannot tell that a file is opened, `provide` is called at once.
///
/// # Errors
///
/// If the lock cannot be taken, and those of `provide` and of `work`.
pub fn when_wanted<T>(
    home: &Path,
    provide: impl FnOnce() -> Result<()> + Send,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let file = home.join(FILE);
    if let Some(directory) = file.parent() {
        create_dir_all(directory)?;
    }
    let lock = take(&file).map_err(|e| Error::io("cannot lock", &file, e))?;
    let opened = watch(&file);
    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let providing = scope.spawn(|| {
            // Held until this thread has ended.
            let _lock = lock;
            if let Ok(opened) = opened {
                wait(&opened);
            }
            match has_ended.load(Ordering::SeqCst) {
                true => Ok(()),
                false => provide(),
            }
        });
        let done = {
            let _ending = Ending {
                has_ended: &has_ended,
                file,
            };
            work()
        };
        match providing.join() {
            // A script that fails because it has no packages does not say why.
            Ok(provided) => provided.and(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn take(file: &Path) -> io::Result<File> {
    let lock = File::create(file)?;
    lock.lock()?;
    Ok(lock)
}

fn watch(file: &Path) -> io::Result<OwnedFd> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, file, inotify::WatchFlags::OPEN)?;
    Ok(watch)
}

/// Waits until the watched file is opened. An error ends the waiting as well: packages that nobody needs do no harm.
fn wait(opened: &OwnedFd) {
    // An event without a file name has 16 bytes.
    let mut event = [0; 64];
    let _ = rustix::io::retry_on_intr(|| rustix::io::read(opened, &mut event));
}

/// Ends the waiting together with the work, also if the work panics: the scope waits for its threads.
struct Ending<'a> {
    has_ended: &'a AtomicBool,
    file: PathBuf,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        // The file is there: it is locked.
        let _ = File::open(&self.file);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    /// A home directory, what provides packages there, and a cargo that counts those it finds.
    fn fixture() -> (
        tempfile::TempDir,
        impl Fn() -> Result<()> + Sync,
        impl Fn() -> Result<usize>,
    ) {
        let temp = tempfile::tempdir().unwrap();
        let (packages, lock) = (temp.path().join("packages"), temp.path().join(FILE));
        let found = packages.clone();
        let provide = move || {
            fs::create_dir_all(packages.join("a")).unwrap();
            fs::create_dir_all(packages.join("b")).unwrap();
            Ok(())
        };
        let cargo = move || {
            File::open(&lock).unwrap().lock().unwrap();
            Ok(fs::read_dir(&found).unwrap().count())
        };
        (temp, provide, cargo)
    }

    #[test]
    fn a_cargo_finds_all_packages() {
        let (temp, provide, cargo) = fixture();
        assert_eq!(when_wanted(temp.path(), provide, cargo).unwrap(), 2);
    }

    #[test]
    fn packages_that_no_cargo_wants_are_not_provided() {
        let (temp, provide, _) = fixture();
        when_wanted(temp.path(), provide, || Ok(())).unwrap();
        assert!(!temp.path().join("packages").exists());
    }

    #[test]
    fn the_cause_of_missing_packages_is_told() {
        let (temp, _, _) = fixture();
        let lock = temp.path().join(FILE);
        let fails = || {
            File::open(&lock).unwrap().lock().unwrap();
            Err::<(), _>(Error::new("the script failed"))
        };
        let error = when_wanted(temp.path(), || Err(Error::new("a is broken")), fails);
        assert!(error.unwrap_err().to_string().contains("a is broken"));
    }

    #[test]
    fn the_waiting_ends_with_a_panic() {
        let (temp, provide, _) = fixture();
        let panics = || -> Result<()> { panic!("as work may") };
        let ended = std::panic::AssertUnwindSafe(|| when_wanted(temp.path(), provide, panics));
        assert!(std::panic::catch_unwind(ended).is_err());
    }
}
