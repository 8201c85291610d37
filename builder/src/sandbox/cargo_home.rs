//! A home for the cargo that a build script asks about the workspace, and the packages that it finds.

use super::archive;
use super::files::{create_dir_all, entries, make_link, resolved};
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

/// Writes the configuration of a cargo whose user has the home directory `home`.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(config: &str, home: &Path) -> Result<()> {
    let dir = home.join(".cargo");
    create_dir_all(&dir)?;
    let file = dir.join("config.toml");
    fs::write(&file, config).map_err(|e| Error::io("cannot write", &file, e))
}

/// Unpacks the archives of a vendor directory into directories below `to`, by so many threads. What is a directory there is
/// behind a link.
///
/// The store has no such directories: Nix takes several times as long to register the files of some hundred packages as it
/// takes to unpack them.
///
/// # Errors
///
/// If an archive is broken, or a file cannot be written.
pub fn unpack(packages: &Path, to: &Path, threads: usize) -> Result<()> {
    create_dir_all(to)?;
    let mut archives = Vec::new();
    for (name, _) in entries(packages)? {
        // cargo's configuration, and what cargo reads of all archives.
        if name.as_os_str().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let (from, at) = (resolved(&packages.join(&name)), to.join(&name));
        match from.is_dir() {
            true => make_link(&from, &at)?,
            false => archives.push((from, at)),
        }
    }
    archive::for_each(&archives, threads, |(from, at)| {
        Ok(archive::unpack(from, at)?)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    #[test]
    fn archives_and_directories_are_packages_that_cargo_finds() {
        let temp = tempfile::tempdir().unwrap();
        let [packages, store, to] = ["packages", "store", "s"].map(|name| temp.path().join(name));
        fs::create_dir_all(packages.join(".cargo")).unwrap();
        fs::create_dir_all(store.join("git")).unwrap();
        fs::write(store.join("git/Cargo.toml"), "git").unwrap();
        make_link(&store.join("git"), &packages.join("git-1.0.0")).unwrap();
        for name in ["a-1.0.0", "b-1.0.0", "c-1.0.0"] {
            let archive = store.join(name);
            let encoder = GzEncoder::new(fs::File::create(&archive).unwrap(), Compression::fast());
            let mut builder = tar::Builder::new(encoder);
            let mut header = tar::Header::new_gnu();
            header.set_size(name.len() as u64);
            header.set_mode(0o644);
            builder
                .append_data(&mut header, format!("{name}/Cargo.toml"), name.as_bytes())
                .unwrap();
            builder.into_inner().unwrap().finish().unwrap();
            make_link(&archive, &packages.join(name)).unwrap();
        }
        unpack(&packages, &to, 2).unwrap();
        for (package, text) in [
            ("a-1.0.0", "a-1.0.0"),
            ("c-1.0.0", "c-1.0.0"),
            ("git-1.0.0", "git"),
        ] {
            let manifest = fs::read_to_string(to.join(package).join("Cargo.toml"));
            assert_eq!(manifest.unwrap(), text);
        }
        assert!(to.join("b-1.0.0/.cargo-checksum.json").is_file());
        assert!(!to.join(".cargo").exists());

        fs::write(store.join("b-1.0.0"), "broken").unwrap();
        let error = unpack(&packages, &temp.path().join("again"), 2).unwrap_err();
        assert!(error.to_string().contains("b-1.0.0"), "{error}");
    }
}
