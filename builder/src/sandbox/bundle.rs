//! Source files as one file: a bundle.
//!
//! A store object of many small files is expensive: the store creates, reads, hashes
//! and registers each file, and the sandbox of each unit sees them through links. A
//! bundle costs as much as one file, and [`Bundle::unpack`] makes real, writable files of it.
//!
//! | part | content |
//! |---|---|
//! | first line | [`MAGIC`] |
//! | second line | the [`Entry`]s as a JSON array, sorted by path |
//! | rest | the contents of the files in the same order, without anything between them |
//!
//! A bundle of few bytes need not be a file: [`pack`] makes a text of it, which the derivation of the unit holds.
//!
//! Equal files give equal bundles: no time, owner or permission is recorded but the
//! executable bit. A directory has an entry only if it is empty.
//!
//! ```
//! use dyndrv_builder::sandbox::bundle::{self, Bundle, Entry, Kind};
//!
//! let entries = vec![Entry { path: "src/main.rs".into(), kind: Kind::File { size: 12, executable: false } }];
//! let mut bytes = Vec::new();
//! bundle::write(&entries, |_| Ok(&b"fn main() {}"[..]), &mut bytes)?;
//! assert_eq!(Bundle::read(&bytes[..])?.entries(), entries);
//! # Ok::<(), bundle::Error>(())
//! ```

use crate::spec::Origin;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first line of a bundle, without its end.
pub const MAGIC: &str = "dyndrv bundle 1";

/// A file, a symbolic link or an empty directory of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to where the bundle is unpacked: names separated by `/`, none of them `.` or `..`.
    pub path: String,
    /// Its kind.
    #[serde(flatten)]
    pub kind: Kind,
}

/// The kind of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kind {
    /// A regular file.
    File {
        /// In bytes.
        size: u64,
        /// Whether it may be executed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads.
        target: String,
    },
    /// An empty directory.
    Directory {
        /// Nothing, so that it has a form of its own.
        directory: (),
    },
}

/// Why a bundle cannot be written, read or unpacked.
#[derive(Debug)]
pub enum Error {
    /// A file could not be read or written.
    Io {
        /// The failed action, such as `cannot read`.
        action: &'static str,
        /// The file, relative to the bundle or absolute.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bytes are not a bundle.
    Format(String),
    /// A file does not have the size of its entry.
    Size {
        /// The file.
        path: String,
        /// The size of the entry, in bytes.
        expected: u64,
        /// How many bytes there are; one more than expected if there are too many.
        found: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, .. } => write!(f, "{action} {}", path.display()),
            Self::Format(what) => write!(f, "not a bundle of source files: {what}"),
            Self::Size {
                path,
                expected,
                found,
            } => write!(
                f,
                "`{path}` has {found} bytes instead of {expected}: it changed while it was read"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Format(_) | Self::Size { .. } => None,
        }
    }
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        use std::error::Error;
        let cause = error.source().map(|source| format!(": {source}"));
        Self::new(format!("{error}{}", cause.unwrap_or_default()))
    }
}

fn io_error(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

/// The error of contents that cannot be read.
pub fn unreadable(source: io::Error) -> Error {
    io_error("cannot read", "the bundle")(source)
}

/// Writes a bundle. `open` gives the contents of a file by its path in the bundle.
///
/// Many small pieces are written: buffer the sink if it is a file.
///
/// # Errors
///
/// If the entries are not sorted by path, one lies below another or has a path that leads
/// elsewhere, or a file cannot be read or has another size than its entry.
pub fn write<R: Read>(
    entries: &[Entry],
    mut open: impl FnMut(&str) -> io::Result<R>,
    sink: &mut impl Write,
) -> Result<(), Error> {
    check(entries)?;
    let cannot_write = || io_error("cannot write", "the bundle");
    writeln!(sink, "{MAGIC}").map_err(cannot_write())?;
    serde_json::to_writer(&mut *sink, entries).map_err(|error| cannot_write()(error.into()))?;
    sink.write_all(b"\n").map_err(cannot_write())?;
    let mut buffer = vec![0; 64 * 1024];
    for entry in entries {
        let Kind::File { size, .. } = entry.kind else {
            continue;
        };
        let cannot_read = || io_error("cannot read", &entry.path);
        let contents = open(&entry.path).map_err(cannot_read())?;
        let found =
            copy(contents.take(size.saturating_add(1)), sink, &mut buffer).map_err(cannot_read())?;
        if found != size {
            return Err(Error::Size {
                path: entry.path.clone(),
                expected: size,
                found,
            });
        }
    }
    Ok(())
}

/// Gives how many bytes there were.
///
/// [`io::copy`] has the kernel copy from file to file, for which it flushes the sink: of small files, that
/// is five system calls more for each.
fn copy(mut from: impl Read, sink: &mut impl Write, buffer: &mut [u8]) -> io::Result<u64> {
    let mut found = 0;
    loop {
        match from.read(buffer) {
            Ok(0) => return Ok(found),
            Ok(read) => {
                sink.write_all(&buffer[..read])?;
                found += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A bundle as a text of letters, digits, `+`, `/` and `=`: compressed as raw DEFLATE, in base64. So it has no store path
/// that Nix would take for a reference.
///
/// The text, and with it each derivation that holds one, follows from the compressor too, whose version the lock file pins.
///
/// # Errors
///
/// If it cannot be compressed.
pub fn pack(bundle: &[u8]) -> Result<String, Error> {
    let mut compressed = DeflateEncoder::new(Vec::new(), Compression::default());
    let packed = compressed
        .write_all(bundle)
        .and_then(|()| compressed.finish());
    let packed = packed.map_err(io_error("cannot compress", "the bundle"))?;
    Ok(BASE64.encode(&packed))
}

/// The entries of the bundle that a unit has as its sources.
///
/// # Errors
///
/// If it cannot be read, or is no bundle.
pub fn entries(from: &Origin) -> Result<Vec<Entry>, Error> {
    Ok(match from {
        Origin::Store(path) => Bundle::open(Path::new(path))?.entries,
        Origin::Derivation { packed } => Bundle::packed(packed)?.entries,
    })
}

/// The entry of the file, link or empty directory `root`/`path`.
///
/// # Errors
///
/// If it cannot be looked at, is a socket or the like, or is a link whose target is not UTF-8.
pub fn inspect(root: &Path, path: &str) -> Result<Entry, Error> {
    use std::os::unix::fs::PermissionsExt;
    let at = root.join(path);
    let metadata = fs::symlink_metadata(&at).map_err(io_error("cannot read", &at))?;
    let unsupported = |what| Err(Error::Format(format!("{} is {what}", at.display())));
    let kind = if metadata.is_symlink() {
        let target = fs::read_link(&at).map_err(io_error("cannot read", &at))?;
        match target.into_os_string().into_string() {
            Ok(target) => Kind::Symlink { target },
            Err(_) => return unsupported("a symbolic link whose target is not UTF-8"),
        }
    } else if metadata.is_file() {
        Kind::File {
            size: metadata.len(),
            executable: metadata.permissions().mode() & 0o100 != 0,
        }
    } else if metadata.is_dir() {
        Kind::Directory { directory: () }
    } else {
        return unsupported("neither a file nor a directory nor a symbolic link");
    };
    Ok(Entry {
        path: path.to_owned(),
        kind,
    })
}

/// A bundle that is being read: its entries, and what follows them.
#[derive(Debug)]
pub struct Bundle<R> {
    entries: Vec<Entry>,
    contents: R,
}

impl Bundle<BufReader<File>> {
    /// Opens a bundle and reads its entries.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no bundle.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(io_error("cannot read", path))?;
        Self::read(BufReader::with_capacity(64 * 1024, file))
    }
}

impl Bundle<Cursor<Vec<u8>>> {
    /// Reads the entries of a bundle that was [packed](pack).
    ///
    /// # Errors
    ///
    /// If it is no packed bundle.
    pub fn packed(text: &str) -> Result<Self, Error> {
        let compressed = BASE64
            .decode(text.as_bytes())
            .map_err(|error| Error::Format(format!("it is not base64: {error}")))?;
        let mut bytes = Vec::new();
        DeflateDecoder::new(compressed.as_slice())
            .read_to_end(&mut bytes)
            .map_err(io_error("cannot decompress", "the bundle"))?;
        Self::read(Cursor::new(bytes))
    }
}

impl<R: BufRead> Bundle<R> {
    /// Reads the entries of a bundle.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no bundle.
    pub fn read(mut source: R) -> Result<Self, Error> {
        let mut line = || -> Result<Vec<u8>, Error> {
            let mut line = Vec::new();
            source.read_until(b'\n', &mut line).map_err(unreadable)?;
            Ok(line)
        };
        if line()? != format!("{MAGIC}\n").as_bytes() {
            return Err(Error::Format(format!(
                "it does not start with the line `{MAGIC}`"
            )));
        }
        let entries: Vec<Entry> = serde_json::from_slice(&line()?)
            .map_err(|error| Error::Format(format!("its index cannot be read: {error}")))?;
        check(&entries)?;
        Ok(Self {
            entries,
            contents: source,
        })
    }

    /// Its entries, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Makes real files of the bundle below the directory `to`, which may exist and hold
    /// other files. They are writable and as old as everything in the store, so that `make`
    /// and its kind find nothing out of date.
    ///
    /// # Errors
    ///
    /// If a path is there already, cannot be written, or the bundle ends early.
    pub fn unpack(self, to: &Path) -> Result<(), Error> {
        self.unpack_some(to, |_| true)
    }

    /// Does the same for the entries that are wanted.
    ///
    /// # Errors
    ///
    /// As for all of them.
    pub fn unpack_some(self, to: &Path, wanted: impl Fn(&Entry) -> bool) -> Result<(), Error> {
        let mut made = BTreeSet::new();
        fs::create_dir_all(to).map_err(io_error("cannot create", to))?;
        self.each(|entry, contents| {
            if !wanted(entry) {
                return Ok(());
            }
            let at = to.join(&entry.path);
            if let Some((directory, _)) = entry.path.rsplit_once('/')
                && made.insert(directory.to_owned())
            {
                let directory = to.join(directory);
                fs::create_dir_all(&directory).map_err(io_error("cannot create", directory))?;
            }
            match &entry.kind {
                Kind::Symlink { target } => symlink(target, &at),
                Kind::Directory { .. } => fs::create_dir_all(&at),
                Kind::File { executable, .. } => create(&at, *executable, contents),
            }
            .map_err(io_error("cannot create", &at))
        })
    }

    /// Shows each entry with its contents, which need not be read; an entry that is no file has none.
    ///
    /// # Errors
    ///
    /// Those of `see`, and if the bundle cannot be read, ends early, or has something behind the last file.
    pub fn each(
        mut self,
        mut see: impl FnMut(&Entry, &mut dyn Read) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for entry in &self.entries {
            let size = match entry.kind {
                Kind::File { size, .. } => size,
                Kind::Symlink { .. } | Kind::Directory { .. } => 0,
            };
            let mut contents = self.contents.by_ref().take(size);
            see(entry, &mut contents)?;
            io::copy(&mut contents, &mut io::sink()).map_err(unreadable)?;
            if contents.limit() > 0 {
                return Err(Error::Format(format!("it ends within `{}`", entry.path)));
            }
        }
        match self.contents.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(Error::Format("something follows the last file".to_owned())),
            Err(error) => Err(unreadable(error)),
        }
    }
}

/// Writes a new file.
fn create(at: &Path, executable: bool, contents: &mut dyn Read) -> io::Result<()> {
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(at)?;
    io::copy(contents, &mut file)?;
    file.set_modified(time())
}

/// When everything in the store was modified.
fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1)
}

/// Whether the entries are sorted and stay below the directory that they are unpacked to.
fn check(entries: &[Entry]) -> Result<(), Error> {
    let names = |path: &str| -> bool {
        path.split('/')
            .all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
    };
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut before: Option<&str> = None;
    for Entry { path, .. } in entries {
        if !names(path) {
            return Err(Error::Format(format!("the path {path:?} leads elsewhere")));
        }
        if before.is_some_and(|before| before >= path.as_str()) {
            return Err(Error::Format(format!("`{path}` is out of order")));
        }
        // Nothing may be written through a link.
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(above) = above.into_iter().find(|above| taken.contains(above)) {
            return Err(Error::Format(format!(
                "`{path}` lies below `{above}`, which is no directory with entries"
            )));
        }
        taken.insert(path);
        before = Some(path);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    fn file(path: &str, size: u64, executable: bool) -> Entry {
        Entry {
            path: path.to_owned(),
            kind: Kind::File { size, executable },
        }
    }

    fn link(path: &str, target: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            kind: Kind::Symlink {
                target: target.to_owned(),
            },
        }
    }

    fn directory(path: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            kind: Kind::Directory { directory: () },
        }
    }

    /// A bundle whose files contain their own paths.
    fn bundle(entries: &[Entry]) -> Result<Vec<u8>, Error> {
        let texts: BTreeMap<_, _> = entries
            .iter()
            .map(|entry| (entry.path.clone(), entry.path.clone()))
            .collect();
        let mut bytes = Vec::new();
        write(entries, |path| Ok(texts[path].as_bytes()), &mut bytes)?;
        Ok(bytes)
    }

    fn message(result: Result<impl Sized, Error>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn the_format_is_what_the_head_of_the_module_says() {
        let entries = [
            file("b\n", 2, true),
            file("c", 1, false),
            directory("d"),
            link("l", "c"),
        ];
        assert_eq!(
            String::from_utf8(bundle(&entries).unwrap()).unwrap(),
            "dyndrv bundle 1\n\
             [{\"path\":\"b\\n\",\"size\":2,\"executable\":true},{\"path\":\"c\",\"size\":1},{\"path\":\"d\",\"directory\":null},{\"path\":\"l\",\"target\":\"c\"}]\n\
             b\nc"
        );
    }

    #[test]
    fn a_file_longer_than_the_buffer_is_written_whole() {
        let text: String = (0..40_000).map(|number| format!("{number}\n")).collect();
        let mut bytes = Vec::new();
        let entries = [file("a", text.len() as u64, false)];
        write(&entries, |_| Ok(text.as_bytes()), &mut bytes).unwrap();
        assert!(bytes.ends_with(text.as_bytes()));
    }

    #[test]
    fn files_are_real_writable_and_old() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("src")).unwrap();
        fs::write(temp.path().join("src/other"), "").unwrap();
        let entries = [
            file("configure", 9, true),
            directory("empty"),
            link("link", "src/lib.rs"),
            file("src/deep/x", 10, false),
            file("src/lib.rs", 10, false),
        ];
        let bytes = bundle(&entries).unwrap();
        Bundle::read(&bytes[..])
            .unwrap()
            .unpack(temp.path())
            .unwrap();
        for entry in &entries[..] {
            let at = temp.path().join(&entry.path);
            match &entry.kind {
                Kind::Directory { .. } => assert!(at.is_dir()),
                Kind::Symlink { target } => {
                    assert_eq!(fs::read_link(&at).unwrap(), Path::new(target));
                }
                Kind::File { executable, .. } => {
                    assert_eq!(fs::read_to_string(&at).unwrap(), entry.path);
                    let metadata = fs::symlink_metadata(&at).unwrap();
                    let mode = metadata.permissions().mode() & 0o777;
                    assert_eq!(mode, if *executable { 0o755 } else { 0o644 });
                    assert_eq!(metadata.modified().unwrap(), time());
                    assert_eq!(inspect(temp.path(), &entry.path).unwrap(), *entry);
                }
            }
        }
        let again = Bundle::read(&bytes[..]).unwrap().unpack(temp.path());
        assert!(message(again).contains("configure"));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in ["", "/a", "a/", "a//b", ".", "../a", "a/../b", "a\0b"] {
            let entries = [file(path, path.len() as u64, false)];
            assert!(
                message(bundle(&entries)).contains("leads elsewhere"),
                "{path:?}"
            );
            let bytes = format!(
                "{MAGIC}\n{}\n{path}",
                serde_json::to_string(&entries).unwrap()
            );
            assert!(Bundle::read(bytes.as_bytes()).is_err(), "{path:?}");
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let entries = [
            link("a", "/etc"),
            file("a.b", 3, false),
            file("a/passwd", 8, false),
        ];
        assert!(message(bundle(&entries)).contains("`a/passwd` lies below `a`"));
    }

    #[test]
    fn entries_are_sorted_and_unique() {
        for paths in [["b", "a"], ["a", "a"]] {
            let entries = paths.map(|path| file(path, 1, false));
            assert!(message(bundle(&entries)).contains("`a` is out of order"));
        }
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let bytes = bundle(&[file("a", 1, false), file("b", 1, false)]).unwrap();
        for (bytes, expected) in [
            (&b"fn main() {}"[..], "does not start"),
            (format!("{MAGIC}\n").as_bytes(), "index cannot be read"),
            (&bytes[..bytes.len() - 1], "ends within `b`"),
            (&[&bytes[..], b"c"].concat(), "follows the last file"),
        ] {
            let to = temp.path().join(expected.len().to_string());
            let result = Bundle::read(bytes).and_then(|bundle| bundle.unpack(&to));
            assert!(message(result).contains(expected), "{expected}");
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_an_error() {
        for (size, found) in [(2, 1), (0, 1)] {
            let error = message(bundle(&[file("a", size, false)]));
            assert!(
                error.contains(&format!("has {found} bytes instead of {size}")),
                "{error}"
            );
        }
    }

    /// Another text for the same files would make all derivations that hold them others.
    #[test]
    fn equal_files_give_equal_texts() {
        let bytes = bundle(&[file("src/names/names/names/names.rs", 30, false)]).unwrap();
        let packed = pack(&bytes).unwrap();
        assert_eq!(
            packed,
            "fco9CoAwDAbQvaco3yz+4NariEM1AQUNkqig4t17gEKXNz16hPT20yW0se/c8OGI54IA07mRuLPl1mqoYOvLCH37j658Ew=="
        );
        let read = Bundle::packed(&packed).unwrap();
        assert_eq!(
            read.entries(),
            [file("src/names/names/names/names.rs", 30, false)]
        );
    }
}
