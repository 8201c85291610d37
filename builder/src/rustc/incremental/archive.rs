//! Rust libraries as archives: where their members are, and names that two runs have in common.
//!
//! A member that was compiled incrementally is named `<library>.<codegen unit>.<run>.rcgu.o`, where
//! `<run>` are seven characters that rustc draws anew each time. They are replaced by zeros, in the
//! names and in rustc's own list of them, which has the same length then. Nothing reads them again.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What an archive starts with.
pub const MAGIC: &[u8] = b"!<arch>\n";
/// The length of a member's header.
pub const HEADER: u64 = 60;
/// Where a header has the length of the content.
const SIZE: std::ops::Range<usize> = 48..58;
const OBJECT: &str = ".rcgu.o";
/// How many characters rustc draws.
const RUN: usize = 7;
/// The member in which rustc lists the objects of the library.
const LIST: &str = "lib.rmeta-link";

/// A member of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where its content starts in the file.
    pub offset: u64,
    /// The length of its content.
    pub size: u64,
}

impl Member {
    /// Where its header starts.
    pub const fn start(self) -> u64 {
        self.offset - HEADER
    }

    /// Where the next header starts: at an even place.
    pub const fn end(self) -> u64 {
        self.offset + self.size + self.size % 2
    }
}

/// The members of an archive in the format of System V and GNU.
#[derive(Debug, Default)]
pub struct Archive {
    /// In their order, with their names. Native code can have several of one name.
    pub members: Vec<(String, Member)>,
    /// The index of symbols, with places of 32 bits. Windows' format has a second one of another form.
    pub index: Option<Member>,
    /// The table of long names.
    pub names: Option<Member>,
    /// Whether it has an index of another form: with places of 64 bits, or Windows' second one.
    pub has_other_index: bool,
}

/// The symbols of a member, as the index has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// How many there are.
    pub count: u32,
    /// Their names, each with a zero behind it.
    pub names: Vec<u8>,
}

impl Archive {
    /// Reads the members' headers. None if the file is no such archive.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let read = || -> io::Result<Option<Self>> {
            let file = File::open(path)?;
            Self::read(&file, file.metadata()?.len())
        };
        read().map_err(|e| Error::io("cannot read", path, e))
    }

    fn read(file: &File, length: u64) -> io::Result<Option<Self>> {
        let mut magic = [0; MAGIC.len()];
        if length < MAGIC.len() as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut magic, 0)?;
        if magic != MAGIC {
            return Ok(None);
        }
        let mut archive = Self::default();
        let mut table = Vec::new();
        let mut at = MAGIC.len() as u64;
        while at + HEADER <= length {
            let mut header = [0; HEADER as usize];
            file.read_exact_at(&mut header, at)?;
            let field = |range: std::ops::Range<usize>| {
                String::from_utf8_lossy(&header[range])
                    .trim_end()
                    .to_owned()
            };
            let Ok(size) = field(SIZE).parse::<u64>() else {
                return Ok(None);
            };
            let member = Member {
                offset: at + HEADER,
                size,
            };
            if size > length.saturating_sub(member.offset) {
                return Ok(None);
            }
            let name = field(0..16);
            match name.as_str() {
                "/" if archive.index.is_none() => archive.index = Some(member),
                "/" | "/SYM64/" => archive.has_other_index = true,
                "//" => {
                    table = content(file, member)?;
                    archive.names = Some(member);
                }
                _ => {
                    let Some(name) = long_name(&name, &table) else {
                        return Ok(None);
                    };
                    archive.members.push((name, member));
                }
            }
            at = member.end();
        }
        Ok(Some(archive))
    }

    /// The symbols in the index, by the start of the header of the member that has them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the index is malformed.
    pub fn symbols(&self, file: &File) -> io::Result<BTreeMap<u64, Symbols>> {
        let mut found: BTreeMap<u64, Symbols> = BTreeMap::new();
        let Some(index) = self.index else {
            return Ok(found);
        };
        let content = content(file, index)?;
        let malformed = || io::Error::other("its index of symbols is malformed");
        let (count, rest) = content.split_first_chunk().ok_or_else(malformed)?;
        let count = u32::from_be_bytes(*count) as usize;
        let places = count.checked_mul(4).ok_or_else(malformed)?;
        let (places, mut names) = rest.split_at_checked(places).ok_or_else(malformed)?;
        for place in places.as_chunks().0 {
            let end = names.iter().position(|byte| *byte == 0);
            let (name, rest) = names.split_at(end.ok_or_else(malformed)? + 1);
            names = rest;
            let symbols = found.entry(u32::from_be_bytes(*place).into()).or_default();
            symbols.count += 1;
            symbols.names.extend_from_slice(name);
        }
        Ok(found)
    }

    /// The member with a codegen unit's object.
    pub fn object(&self, unit: &str) -> Option<Member> {
        let mut objects = self.members.iter();
        let found = objects.find(|(name, _)| parts(name).is_some_and(|(found, _)| found == unit));
        found.map(|(_, member)| *member)
    }
}

/// Whether the bytes of two files at these places are the same.
///
/// # Errors
///
/// If a file cannot be read, or ends early.
pub fn same(one: &File, at: Member, other: &File, other_at: Member) -> io::Result<bool> {
    const BLOCK: usize = 1 << 18;
    if at.size != other_at.size {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut done = 0;
    while done < at.size {
        let size = usize::try_from(at.size - done).map_or(BLOCK, |left| left.min(BLOCK));
        one.read_exact_at(&mut a[..size], at.offset + done)?;
        other.read_exact_at(&mut b[..size], other_at.offset + done)?;
        if a[..size] != b[..size] {
            return Ok(false);
        }
        done += size as u64;
    }
    Ok(true)
}

/// Replaces what rustc has drawn for its members' names.
///
/// # Errors
///
/// If the file cannot be read or written.
pub fn normalise(path: &Path) -> Result<()> {
    let Some(archive) = Archive::open(path)? else {
        return Ok(());
    };
    let names = archive.members.iter().map(|(name, _)| name);
    let runs = names.filter_map(|name| parts(name)?.1);
    let mut runs: Vec<&str> = runs.collect();
    runs.sort_unstable();
    runs.dedup();
    let write = || -> io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut members = archive.members.iter();
        let list = members.find(|(name, _)| name == LIST);
        let list = list.map(|(_, member)| *member);
        for member in archive.names.into_iter().chain(list) {
            let mut text = content(&file, member)?;
            for run in &runs {
                let from = format!(".{run}{OBJECT}");
                let to = format!(".{}{OBJECT}", "0".repeat(RUN));
                replace(&mut text, from.as_bytes(), to.as_bytes());
            }
            file.write_all_at(&text, member.offset)?;
        }
        Ok(())
    };
    write().map_err(|e| Error::io("cannot write", path, e))
}

/// The codegen unit of an object, and what rustc has drawn for the run. A name can be without that.
fn parts(name: &str) -> Option<(&str, Option<&str>)> {
    let (rest, last) = name.strip_suffix(OBJECT)?.rsplit_once('.')?;
    match rest.rsplit_once('.') {
        Some((_, unit)) if last.len() == RUN => Some((unit, Some(last))),
        _ => Some((last, None)),
    }
}

/// A name as the header has it: `name/`, or `/` and its place in the table of names.
fn long_name(name: &str, table: &[u8]) -> Option<String> {
    let Some(place) = name.strip_prefix('/') else {
        return Some(name.strip_suffix('/').unwrap_or(name).to_owned());
    };
    let rest = table.get(place.parse::<usize>().ok()?..)?;
    let end = rest.windows(2).position(|two| two == b"/\n")?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// The header of a member of another length.
///
/// # Errors
///
/// If the file cannot be read.
pub fn header(file: &File, member: Member, size: u64) -> io::Result<Vec<u8>> {
    let mut header = vec![0; HEADER as usize];
    file.read_exact_at(&mut header, member.start())?;
    let width = SIZE.len();
    header[SIZE].copy_from_slice(format!("{size:<width$}").as_bytes());
    Ok(header)
}

/// The content of a member.
///
/// # Errors
///
/// If the file cannot be read.
pub fn content(file: &File, member: Member) -> io::Result<Vec<u8>> {
    let length = usize::try_from(member.size).map_err(io::Error::other)?;
    let mut content = vec![0; length];
    file.read_exact_at(&mut content, member.offset)?;
    Ok(content)
}

/// Replaces each occurrence of one text by another of the same length.
fn replace(text: &mut [u8], from: &[u8], to: &[u8]) {
    let mut at = 0;
    while let Some(rest) = text.get_mut(at..at + from.len()) {
        if rest == from {
            rest.copy_from_slice(to);
            at += from.len();
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;
    use std::fs;

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            content.len()
        )
        .into_bytes();
        bytes.extend_from_slice(content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
        bytes
    }

    /// An archive with these members, whose names are short.
    pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let members = members.iter();
        let members = members.map(|(name, content)| member(&format!("{name}/"), content));
        [MAGIC.to_vec(), members.collect::<Vec<_>>().concat()].concat()
    }

    /// An archive with these members and their symbols, as rustc writes it.
    pub fn indexed(members: &[(&str, &[u8], &[&str])]) -> Vec<u8> {
        let bare: Vec<_> = members
            .iter()
            .map(|&(name, bytes, _)| (name, bytes))
            .collect();
        let symbols: Vec<&str> = members.iter().flat_map(|(_, _, s)| *s).copied().collect();
        let names: String = symbols.iter().map(|name| format!("{name}\0")).collect();
        let length = 4 + 4 * symbols.len() + names.len();
        let mut at = MAGIC.len() + 60 + length + length % 2;
        let mut index = u32::try_from(symbols.len()).unwrap().to_be_bytes().to_vec();
        for (_, bytes, symbols) in members {
            let place = u32::try_from(at).unwrap().to_be_bytes();
            index.extend(symbols.iter().flat_map(|_| place));
            at += 60 + bytes.len() + bytes.len() % 2;
        }
        index.extend(names.as_bytes());
        index.resize(index.len() + index.len() % 2, 0);
        let rest = archive(&bare).split_off(MAGIC.len());
        [MAGIC.to_vec(), member("/", &index), rest].concat()
    }

    /// An archive as rustc writes it in a run that has drawn these characters.
    fn library(run: &str) -> Vec<u8> {
        let names = format!("a-1.one.{run}.rcgu.o/\na-1.two.{run}.rcgu.o/\n");
        let list = format!("a-1.one.{run}.rcgu.o,a-1.two.{run}.rcgu.o");
        let second = names.find("a-1.two").unwrap();
        [
            MAGIC.to_vec(),
            member("/", &[0, 0, 0, 0]),
            member("//", names.as_bytes()),
            member("lib.rmeta/", b"abc"),
            member("lib.rmeta-link/", list.as_bytes()),
            member("/0", b"first"),
            member(&format!("/{second}"), b"second"),
        ]
        .concat()
    }

    #[test]
    fn two_runs_have_the_same_names() {
        let temp = tempfile::tempdir().unwrap();
        let file = |run: &str| {
            let path = temp.path().join(run);
            fs::write(&path, library(run)).unwrap();
            normalise(&path).unwrap();
            path
        };
        let (one, two) = (file("1w1xhdz"), file("0ogfx2m"));
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        assert_eq!(fs::read(&one).unwrap(), library("0000000"));
    }

    #[test]
    fn objects_are_found_by_their_codegen_units() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        fs::write(&path, library("1w1xhdz")).unwrap();
        let archive = Archive::open(&path).unwrap().unwrap();
        let found = archive.object("two").unwrap();
        let bytes = fs::read(&path).unwrap();
        let start = usize::try_from(found.offset).unwrap();
        assert_eq!(&bytes[start..start + 6], b"second");
        assert_eq!(found.size, 6);
        assert_eq!(archive.object("three"), None);
    }

    #[test]
    fn an_index_of_another_form_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        let other = |indexes: &[&str]| {
            let indexes = indexes.iter().map(|name| member(name, &[0, 0, 0, 0]));
            let bytes = [MAGIC.to_vec(), indexes.collect::<Vec<_>>().concat()].concat();
            fs::write(&path, bytes).unwrap();
            Archive::open(&path).unwrap().unwrap().has_other_index
        };
        assert!(!other(&["/"]));
        assert!(other(&["/", "/"]));
        assert!(other(&["/SYM64/"]));
    }

    #[test]
    fn names_without_a_run_stay() {
        assert_eq!(parts("a-1.one.rcgu.o"), Some(("one", None)));
        assert_eq!(
            parts("a-1.one.1w1xhdz.rcgu.o"),
            Some(("one", Some("1w1xhdz")))
        );
        assert_eq!(parts("lib.rmeta"), None);
    }

    #[test]
    fn what_is_no_archive_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        for bytes in [&b"!<ar"[..], b"!<arch>\nshort", &library("1w1xhdz")[..120]] {
            fs::write(&path, bytes).unwrap();
            normalise(&path).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}
