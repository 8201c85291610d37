//! NAR, the archive that a tree's hash is taken of. It holds names, contents,
//! symbolic links and the executable bit, and nothing else.
//!
//! A [`Node`] describes a tree. What stands for a file's contents is up to the
//! caller, who says how to open it, so that a tree is never in memory as a whole:
//!
//! ```
//! use dyndrv::drv::nar::{self, Node};
//!
//! let mut tree = Node::default();
//! tree.insert("src/main.rs", Node::File { executable: false, contents: "fn main() {}" })?;
//! tree.insert("link", Node::Symlink("src".into()))?;
//! let hash = nar::hash(&tree, |text| Ok((text.len() as u64, text.as_bytes())))?;
//! assert_eq!(
//!     hash.to_nix_base16_string(),
//!     "sha256:0da04c12a8ded859eb3eb8e1e26b9b2e12be5917a6ade1acc41ded07d2d52221",
//! );
//! # Ok::<(), nar::Error>(())
//! ```

use super::{HashAlgorithm, NixHash};
use nix_derivation::NixHasher;
use std::collections::{BTreeMap, btree_map::Entry};
use std::io::{self, Read, Write};

/// A tree, a file or a symbolic link. `C` stands for the contents of files.
///
/// Names are UTF-8, which the format itself does not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<C> {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
        /// Its contents, or where to find them.
        contents: C,
    },
    /// A symbolic link to this target.
    Symlink(String),
    /// A directory. Its order is that of the archive.
    Directory(BTreeMap<String, Node<C>>),
}

/// Why a tree cannot be archived. Paths are relative to the tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path has an empty component, `.`, `..` or a NUL.
    #[error("`{path}`: the name `{name}` cannot be part of a tree")]
    Name {
        /// The path.
        path: String,
        /// The component.
        name: String,
    },
    /// The path, or one that it lies below, is taken already.
    #[error("`{path}` cannot be added to the tree: `{taken}` is there already")]
    Taken {
        /// The path that was to be added.
        path: String,
        /// The other name.
        taken: String,
    },
    /// A file's contents cannot be opened or read.
    #[error("`{path}`: cannot read the contents")]
    Contents {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file has another length than was announced: it changed meanwhile.
    #[error("`{path}`: announced with {announced} bytes, but has {found}")]
    Length {
        /// The file.
        path: String,
        /// The length that is in the archive already.
        announced: u64,
        /// How many bytes were read; one more than announced if there are too many.
        found: u64,
    },
    /// The archive cannot be written.
    #[error("cannot write the archive")]
    Sink(#[source] io::Error),
}

impl<C> Default for Node<C> {
    /// An empty directory.
    fn default() -> Self {
        Self::Directory(BTreeMap::new())
    }
}

impl<C> Node<C> {
    /// Adds a node below this one, and the directories between them. An error leaves
    /// the tree as it was.
    pub fn insert(&mut self, path: &str, node: Node<C>) -> Result<(), Error> {
        path.split('/')
            .try_for_each(|name| check_name(path, name))?;
        let mut place = self;
        let mut done = 0;
        let taken = |end: usize| Error::Taken {
            path: path.into(),
            taken: path[..end].into(),
        };
        for name in path.split('/') {
            let Node::Directory(entries) = place else {
                return Err(taken(done));
            };
            done += name.len() + usize::from(done > 0);
            let last = done == path.len();
            place = match entries.entry(name.into()) {
                Entry::Occupied(_) if last => return Err(taken(done)),
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(Node::default()),
            };
        }
        *place = node;
        Ok(())
    }
}

/// The SHA-256 of a tree's archive; see [`write()`].
pub fn hash<'a, C, R: Read>(
    tree: &'a Node<C>,
    open: impl FnMut(&'a C) -> io::Result<(u64, R)>,
) -> Result<NixHash, Error> {
    let mut sink = HashSink(NixHasher::new(HashAlgorithm::Sha256));
    write(tree, &mut sink, open)?;
    Ok(sink.0.finalize())
}

/// Hashes what is written to it.
struct HashSink(NixHasher);

impl Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a tree's archive. `open` gives the length of a file's contents in bytes
/// and the contents themselves. Many small pieces are written: buffer the sink if
/// it is a file.
pub fn write<'a, C, R: Read>(
    tree: &'a Node<C>,
    sink: &mut impl Write,
    open: impl FnMut(&'a C) -> io::Result<(u64, R)>,
) -> Result<(), Error> {
    let mut writer = Writer {
        sink,
        open,
        path: Vec::new(),
    };
    writer.string("nix-archive-1")?;
    writer.node(tree)
}

struct Writer<'a, 's, S, F> {
    sink: &'s mut S,
    open: F,
    /// Where in the tree the writer is, for messages.
    path: Vec<&'a str>,
}

impl<'a, S: Write, F> Writer<'a, '_, S, F> {
    fn node<C, R: Read>(&mut self, node: &'a Node<C>) -> Result<(), Error>
    where
        F: FnMut(&'a C) -> io::Result<(u64, R)>,
    {
        self.strings(&["(", "type"])?;
        match node {
            Node::File {
                executable,
                contents,
            } => {
                self.string("regular")?;
                if *executable {
                    self.strings(&["executable", ""])?;
                }
                self.string("contents")?;
                self.contents(contents)?;
            }
            Node::Symlink(target) => self.strings(&["symlink", "target", target])?,
            Node::Directory(entries) => {
                self.string("directory")?;
                for (name, node) in entries {
                    self.entry(name, node)?;
                }
            }
        }
        self.string(")")
    }

    fn entry<C, R: Read>(&mut self, name: &'a str, node: &'a Node<C>) -> Result<(), Error>
    where
        F: FnMut(&'a C) -> io::Result<(u64, R)>,
    {
        self.path.push(name);
        check_name(&self.path.join("/"), name)?;
        self.strings(&["entry", "(", "name", name, "node"])?;
        self.node(node)?;
        self.string(")")?;
        self.path.pop();
        Ok(())
    }

    fn contents<C, R: Read>(&mut self, contents: &'a C) -> Result<(), Error>
    where
        F: FnMut(&'a C) -> io::Result<(u64, R)>,
    {
        let (length, mut reader) = (self.open)(contents).map_err(|e| self.unreadable(e))?;
        self.bytes(&length.to_le_bytes())?;
        let mut buffer = [0; 64 * 1024];
        let mut found = 0;
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(self.unreadable(e)),
            };
            found += read as u64;
            if found > length {
                break;
            }
            self.bytes(&buffer[..read])?;
        }
        if found != length {
            return Err(Error::Length {
                path: self.path.join("/"),
                announced: length,
                found: found.min(length + 1),
            });
        }
        self.pad(length)
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::Contents {
            path: self.path.join("/"),
            source,
        }
    }

    fn strings(&mut self, strings: &[&str]) -> Result<(), Error> {
        strings.iter().try_for_each(|string| self.string(string))
    }

    fn string(&mut self, string: &str) -> Result<(), Error> {
        let length = string.len() as u64;
        self.bytes(&length.to_le_bytes())?;
        self.bytes(string.as_bytes())?;
        self.pad(length)
    }

    /// Everything starts at a multiple of eight bytes.
    fn pad(&mut self, length: u64) -> Result<(), Error> {
        let missing = (8 - length % 8) % 8;
        self.bytes(&[0; 8][..missing as usize])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.sink.write_all(bytes).map_err(Error::Sink)
    }
}

fn check_name(path: &str, name: &str) -> Result<(), Error> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(Error::Name {
            path: path.into(),
            name: name.into(),
        });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(contents: &str) -> Node<&str> {
        Node::File {
            executable: false,
            contents,
        }
    }

    fn archive(tree: &Node<&str>) -> Result<Vec<u8>, Error> {
        let mut archive = Vec::new();
        write(tree, &mut archive, |text| {
            Ok((text.len() as u64, text.as_bytes()))
        })?;
        Ok(archive)
    }

    #[test]
    fn every_string_is_padded_to_eight_bytes() {
        for length in 0..20 {
            let contents = "x".repeat(length);
            let archive = archive(&file(&contents)).unwrap();
            assert_eq!(archive.len() % 8, 0, "{length}");
            let empty = super::tests::archive(&file("")).unwrap();
            assert_eq!(archive.len() - empty.len(), length.next_multiple_of(8));
        }
    }

    #[test]
    fn contents_longer_than_the_buffer_are_streamed() {
        let contents = "0123456789".repeat(20_000);
        let archive = archive(&file(&contents)).unwrap();
        let start = archive.len() - contents.len() - "........).......".len();
        assert_eq!(&archive[start..][..contents.len()], contents.as_bytes());
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_an_error() {
        let tree = Node::Directory([("a".to_owned(), file("abc"))].into());
        for (announced, found) in [(2, 3), (0, 1), (4, 3)] {
            let result = hash(&tree, |text| Ok((announced, text.as_bytes())));
            let message = result.unwrap_err().to_string();
            assert_eq!(
                message,
                format!("`a`: announced with {announced} bytes, but has {found}")
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let mut tree = Node::default();
        tree.insert("a/b", file("")).unwrap();
        let error = hash(&tree, |_| -> io::Result<(u64, io::Empty)> {
            Err(io::ErrorKind::NotFound.into())
        });
        assert!(matches!(error, Err(Error::Contents { path, .. }) if path == "a/b"));
    }

    #[test]
    fn order_of_insertion_does_not_count() {
        let paths = ["b", "a/x", "a.b", "a-b", "Z"];
        let tree = |paths: &mut dyn Iterator<Item = &&str>| {
            let mut tree = Node::default();
            for path in paths {
                tree.insert(path, file("")).unwrap();
            }
            tree
        };
        let forwards = tree(&mut paths.iter());
        assert_eq!(forwards, tree(&mut paths.iter().rev()));
        let Node::Directory(entries) = forwards else {
            unreachable!()
        };
        assert!(entries.keys().eq(["Z", "a", "a-b", "a.b", "b"]));
    }

    #[test]
    fn nothing_is_replaced() {
        let mut tree = Node::default();
        tree.insert("a/b", file("")).unwrap();
        for (path, at) in [("a", "a"), ("a/b", "a/b"), ("a/b/c/d", "a/b")] {
            let before = tree.clone();
            let error = tree.insert(path, file("new"));
            assert!(
                matches!(&error, Err(Error::Taken { taken, .. }) if taken == at),
                "{path}: {error:?}"
            );
            assert_eq!(tree, before);
        }
    }

    #[test]
    fn names_that_no_directory_can_have_are_refused() {
        for name in ["", ".", "..", "a\0b"] {
            let path = format!("a/{name}");
            let mut tree = Node::default();
            let error = tree.insert(&path, file(""));
            assert!(matches!(error, Err(Error::Name { .. })), "{path:?}");
            assert_eq!(tree, Node::default());
        }
        for name in ["", ".", "..", "a\0b", "a/b"] {
            let tree = Node::Directory([(name.to_owned(), file(""))].into());
            assert!(
                matches!(archive(&tree), Err(Error::Name { .. })),
                "{name:?}"
            );
        }
    }
}
