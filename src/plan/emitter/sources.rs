//! The source files of a unit: which they are, their predicted store path, and the bundle that holds them.

use crate::drv::nar::{self, Node};
use crate::drv::{HashAlgorithm, NixHash, hash_bytes};
use crate::plan::Error;
use dyndrv_builder::sandbox::bundle::{self, Entry, Kind};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Sources of at most so many bytes, with their paths, are in the derivation of the unit that reads them.
///
/// As a store object of their own they would cost more: Nix would register it beside the derivation, and mount it for the unit
/// and for each emitter that has the derivation in its closure.
const SMALL: u64 = 64 * 1024;

/// A selection of files, symbolic links and empty directories below a root directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sources(Vec<Entry>);

/// Sources, and their bundle for the derivation of a unit.
#[derive(Clone, Debug)]
pub struct Bundled {
    /// The sources.
    pub sources: Sources,
    /// The bundle.
    pub bundle: Bundle,
}

/// The bundle of a unit's sources.
#[derive(Clone, Debug)]
pub enum Bundle {
    /// Sources that are [small](Sources::is_small), as a text in the derivation.
    Text(String),
    /// A store object of their own.
    Object(Object),
}

/// A bundle as a store object.
#[derive(Clone, Debug)]
pub struct Object {
    /// The hash of its NAR.
    pub hash: NixHash,
    /// Its size in bytes.
    pub size: u64,
}

impl Bundled {
    /// Reads these files, given as for [`Sources::of`].
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or is a socket or the like.
    pub fn of<'a>(root: &Path, files: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let sources = Sources::of(root, files)?;
        let bundle = if sources.is_small() {
            Bundle::Text(sources.packed(root)?)
        } else {
            Bundle::Object(sources.object(root)?)
        };
        Ok(Self { sources, bundle })
    }
}

impl Sources {
    /// These files, given by their paths relative to `root`, sorted and each once. A directory
    /// among them counts if no other path lies below it.
    ///
    /// # Errors
    ///
    /// If a file cannot be inspected, or is a socket or the like.
    pub fn of<'a>(root: &Path, files: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let entries = files.into_iter().map(|file| bundle::inspect(root, file));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let is_filled = |directory: &Entry| {
            let prefix = format!("{}/", directory.path);
            let behind = entries.partition_point(|entry| entry.path < prefix);
            let next = entries.get(behind);
            next.is_some_and(|entry| entry.path.starts_with(&prefix))
        };
        let is_listed =
            |entry: &&Entry| !matches!(entry.kind, Kind::Directory { .. }) || !is_filled(entry);
        Ok(Self(entries.iter().filter(is_listed).cloned().collect()))
    }

    /// The paths, relative to the root.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.path.as_str())
    }

    /// Whether they are few enough bytes to be in a derivation, with their paths.
    pub fn is_small(&self) -> bool {
        let size = |entry: &Entry| match entry.kind {
            Kind::File { size, .. } => size,
            Kind::Symlink { .. } | Kind::Directory { .. } => 0,
        };
        let sizes = self.0.iter().map(|entry| {
            let path = u64::try_from(entry.path.len()).unwrap_or(u64::MAX);
            size(entry).saturating_add(path)
        });
        sizes.fold(0, u64::saturating_add) <= SMALL
    }

    /// The bundle as a text, for a derivation.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn packed(&self, root: &Path) -> Result<String, Error> {
        let mut bytes = Vec::new();
        self.write(root, &mut bytes)?;
        Ok(bundle::pack(&bytes)?)
    }

    /// A name of 64 digits for the list of files. It does not depend on their contents: the name enters the store
    /// path, and an edit that changed it would make the same content a different input.
    pub fn digest(&self) -> String {
        let line = |entry: &Entry| {
            let kind = match &entry.kind {
                Kind::File { executable, .. } => if *executable { "x" } else { "f" }.to_owned(),
                Kind::Symlink { target } => format!("l{target}"),
                Kind::Directory { .. } => "d".to_owned(),
            };
            format!("{}\0{kind}\0", entry.path)
        };
        let text: String = self.0.iter().map(line).collect();
        let hash = hash_bytes(HashAlgorithm::Sha256, text.as_bytes());
        let bytes = hash.digest_as_bytes().iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes the bundle, reading the files below `root`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or the sink cannot be written.
    pub fn write(&self, root: &Path, sink: &mut impl Write) -> Result<(), Error> {
        Ok(bundle::write(
            &self.0,
            |path| File::open(root.join(path)),
            sink,
        )?)
    }

    /// The NAR of the bundle.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn nar(&self, root: &Path) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.write(root, &mut bytes)?;
        let file = Node::File {
            executable: false,
            contents: bytes.as_slice(),
        };
        let mut archive = Vec::with_capacity(bytes.len() + 256);
        nar::write(&file, &mut archive, |bytes| {
            Ok((bytes.len() as u64, *bytes))
        })?;
        Ok(archive)
    }

    /// The bundle as a store object.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn object(&self, root: &Path) -> Result<Object, Error> {
        let mut bytes = Vec::new();
        self.write(root, &mut bytes)?;
        let file = Node::File {
            executable: false,
            contents: bytes.as_slice(),
        };
        let hash = nar::hash(&file, |bytes| Ok((bytes.len() as u64, *bytes)))?;
        Ok(Object {
            hash,
            size: bytes.len() as u64,
        })
    }
}
