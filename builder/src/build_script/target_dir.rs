//! The mark by which a build script knows cargo's target directory.
//!
//! Some scripts keep files beside OUT_DIR, in the target directory: cxx-build its common headers. They look for it
//! above OUT_DIR by the tag that cargo writes there. Here the output of the run has the layout of a target directory,
//! so it carries the tag while the script runs. What the script writes there stays, as links in OUT_DIR may lead to it;
//! no unit but the script's own sees it otherwise.

use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

/// The file and the text that cargo writes, by the convention for directories that need no backup.
const TAG: (&str, &str) = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n\
     # This file is a cache directory tag created by cargo.\n\
     # For information about cache directory tags see https://bford.info/cachedir/\n",
);

/// Runs something while the directory is marked as a target directory.
pub fn marked<T>(directory: &Path, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let tag = directory.join(TAG.0);
    fs::write(&tag, TAG.1).map_err(|e| Error::io("cannot write", &tag, e))?;
    let result = run()?;
    match fs::remove_file(&tag) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove", &tag, e))
        }
        _ => Ok(result),
    }
}
