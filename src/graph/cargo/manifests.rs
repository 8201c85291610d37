//! The vendor directory as cargo sees it, if packages in it are archives.
//!
//! | a package is | in the vendor directory | cargo sees |
//! |---|---|---|
//! | a directory | the directory, or a link to it | a link to the same |
//! | an archive | a link to the archive | its [`skeleton`](super::skeleton) |
//!
//! The skeletons of all archives are in one [`bundle`](dyndrv_builder::sandbox::bundle), the file [`MANIFESTS`]: a few
//! thousand small files, which a store would take long to register.

use crate::graph::error::{Result, io};
use dyndrv_builder::sandbox::bundle::Bundle;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The file of a vendor directory that has what cargo reads of its archives.
pub const MANIFESTS: &str = ".dyndrv-manifests";

/// The directory for cargo, which is made in `scratch` if there are archives.
pub(super) fn lay_out(vendor: PathBuf, scratch: &Path) -> Result<PathBuf> {
    let manifests = vendor.join(MANIFESTS);
    if !manifests.exists() {
        return Ok(vendor);
    }
    let directory = scratch.join("vendor");
    // Of an earlier question: one is asked again in another way.
    match fs::remove_dir_all(&directory) {
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        removed => removed.map_err(io("remove", &directory))?,
    }
    Bundle::open(&manifests)?.unpack(&directory)?;
    for entry in fs::read_dir(&vendor).map_err(io("read", &vendor))? {
        let entry = entry.map_err(io("read", &vendor))?;
        let at = directory.join(entry.file_name());
        if entry.path().is_dir() {
            symlink(entry.path(), &at).map_err(io("create", &at))?;
        }
    }
    fs::canonicalize(&directory).map_err(io("find", &directory))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::graph::skeleton;
    use std::fs::File;

    #[test]
    fn archives_are_skeletons_and_directories_are_links() {
        let temp = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(temp.path()).unwrap();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("vendor/a-1.0.0", "an archive");
        write("vendor/b-1.0.0/Cargo.toml", "b");
        write("vendor/.cargo/config.toml", "c");
        write("unpacked/a-1.0.0/Cargo.toml", "a");
        let vendor = root.join("vendor");
        assert_eq!(lay_out(vendor.clone(), &root).unwrap(), vendor);

        let mut sink = File::create(vendor.join(MANIFESTS)).unwrap();
        skeleton::write(&root.join("unpacked").into(), None, &mut sink).unwrap();
        let scratch = root.join("scratch");
        let first = lay_out(vendor.clone(), &scratch).unwrap();
        let seen = lay_out(vendor, &scratch).unwrap();
        assert_eq!(seen, first);
        let read = |path: &str| fs::read_to_string(seen.join(path)).unwrap();
        assert_eq!(read("a-1.0.0/Cargo.toml"), "a");
        assert_eq!(read("b-1.0.0/Cargo.toml"), "b");
        assert_eq!(read(".cargo/config.toml"), "c");
    }
}
