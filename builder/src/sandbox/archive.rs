//! Archives of published packages: `.crate` files, as registries have them.
//!
//! | an entry is | there will be |
//! |---|---|
//! | a file | the same, executable or not, writable, and as old as everything in the store |
//! | a directory | the same, also an empty one |
//! | a symbolic link to a place in the package | the same |
//! | a hard link to a file of the package | that file |
//! | of another kind, or leads outside of the package | an error |
//!
//! The first component of each path, `<name>-<version>`, is left out. The checksum of the
//! archive is not compared: Nix has compared it with the lock file's.
//!
//! That nothing leads outside follows from two rules. No entry lies below a symbolic link. The
//! target of one is relative, has `..` at its start alone, and no more of them than there are
//! directories above the link: so it starts in a real directory of the package, and each further
//! link on its way does the same.

use super::sources::STORE_TIME;
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};
use tar::{Entry, EntryType};

/// The first bytes of an archive, of which no other form of sources has any.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The file that cargo wants to see beside the manifest of a package in a directory.
const CHECKSUM: &str = ".cargo-checksum.json";

/// What cannot be unpacked.
#[derive(Debug)]
pub enum Error {
    /// The archive cannot be read to its end.
    Unreadable {
        /// The file.
        archive: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// An entry that is not in the package.
    Outside {
        /// The file.
        archive: PathBuf,
        /// The path, as the archive has it.
        entry: PathBuf,
    },
    /// A link to something that is not, or not for certain, in the package.
    LinkOutside {
        /// The file.
        archive: PathBuf,
        /// The link.
        entry: PathBuf,
        /// What it leads to.
        target: PathBuf,
    },
    /// A device, a pipe and the like.
    Kind {
        /// The file.
        archive: PathBuf,
        /// The path, as the archive has it.
        entry: PathBuf,
        /// What it is.
        kind: EntryType,
    },
    /// An entry that cannot be unpacked.
    Entry {
        /// The file.
        archive: PathBuf,
        /// The path, as the archive has it.
        entry: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file cannot be written.
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { archive, .. } => {
                write!(f, "cannot read the archive {}", archive.display())
            }
            Self::Outside { archive, entry } => write!(
                f,
                "the archive {} has the entry {}, which leads outside of the package",
                archive.display(),
                entry.display()
            ),
            Self::LinkOutside {
                archive,
                entry,
                target,
            } => write!(
                f,
                "the archive {} has the link {} to {}, which leads outside of the package",
                archive.display(),
                entry.display(),
                target.display()
            ),
            Self::Kind {
                archive,
                entry,
                kind,
            } => write!(
                f,
                "the archive {} has the entry {} of the kind {kind:?}, which no package has",
                archive.display(),
                entry.display()
            ),
            Self::Entry { archive, entry, .. } => write!(
                f,
                "cannot unpack the entry {} of the archive {}",
                entry.display(),
                archive.display()
            ),
            Self::Unwritable { path, .. } => write!(f, "cannot write {}", path.display()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. }
            | Self::Entry { source, .. }
            | Self::Unwritable { source, .. } => Some(source),
            Self::Outside { .. } | Self::LinkOutside { .. } | Self::Kind { .. } => None,
        }
    }
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        use std::error::Error;
        let cause = error.source().map(|source| format!(": {source}"));
        Self::new(format!("{error}{}", cause.unwrap_or_default())).note(
            "the archive is the one that Cargo.lock names; if it is broken, take another version of the package",
        )
    }
}

/// Whether a file is an archive, by its first bytes.
///
/// # Errors
///
/// If it cannot be read.
pub fn is_archive(file: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    let mut file = File::open(file)?.take(GZIP.len() as u64);
    file.read_to_end(&mut start)?;
    Ok(start == GZIP)
}

/// Reads the Rust code of a package, file by file, in the order of the archive.
///
/// # Errors
///
/// If the archive cannot be read.
pub fn read_code(archive: &Path, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
    let unreadable = |source| Error::Unreadable {
        archive: archive.to_owned(),
        source,
    };
    let file = BufReader::new(File::open(archive).map_err(unreadable)?);
    let mut entries = tar::Archive::new(GzDecoder::new(file));
    for entry in entries.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?;
        if path.extension().is_some_and(|extension| extension == "rs") {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(unreadable)?;
            take(&text);
        }
    }
    Ok(())
}

/// Unpacks an archive into a directory, which may exist, and adds the file that cargo wants to see there.
///
/// # Errors
///
/// If the archive is broken or leads outside of the package, or a file cannot be written.
pub fn unpack(archive: &Path, directory: &Path) -> Result<(), Error> {
    unpack_contents(archive, directory, |_| true)
}

/// Does this with each of many archives, by so many threads, until one fails.
///
/// # Errors
///
/// The first error of the first part of them that has one.
pub fn for_each<T: Sync, E: Send>(
    archives: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let part = archives.len().div_ceil(threads.max(1)).max(1);
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = archives
            .chunks(part)
            .map(|part| scope.spawn(move || part.iter().try_for_each(work)))
            .collect();
        running.into_iter().try_for_each(|part| match part.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// As [`unpack`], but only files for which `wanted` holds have contents. They are named by their paths in the package.
///
/// # Errors
///
/// As of [`unpack`].
pub fn unpack_contents(
    archive: &Path,
    directory: &Path,
    wanted: impl Fn(&Path) -> bool,
) -> Result<(), Error> {
    let unreadable = |source| Error::Unreadable {
        archive: archive.to_owned(),
        source,
    };
    let bytes = fs::read(archive).map_err(unreadable)?;
    let mut entries = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    let mut tree = Tree {
        archive,
        directory,
        made: HashSet::new(),
    };
    fs::create_dir_all(directory).map_err(unwritable(directory))?;
    for entry in entries.entries().map_err(unreadable)? {
        tree.add(&mut entry.map_err(unreadable)?, &wanted)?;
    }
    write_checksum(directory, &bytes)
}

/// Writes the file that cargo wants to see, with the checksum of the archive.
///
/// It names no files: so cargo does not read them again, of which Nix takes care.
fn write_checksum(directory: &Path, archive: &[u8]) -> Result<(), Error> {
    let checksum: String = Sha256::digest(archive)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let at = directory.join(CHECKSUM);
    let text = serde_json::json!({ "files": {}, "package": checksum }).to_string();
    let written = write_file(&mut text.as_bytes(), &at, false);
    written.map(drop).map_err(unwritable(&at))
}

/// Writes a file in place of one that an earlier entry of its name has made, and gives the number of bytes.
fn write_file(contents: &mut impl Read, at: &Path, executable: bool) -> io::Result<u64> {
    let mut file = replace(at, || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if executable { 0o755 } else { 0o644 })
            .open(at)
    })?;
    let written = io::copy(contents, &mut file)?;
    file.set_modified(UNIX_EPOCH + Duration::from_secs(STORE_TIME))?;
    Ok(written)
}

/// Creates a file or a link. One that is there gives way, and not what a link leads to.
fn replace<T>(at: &Path, create: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match create() {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(at)?;
            create()
        }
        created => created,
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Unwritable { path, source }
}

/// A package that is being unpacked.
struct Tree<'a> {
    archive: &'a Path,
    directory: &'a Path,
    /// The directories below that are there, and no links.
    made: HashSet<PathBuf>,
}

impl Tree<'_> {
    fn add(
        &mut self,
        entry: &mut Entry<'_, impl Read>,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<(), Error> {
        let kind = entry.header().entry_type();
        let unreadable = |source| Error::Unreadable {
            archive: self.archive.to_owned(),
            source,
        };
        // Settings for all that follows, of which none matters here.
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let path = entry.path().map_err(unreadable)?.into_owned();
        let target = entry.link_name().map_err(unreadable)?;
        let target = target.unwrap_or_default().into_owned();
        let place = place(&path).ok_or_else(|| self.outside(&path))?;
        let at = self.directory.join(&place);
        match kind {
            EntryType::Directory => return self.make_directory(&place, &path),
            EntryType::Symlink if !leads_inside(&place, &target) => {
                return Err(self.link_outside(&path, target));
            }
            EntryType::Regular
            | EntryType::Continuous
            | EntryType::GNUSparse
            | EntryType::Symlink
            | EntryType::Link => {}
            kind => {
                return Err(Error::Kind {
                    archive: self.archive.to_owned(),
                    entry: path,
                    kind,
                });
            }
        }
        if let Some(parent) = place.parent() {
            self.make_directory(parent, &path)?;
        }
        let made = match kind {
            EntryType::Link => {
                let file = self.linked(&path, target)?;
                return fs::hard_link(file, &at).map_err(unwritable(&at));
            }
            EntryType::Symlink => replace(&at, || symlink(&target, &at)),
            _ => {
                let mode = entry.header().mode().map_err(unreadable)?;
                let size = if wanted(&place) { entry.size() } else { 0 };
                match write_file(&mut entry.take(size), &at, mode & 0o100 != 0) {
                    Ok(written) if written < size => Err(io::ErrorKind::UnexpectedEof.into()),
                    written => written.map(drop),
                }
            }
        };
        made.map_err(|source| Error::Entry {
            archive: self.archive.to_owned(),
            entry: path,
            source,
        })
    }

    /// The file that a hard link names by its path in the archive. It is there already.
    fn linked(&self, path: &Path, target: PathBuf) -> Result<PathBuf, Error> {
        let file = place(&target).map(|place| self.directory.join(place));
        // Behind a link it may be anywhere.
        let is_inside = |file: &PathBuf| {
            fs::canonicalize(file).is_ok_and(|real| {
                fs::canonicalize(self.directory).is_ok_and(|root| real.starts_with(root))
            })
        };
        file.filter(is_inside)
            .ok_or_else(|| self.link_outside(path, target))
    }

    /// Makes a directory and those above it, for the entry `path`.
    fn make_directory(&mut self, place: &Path, path: &Path) -> Result<(), Error> {
        if place.as_os_str().is_empty() || self.made.contains(place) {
            return Ok(());
        }
        if let Some(parent) = place.parent() {
            self.make_directory(parent, path)?;
        }
        let at = self.directory.join(place);
        match fs::create_dir(&at) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                let metadata = fs::symlink_metadata(&at).map_err(unwritable(&at))?;
                if metadata.is_symlink() {
                    return Err(self.outside(path));
                }
                if !metadata.is_dir() {
                    return Err(unwritable(&at)(e));
                }
            }
            Err(e) => return Err(unwritable(&at)(e)),
        }
        self.made.insert(place.to_owned());
        Ok(())
    }

    fn outside(&self, path: &Path) -> Error {
        Error::Outside {
            archive: self.archive.to_owned(),
            entry: path.to_owned(),
        }
    }

    fn link_outside(&self, path: &Path, target: PathBuf) -> Error {
        Error::LinkOutside {
            archive: self.archive.to_owned(),
            entry: path.to_owned(),
            target,
        }
    }
}

/// The path of an entry below the package; none if it is not there.
fn place(path: &Path) -> Option<PathBuf> {
    let path = path.strip_prefix(".").unwrap_or(path);
    let mut components = path.components();
    let is_name = |component: &Component<'_>| matches!(component, Component::Normal(_));
    components.next().filter(is_name)?;
    let place = components.as_path();
    place
        .components()
        .all(|component| is_name(&component))
        .then(|| place.to_owned())
}

/// Whether a link at this place of a package leads to a place of the package.
fn leads_inside(place: &Path, target: &Path) -> bool {
    let (mut up, mut is_below) = (0, false);
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if !is_below => up += 1,
            Component::Normal(_) => is_below = true,
            _ => return false,
        }
    }
    up < place.components().count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use tar::{Builder, Header};
    use tempfile::TempDir;

    const REGULAR: EntryType = EntryType::Regular;
    const MANIFEST: (&str, u32, EntryType, &str) = ("a-1.0.0/Cargo.toml", 0o644, REGULAR, "x = 1");

    struct Fixture {
        temp: TempDir,
        archive: PathBuf,
    }

    /// An archive with these entries: path, mode, kind, and contents or target.
    fn archive(entries: &[(&str, u32, EntryType, &str)]) -> Fixture {
        let temp = tempfile::tempdir().unwrap();
        let archive = temp.path().join("a.crate");
        let encoder = GzEncoder::new(File::create(&archive).unwrap(), Compression::fast());
        let mut builder = Builder::new(encoder);
        for (path, mode, kind, text) in entries {
            let mut header = Header::new_gnu();
            header.set_mode(*mode);
            header.set_entry_type(*kind);
            // Not `set_path`, which refuses what a wrong archive may have.
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            let contents = if *kind == REGULAR {
                text.as_bytes()
            } else {
                b""
            };
            if *kind != REGULAR && !text.is_empty() {
                header.set_link_name_literal(text).unwrap();
            }
            header.set_size(contents.len() as u64);
            header.set_cksum();
            builder.append(&header, contents).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        Fixture { temp, archive }
    }

    impl Fixture {
        fn out(&self) -> PathBuf {
            self.temp.path().join("out")
        }

        fn unpack(&self) -> Result<(), Error> {
            unpack(&self.archive, &self.out())
        }

        fn checksum(&self) -> String {
            let digest = Sha256::digest(fs::read(&self.archive).unwrap());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        }

        fn text(&self, file: &str) -> String {
            fs::read_to_string(self.out().join(file)).unwrap()
        }
    }

    #[test]
    fn files_directories_and_links_are_those_of_the_archive() {
        let f = archive(&[
            MANIFEST,
            ("./a-1.0.0/src/lib.rs", 0o444, REGULAR, "fn a() {}"),
            ("a-1.0.0/configure", 0o755, REGULAR, "#!/bin/sh"),
            ("a-1.0.0/empty", 0o555, EntryType::Directory, ""),
            ("a-1.0.0/empty/not", 0o644, REGULAR, ""),
            (
                "a-1.0.0/src/README.md",
                0o777,
                EntryType::Symlink,
                "../docs/README",
            ),
            ("a-1.0.0/copy", 0o644, EntryType::Link, "a-1.0.0/Cargo.toml"),
            // The last one of a name counts, as with tar.
            ("a-1.0.0/Cargo.toml", 0o644, REGULAR, "x = 2"),
        ]);
        f.unpack().unwrap();
        assert_eq!(f.text("Cargo.toml"), "x = 2");
        assert_eq!(f.text("copy"), "x = 1");
        assert_eq!(f.text("src/lib.rs"), "fn a() {}");
        assert_eq!(f.text("empty/not"), "");
        assert_eq!(
            f.text(CHECKSUM),
            format!(r#"{{"files":{{}},"package":"{}"}}"#, f.checksum())
        );
        let link = fs::read_link(f.out().join("src/README.md")).unwrap();
        assert_eq!(link, Path::new("../docs/README"));
        for (file, mode) in [("configure", 0o755), ("src/lib.rs", 0o644)] {
            let metadata = fs::metadata(f.out().join(file)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
            assert_eq!(metadata.mtime(), STORE_TIME.cast_signed(), "{file}");
        }
    }

    #[test]
    fn files_that_are_not_wanted_are_empty() {
        let f = archive(&[
            MANIFEST,
            ("a-1.0.0/src/lib.rs", 0o644, REGULAR, "fn a() {}"),
        ]);
        unpack_contents(&f.archive, &f.out(), |path| path == Path::new("Cargo.toml")).unwrap();
        assert_eq!(f.text("Cargo.toml"), "x = 1");
        assert_eq!(f.text("src/lib.rs"), "");
    }

    /// A package that has the file which cargo wants to see, as `cargo vendor` has written it.
    #[test]
    fn the_checksum_is_that_of_the_archive_and_written_to_no_other_file() {
        let f = archive(&[
            MANIFEST,
            (
                "a-1.0.0/.cargo-checksum.json",
                0o777,
                EntryType::Symlink,
                "Cargo.toml",
            ),
        ]);
        f.unpack().unwrap();
        assert!(f.text(CHECKSUM).contains(&f.checksum()));
        assert_eq!(f.text("Cargo.toml"), "x = 1");
    }

    #[test]
    fn code_is_read_without_unpacking() {
        let f = archive(&[
            MANIFEST,
            ("a-1.0.0/src/lib.rs", 0o644, REGULAR, "fn a() {}"),
        ]);
        let mut found = Vec::new();
        read_code(&f.archive, |text| found.push(text.to_owned())).unwrap();
        assert_eq!(found, [b"fn a() {}"]);
    }

    #[test]
    fn an_archive_is_known_by_its_first_bytes() {
        let f = archive(&[MANIFEST]);
        assert!(is_archive(&f.archive).unwrap());
        for other in ["", "d", "dyndrv bundle 1\n[]\n"] {
            fs::write(&f.archive, other).unwrap();
            assert!(!is_archive(&f.archive).unwrap(), "{other:?}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_package() {
        let link = EntryType::Symlink;
        let out = "leads outside of the package";
        for (entries, expected) in [
            (vec![("a-1.0.0/../b", 0o644, REGULAR, "x")], out),
            (vec![("/etc/x", 0o644, REGULAR, "x")], out),
            (vec![("../x", 0o644, REGULAR, "x")], out),
            (vec![("a-1.0.0/x", 0o777, link, "/etc/passwd")], out),
            (vec![("a-1.0.0/x", 0o777, link, "../b")], out),
            (vec![("a-1.0.0/d/x", 0o777, link, "../../b")], out),
            (vec![("a-1.0.0/d/x", 0o777, link, "../d/../..")], out),
            (
                vec![
                    ("a-1.0.0/d", 0o777, link, "."),
                    ("a-1.0.0/d/d/x", 0o777, link, "../../b"),
                ],
                out,
            ),
            (
                vec![("a-1.0.0/x", 0o644, EntryType::Link, "/etc/passwd")],
                out,
            ),
            (
                vec![("a-1.0.0/x", 0o644, EntryType::Fifo, "")],
                "of the kind Fifo",
            ),
        ] {
            let f = archive(&entries);
            let message = f.unpack().unwrap_err().to_string();
            let last = entries[entries.len() - 1].0;
            for part in [expected, last, f.archive.to_str().unwrap()] {
                assert!(message.contains(part), "{entries:?}: {message}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let f = archive(&[MANIFEST]);
        let bytes = fs::read(&f.archive).unwrap();
        for text in [&bytes[..20], &bytes[..bytes.len() / 2], b"dyndrv"] {
            fs::write(&f.archive, text).unwrap();
            let message = f.unpack().unwrap_err().to_string();
            assert!(message.contains(f.archive.to_str().unwrap()), "{message}");
        }
    }
}
