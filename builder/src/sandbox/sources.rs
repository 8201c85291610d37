//! Lays out source files in the sandbox.
//!
//! Where code of a package runs, sources are real, writable files at a constant place: such
//! code walks its directory, canonicalizes paths and copies files, and it must see what it
//! sees under cargo, whatever the store path of an edit is. A compiler alone only opens files.
//!
//! | a source is | and code of a package | its files are |
//! |---|---|---|
//! | a directory of the store | runs | copied |
//! | a directory of the store | does not run | behind links in a real directory |
//! | an [`archive`] | does not run | unpacked in memory, behind links in a real directory |
//! | an archive | runs | unpacked |
//! | any other file of the store, a [`bundle`](super::bundle) | | unpacked |
//! | a bundle in the derivation itself | | unpacked |
//!
//! Files are writable and as old as everything in the store, so that `make` and its kind
//! find nothing out of date, and so that [`is_new`] tells what a process has written.

use super::archive::{self, is_archive};
use super::bundle::{Bundle, Entry, Kind};
use super::files::{create_dir_all, entries, make_link, remove_if_there, resolved};
use crate::error::{Error, Result};
use crate::spec::{Origin, Source};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// When everything in the store was modified, in seconds since 1970.
pub(super) const STORE_TIME: u64 = 1;

/// Lays out one source. Sources may lie inside each other and may share directories, but no
/// two may bring the same file. `memory` is a directory in memory, if there is one.
pub fn lay_out(source: &Source, memory: Option<&Path>) -> Result<()> {
    let at = Path::new(&source.at);
    let from = match &source.from {
        Origin::Store(path) => Path::new(path),
        Origin::Derivation { packed } => return Ok(Bundle::packed(packed)?.unpack(at)?),
    };
    let unreadable = |e| Error::io("cannot read the source", from, e);
    let metadata = fs::metadata(from).map_err(unreadable)?;
    if !metadata.is_dir() {
        if !is_archive(from).map_err(unreadable)? {
            return Ok(Bundle::open(from)?.unpack(at)?);
        }
        return match (memory, at.file_name()) {
            (Some(memory), Some(name)) if source.links => {
                let unpacked = memory.join("sources").join(name);
                if archive::unpack(from, &unpacked).is_ok() {
                    return show(&unpacked, at);
                }
                // Memory is full. Another cause is one on disk too.
                remove_if_there(&unpacked)?;
                Ok(archive::unpack(from, at)?)
            }
            _ => Ok(archive::unpack(from, at)?),
        };
    }
    // Vendor directories often hold links to the packages.
    let from = resolved(from);
    if source.links {
        show(&from, at)
    } else {
        copy(&from, at, Clash::Refuse)
    }
}

/// Lays out the links of a source and those of its files for which `wanted` holds, by their places. What is not a bundle is
/// laid out as a whole.
///
/// # Errors
///
/// As of [`lay_out`].
pub fn lay_out_some(
    source: &Source,
    memory: Option<&Path>,
    wanted: impl Fn(&Path) -> bool,
) -> Result<()> {
    let at = Path::new(&source.at);
    let is_wanted =
        |entry: &Entry| matches!(entry.kind, Kind::Symlink { .. }) || wanted(&at.join(&entry.path));
    let from = match &source.from {
        Origin::Store(path) => Path::new(path),
        Origin::Derivation { packed } => {
            return Ok(Bundle::packed(packed)?.unpack_some(at, is_wanted)?);
        }
    };
    if from.is_dir()
        || is_archive(from).map_err(|e| Error::io("cannot read the source", from, e))?
    {
        return lay_out(source, memory);
    }
    Ok(Bundle::open(from)?.unpack_some(at, is_wanted)?)
}

/// Makes a directory whose entries are links to those of `from`.
///
/// The directory itself is real, because processes ask for the path of the directory in
/// which they run.
fn show(from: &Path, at: &Path) -> Result<()> {
    create_dir_all(at)?;
    for (name, _) in entries(from)? {
        make_link(&from.join(&name), &at.join(&name))?;
    }
    Ok(())
}

/// Replaces a link to a directory of the store, which takes no files, by a directory of links.
fn unfold(at: &Path) -> Result<()> {
    match fs::read_link(at) {
        Ok(target) if target.is_absolute() && target.is_dir() => {
            fs::remove_file(at).map_err(|e| Error::io("cannot remove the link", at, e))?;
            show(&target, at)
        }
        _ => create_dir_all(at),
    }
}

/// The rule for a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// It is an error.
    Refuse,
    /// It stays.
    Keep,
    /// It gives way.
    Replace,
}

/// Copies a file, a link as a link, or a directory with all that is in it.
pub fn copy(from: &Path, at: &Path, clash: Clash) -> Result<()> {
    let kind = fs::symlink_metadata(from)
        .map_err(|e| Error::io("cannot read", from, e))?
        .file_type();
    if kind.is_dir() {
        unfold(at)?;
        for (name, _) in entries(from)? {
            copy(&from.join(&name), &at.join(&name), clash)?;
        }
        return Ok(());
    }
    if clash == Clash::Replace {
        // It is not there, as a rule.
        let _ = fs::remove_file(at);
    }
    let copied = if kind.is_symlink() {
        let target = fs::read_link(from).map_err(|e| Error::io("cannot read", from, e))?;
        match fs::symlink_metadata(at) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => return make_link(&target, at),
        }
    } else {
        copy_file(from, at)
    };
    match copied {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("cannot copy", from, e))
        }
        Err(_) if clash == Clash::Refuse => Err(Error::new(format!(
            "two source trees bring {}; the second is {}",
            at.display(),
            from.display()
        ))),
        _ => Ok(()),
    }
}

fn copy_file(from: &Path, at: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let executable = source.metadata()?.permissions().mode() & 0o100;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if executable == 0 { 0o644 } else { 0o755 })
        .open(at)?;
    io::copy(&mut source, &mut file)?;
    file.set_modified(UNIX_EPOCH + Duration::from_secs(STORE_TIME))
}

/// Creates an empty file, and the directories above it, if there is nothing.
pub fn stand_in(at: &Path) -> Result<()> {
    if fs::symlink_metadata(at).is_ok() {
        return Ok(());
    }
    if let Some(parent) = at.parent() {
        create_dir_all(parent)?;
    }
    File::create_new(at)
        .and_then(|file| file.set_modified(UNIX_EPOCH + Duration::from_secs(STORE_TIME)))
        .map_err(|e| Error::io("cannot create", at, e))
}

/// Whether a file was written after the sources were laid out.
pub fn is_new(metadata: &fs::Metadata) -> bool {
    metadata.is_file() && metadata.mtime() != STORE_TIME.cast_signed()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sandbox::bundle;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use tempfile::TempDir;

    struct Fixture {
        _temp: TempDir,
        root: PathBuf,
    }

    impl Fixture {
        fn new(files: &[&str]) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let root = fs::canonicalize(temp.path()).unwrap();
            for file in files {
                let path = root.join("store").join(file);
                create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, file).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            }
            Self { _temp: temp, root }
        }

        fn store(&self, path: &str) -> PathBuf {
            self.root.join("store").join(path)
        }

        fn at(&self, path: &str) -> PathBuf {
            self.root.join("build").join(path)
        }

        fn source(&self, from: &str, at: &str) -> Source {
            Source {
                from: Origin::Store(self.store(from).display().to_string()),
                at: self.at(at).display().to_string(),
                links: false,
            }
        }
    }

    /// A walk that follows no link finds everything, and resolved paths stay in the sandbox.
    #[test]
    fn sources_are_real_writable_files_as_old_as_the_store() {
        let f = Fixture::new(&["a/src/lib.rs", "a/configure"]);
        let executable = fs::Permissions::from_mode(0o555);
        fs::set_permissions(f.store("a/configure"), executable).unwrap();
        symlink("configure", f.store("a/link")).unwrap();
        lay_out(&f.source("a", "s/a-1.0.0"), None).unwrap();
        for (file, mode) in [
            ("s/a-1.0.0/src/lib.rs", 0o644),
            ("s/a-1.0.0/configure", 0o755),
        ] {
            let at = f.at(file);
            assert_eq!(fs::canonicalize(&at).unwrap(), at);
            let metadata = fs::symlink_metadata(&at).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode);
            assert_eq!(metadata.mtime(), 1);
            assert!(!is_new(&metadata));
            fs::write(&at, "new").unwrap();
            assert!(is_new(&fs::metadata(&at).unwrap()));
        }
        let link = fs::read_link(f.at("s/a-1.0.0/link")).unwrap();
        assert_eq!(link, Path::new("configure"));
    }

    #[test]
    fn sources_without_running_code_are_links_in_a_real_directory() {
        let f = Fixture::new(&["a/src/x/lib.rs", "a/Cargo.toml"]);
        let source = Source {
            links: true,
            ..f.source("a", "s/a-1.0.0")
        };
        lay_out(&source, None).unwrap();
        assert_eq!(
            fs::canonicalize(f.at("s/a-1.0.0")).unwrap(),
            f.at("s/a-1.0.0")
        );
        let target = fs::read_link(f.at("s/a-1.0.0/src")).unwrap();
        assert_eq!(target, f.store("a/src"));
    }

    /// Scripts leave files beside sources, for the units that follow them.
    #[test]
    fn files_are_put_beside_linked_ones() {
        let f = Fixture::new(&[
            "a/src/x/lib.rs",
            "a/src/y.rs",
            "files/src/x/made.rs",
            "files/src/y.rs",
        ]);
        let source = Source {
            links: true,
            ..f.source("a", "s")
        };
        lay_out(&source, None).unwrap();
        copy(&f.store("files"), &f.at("s"), Clash::Replace).unwrap();
        let read = |file: &str| fs::read_to_string(f.at("s").join(file)).unwrap();
        assert_eq!(read("src/x/made.rs"), "files/src/x/made.rs");
        assert_eq!(read("src/y.rs"), "files/src/y.rs");
        assert_eq!(read("src/x/lib.rs"), "a/src/x/lib.rs");
        assert!(!f.store("a/src/x/made.rs").exists());
    }

    /// The bytes of a bundle of these files below `store/a`.
    fn bundle_of(f: &Fixture, files: &[&str]) -> Vec<u8> {
        let root = f.store("a");
        let entries: Vec<Entry> = files
            .iter()
            .map(|file| bundle::inspect(&root, file).unwrap())
            .collect();
        let mut bytes = Vec::new();
        bundle::write(&entries, |path| File::open(root.join(path)), &mut bytes).unwrap();
        bytes
    }

    /// Such a bundle in the store, as the source `ws`.
    fn bundled(f: &Fixture, files: &[&str]) -> Source {
        fs::write(f.store("bundle"), bundle_of(f, files)).unwrap();
        f.source("bundle", "ws")
    }

    /// Such a bundle in the derivation, as the source `ws`.
    fn packed(f: &Fixture, files: &[&str]) -> Source {
        let packed = bundle::pack(&bundle_of(f, files)).unwrap();
        Source {
            from: Origin::Derivation { packed },
            ..f.source("", "ws")
        }
    }

    #[test]
    fn a_file_of_the_store_is_a_bundle() {
        let f = Fixture::new(&["a/x"]);
        lay_out(&bundled(&f, &["x"]), None).unwrap();
        assert_eq!(fs::read_to_string(f.at("ws/x")).unwrap(), "a/x");
    }

    #[test]
    fn a_bundle_can_be_in_the_derivation() {
        let f = Fixture::new(&["a/x"]);
        lay_out(&packed(&f, &["x"]), None).unwrap();
        assert_eq!(fs::read_to_string(f.at("ws/x")).unwrap(), "a/x");
        for broken in ["!", "AAAA", ""] {
            let packed = broken.to_owned();
            let source = Source {
                from: Origin::Derivation { packed },
                ..f.source("", "other")
            };
            let message = lay_out(&source, None).unwrap_err().to_string();
            assert!(message.contains("bundle"), "{message}");
        }
    }

    /// A package whose archive has a link out of it.
    #[test]
    fn an_archive_that_leads_outside_is_refused() {
        let f = Fixture::new(&["b"]);
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut add = |path: &str, target: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, target).unwrap();
        };
        add("a-1.0.0/inside", "src");
        add("a-1.0.0/outside", "../../home");
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        fs::write(f.store("archive"), bytes).unwrap();
        let source = f.source("archive", "s/a-1.0.0");
        for failed in [
            lay_out(&source, None),
            lay_out_some(&source, None, |_| false),
        ] {
            let message = failed.unwrap_err().to_string();
            for part in ["a-1.0.0/outside to ../../home", "take another version"] {
                assert!(message.contains(part), "{message}");
            }
            assert!(!f.at("s/a-1.0.0/outside").is_symlink());
        }
    }

    #[test]
    fn an_archive_without_running_code_is_unpacked_in_memory() {
        let f = Fixture::new(&["a", "b"]);
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        builder
            .append_dir_all("a-1.0.0", f.root.join("store"))
            .unwrap();
        let bytes = builder.into_inner().unwrap().finish().unwrap();
        fs::write(f.store("archive"), bytes).unwrap();
        let memory = f.root.join("memory");
        for links in [true, false] {
            let place = format!("s/a-{links}");
            let source = Source {
                links,
                ..f.source("archive", &place)
            };
            lay_out(&source, Some(&memory)).unwrap();
            assert!(!f.at(&place).is_symlink());
            assert_eq!(fs::read_to_string(f.at(&place).join("b")).unwrap(), "b");
            assert_eq!(f.at(&place).join("b").is_symlink(), links);
        }
        assert_eq!(entries(&memory.join("sources")).unwrap().len(), 1);

        // Nothing can be created below a file.
        let full = f.root.join("full");
        fs::write(&full, "").unwrap();
        let source = Source {
            links: true,
            ..f.source("archive", "s/b")
        };
        lay_out(&source, Some(&full)).unwrap();
        assert!(!f.at("s/b/b").is_symlink() && f.at("s/b/b").exists());
    }

    #[test]
    fn a_part_of_a_bundle_has_all_links() {
        for source in [bundled, packed] {
            let f = Fixture::new(&["a/d/x", "a/d/y", "a/z"]);
            symlink("d", f.store("a/link")).unwrap();
            let source = source(&f, &["d/x", "d/y", "link", "z"]);
            let wanted = f.at("ws/d/y");
            lay_out_some(&source, None, |at| at == wanted).unwrap();
            assert_eq!(fs::read_to_string(f.at("ws/link/y")).unwrap(), "a/d/y");
            assert!(!f.at("ws/d/x").exists() && !f.at("ws/z").exists());
        }
    }

    #[test]
    fn sources_may_lie_inside_each_other() {
        for order in [["ws", "b2"], ["b2", "ws"]] {
            let f = Fixture::new(&["ws/crates/a/x", "ws/crates/b/x", "b2/y"]);
            for from in order {
                let at = if from == "ws" { "ws" } else { "ws/crates/b" };
                lay_out(&f.source(from, at), None).unwrap();
            }
            for file in ["ws/crates/a/x", "ws/crates/b/x", "ws/crates/b/y"] {
                assert!(f.at(file).exists(), "{file}");
            }
        }
    }

    #[test]
    fn two_sources_with_one_file_are_refused() {
        let f = Fixture::new(&["a/x", "b/x"]);
        lay_out(&f.source("a", "ws"), None).unwrap();
        let message = lay_out(&f.source("b", "ws"), None).unwrap_err().to_string();
        assert!(message.contains("ws/x"), "{message}");
        copy(&f.store("b"), &f.at("ws"), Clash::Keep).unwrap();
        assert_eq!(fs::read_to_string(f.at("ws/x")).unwrap(), "a/x");
    }

    #[test]
    fn a_package_may_be_a_link_in_its_vendor_directory() {
        let f = Fixture::new(&["a/x"]);
        symlink(f.store("a"), f.store("vendored")).unwrap();
        lay_out(&f.source("vendored", "s/a"), None).unwrap();
        assert!(!f.at("s/a").is_symlink());
        assert!(f.at("s/a/x").exists());
    }
}
