//! The library of a unit that was compiled against a base, as its [difference] to the base's.

use super::archive::{self, Archive, MAGIC, Member, Symbols, same};
use super::stand_in;
use crate::error::{Error, Result};
use crate::sandbox::difference::{self, Piece};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How many bytes a difference must spare. It is one more input of all units that are given the library.
const LEAST: u64 = 1 << 20;
/// The share of the library that it must spare. Nix reads each byte of an output four times; each unit that is given a
/// difference copies the whole library once.
const SHARE: u64 = 4;

/// Replaces a library by its difference to an earlier one, if that pays. A library that is the same as the earlier one stays
/// whole: then the output is the same too, and what depends on it is not built again.
///
/// `has_stand_ins`: whether members can be [stand-ins](stand_in) of the earlier library's objects. None is one afterwards.
///
/// # Errors
///
/// If a file cannot be read or written.
pub fn replace(library: &Path, earlier: &Path, has_stand_ins: bool) -> Result<()> {
    if !earlier.is_file() {
        return Ok(());
    }
    let own = Archive::open(library)?;
    if has_stand_ins && own.as_ref().is_none_or(|own| own.has_other_index) {
        let what = format!(
            "rustc wrote {}, an archive of another form than the base's",
            library.display()
        );
        return Err(Error::new(what).note(
            "build without `incremental` (at the desk: `--no-incremental`), and please report it",
        ));
    }
    let (Some(own), Some(other)) = (own, Archive::open(earlier)?) else {
        return Ok(());
    };
    let open = |path: &Path| File::open(path).map_err(|e| Error::io("cannot read", path, e));
    let (file, other_file) = (open(library)?, open(earlier)?);
    let of = [(&own, &file), (&other, &other_file)];
    let read = || -> io::Result<_> {
        let members = members(of, has_stand_ins)?;
        let pieces = pieces(of, &members)?;
        let pays = pays(&pieces) && !is_whole(&pieces, &file, &other_file)?;
        let is_complete = members.iter().all(|member| !member.is_stand_in);
        Ok((pieces, pays, is_complete))
    };
    let (pieces, pays, is_complete) = read().map_err(|e| Error::io("cannot read", library, e))?;
    if !pays && is_complete {
        return Ok(());
    }
    if pays {
        difference::write(library, &file, earlier, &pieces)?;
    }
    // The file that is open stays until the whole one is written.
    fs::remove_file(library).map_err(|e| Error::io("cannot remove", library, e))?;
    if !pays {
        difference::write_whole(library, &file, &other_file, &pieces)?;
    }
    Ok(())
}

/// A member of a library, and what of the earlier library has its content.
struct Found {
    own: Member,
    earlier: Option<Member>,
    is_stand_in: bool,
}

impl Found {
    /// The length of the content.
    fn size(&self) -> u64 {
        let content = self.earlier.filter(|_| self.is_stand_in);
        content.unwrap_or(self.own).size
    }
}

/// The members of a library in their order.
fn members(of: [(&Archive, &File); 2], has_stand_ins: bool) -> io::Result<Vec<Found>> {
    let [(own, file), (other, other_file)] = of;
    let named = other.members.iter().map(|(name, member)| (name, *member));
    let named: BTreeMap<&String, Member> = named.collect();
    let mut members = Vec::new();
    for (name, member) in &own.members {
        let member = *member;
        let object = match has_stand_ins {
            true => stand_in::object(file, member)?,
            false => None,
        };
        let earlier = match named.get(name) {
            _ if object.is_some() => object,
            Some(&found) if same(file, member, other_file, found)? => Some(found),
            _ => None,
        };
        members.push(Found {
            own: member,
            earlier,
            is_stand_in: object.is_some(),
        });
    }
    Ok(members)
}

/// What a library consists of when each stand-in is the object that it stands for.
fn pieces(of: [(&Archive, &File); 2], members: &[Found]) -> io::Result<Vec<Piece>> {
    let [(_, file), _] = of;
    let length = file.metadata()?.len();
    let starts = members.iter().map(|member| member.own.start());
    let mut starts = starts.chain([length]);
    let first = starts.next().unwrap_or(length);
    let mut pieces = match members.iter().any(|member| member.is_stand_in) {
        true => head(of, members)?,
        false => vec![Piece::Own(0, first)],
    };
    for (member, next) in members.iter().zip(starts) {
        let (at, size) = (member.own.offset, member.own.size);
        if member.is_stand_in {
            pieces.push(Piece::Bytes(archive::header(
                file,
                member.own,
                member.size(),
            )?));
        } else {
            pieces.push(Piece::Own(member.own.start(), at - member.own.start()));
        }
        match member.earlier {
            Some(earlier) => pieces.push(Piece::Earlier(earlier.offset, earlier.size)),
            None => pieces.push(Piece::Own(at, size)),
        }
        if !member.is_stand_in {
            pieces.push(Piece::Own(at + size, next - at - size));
        } else if member.size() % 2 == 1 {
            pieces.push(Piece::Bytes(b"\n".to_vec()));
        }
    }
    Ok(pieces)
}

/// What is before the members: the index of their symbols, and the table of their names.
fn head(of: [(&Archive, &File); 2], members: &[Found]) -> io::Result<Vec<Piece>> {
    let [(own, file), (other, other_file)] = of;
    let (own_symbols, other_symbols) = (own.symbols(file)?, other.symbols(other_file)?);
    let symbols = members.iter().map(|member| match member.earlier {
        Some(object) if member.is_stand_in => other_symbols.get(&object.start()),
        _ => own_symbols.get(&member.own.start()),
    });
    let symbols: Vec<Option<&Symbols>> = symbols.collect();
    let names = own
        .names
        .map(|names| (names.start(), names.end() - names.start()));
    let mut pieces = vec![Piece::Bytes(MAGIC.to_vec())];
    if let Some(index) = other.index {
        let length = stand_in::index_length(symbols.iter().flatten().copied());
        let header = archive::header(other_file, index, length)?;
        let start = MAGIC.len() as u64 + header.len() as u64 + length;
        let start = start + names.map_or(0, |(_, length)| length);
        let sizes = members.iter().map(Found::size);
        pieces.push(Piece::Bytes(header));
        pieces.push(Piece::Bytes(stand_in::index(sizes.zip(symbols), start)?));
    }
    pieces.extend(names.map(|(start, length)| Piece::Own(start, length)));
    Ok(pieces)
}

/// Whether a difference of these pieces pays.
fn pays(pieces: &[Piece]) -> bool {
    let is_earlier = |piece: &&Piece| matches!(piece, Piece::Earlier(..));
    let spared: u64 = pieces.iter().filter(is_earlier).map(Piece::length).sum();
    let length: u64 = pieces.iter().map(Piece::length).sum();
    spared >= LEAST && spared >= length / SHARE
}

/// Whether pieces are the whole of the earlier library.
fn is_whole(pieces: &[Piece], file: &File, earlier: &File) -> io::Result<bool> {
    let length: u64 = pieces.iter().map(Piece::length).sum();
    if length != earlier.metadata()?.len() {
        return Ok(false);
    }
    let mut at = 0;
    for piece in pieces {
        let size = piece.length();
        let there = Member { offset: at, size };
        let is_same = match piece {
            Piece::Earlier(offset, _) if *offset == at => true,
            &Piece::Earlier(offset, size) => {
                same(earlier, Member { offset, size }, earlier, there)?
            }
            &Piece::Own(offset, size) => same(file, Member { offset, size }, earlier, there)?,
            Piece::Bytes(bytes) => {
                let mut found = vec![0; bytes.len()];
                earlier.read_exact_at(&mut found, at)?;
                found == *bytes
            }
        };
        if !is_same {
            return Ok(false);
        }
        at += size;
    }
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::archive::tests::{archive, indexed};
    use super::*;
    use crate::sandbox::difference::{length, place_of, put_together};
    use std::path::PathBuf;

    /// An object that it pays to share.
    fn large(byte: u8) -> Vec<u8> {
        vec![byte; 1_310_723]
    }

    fn fixture(own: &[(&str, &[u8])], earlier: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("earlier.rlib"), archive(earlier)).unwrap();
        let library = temp.path().join("liba.rlib");
        fs::write(&library, archive(own)).unwrap();
        replace(&library, &temp.path().join("earlier.rlib"), false).unwrap();
        (temp, library)
    }

    #[test]
    fn a_library_is_put_together_as_it_was() {
        let (a, b) = (large(1), large(2));
        let earlier: [(&str, &[u8]); 3] = [("gone", b"xyz"), ("a", &a), ("b", &b)];
        for own in [
            // A new one between them, others have moved.
            vec![("a", &a[..]), ("new", b"odd"), ("b", &b)],
            vec![("b", &b), ("a", &a)],
            // All of the earlier one, and an empty one.
            vec![("gone", b"xyz"), ("a", &a), ("b", &b), ("c", b"")],
        ] {
            let (temp, library) = fixture(&own, &earlier);
            assert!(!library.exists());
            let difference = place_of(&library);
            let expected = archive(&own);
            assert!(fs::metadata(&difference).unwrap().len() < 1000);
            assert_eq!(length(&difference).unwrap(), Some(expected.len() as u64));
            let to = temp.path().join("together");
            put_together(&difference, &to).unwrap();
            assert!(fs::read(&to).unwrap() == expected);
        }
    }

    #[test]
    fn what_has_changed_is_in_the_difference() {
        let (a, mut b) = (large(1), large(2));
        let earlier = [("a", &a[..]), ("b", &b)];
        let earlier = earlier.map(|(name, content)| (name, content.to_vec()));
        *b.last_mut().unwrap() = 3;
        let new = large(4).repeat(3);
        let own = [("a", &a[..]), ("b", &b), ("new", &new)];
        let earlier: Vec<(&str, &[u8])> = earlier.iter().map(|(n, c)| (*n, &c[..])).collect();
        // The most is new.
        let (_temp, library) = fixture(&own, &earlier);
        assert!(library.exists());
        let (temp, library) = fixture(&[("a", &a), ("b", &b[..9])], &earlier);
        let to = temp.path().join("together");
        put_together(&place_of(&library), &to).unwrap();
        assert!(fs::read(&to).unwrap() == archive(&[("a", &a), ("b", &b[..9])]));
    }

    #[test]
    fn a_library_stays_that_is_the_same_or_small_or_no_archive() {
        let a = large(1);
        let members: [(&str, &[u8]); 1] = [("a", &a)];
        assert!(fixture(&members, &members).1.exists());
        assert!(
            fixture(&[("a", b"x")], &[("a", b"x"), ("b", b"")])
                .1
                .exists()
        );
        let temp = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| temp.path().join(name));
        fs::write(&one, &a).unwrap();
        replace(&one, &two, false).unwrap();
        fs::write(&two, [&a[..], b"x"].concat()).unwrap();
        replace(&one, &two, false).unwrap();
        assert!(one.exists());
    }

    type Members<'a> = [(&'a str, &'a [u8], &'a [&'a str])];

    /// A library against an earlier one, both with these members: those that are the same have stand-ins when rustc has written it.
    fn with_stand_ins(own: &Members<'_>, earlier: &Members<'_>) -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().join("earlier.rlib");
        fs::write(&base, indexed(earlier)).unwrap();
        let objects = Archive::open(&base).unwrap().unwrap().members;
        let object = |name: &str| objects.iter().find(|(found, _)| found == name).unwrap().1;
        let text = |member: &(&str, &[u8], &[&str])| match earlier.contains(member) {
            true => stand_in::text(object(member.0)).into_bytes(),
            false => member.1.to_vec(),
        };
        let texts: Vec<Vec<u8>> = own.iter().map(text).collect();
        let written = own.iter().zip(&texts);
        let written = written.map(|(member, text)| match earlier.contains(member) {
            true => (member.0, &text[..], &[][..]),
            false => *member,
        });
        let library = temp.path().join("liba.rlib");
        fs::write(&library, indexed(&written.collect::<Vec<_>>())).unwrap();
        replace(&library, &base, true).unwrap();
        (temp, library)
    }

    #[test]
    fn stand_ins_become_the_objects_that_they_stand_for() {
        let (a, b) = (large(1), large(2));
        let earlier: [(&str, &[u8], &[&str]); 4] = [
            ("gone", b"xyz", &["gone"]),
            ("a", &a, &["a1", "a2"]),
            ("b", &b, &["b"]),
            ("none", b"odd", &[]),
        ];
        for own in [
            // Changed, new, moved.
            vec![
                ("b", &b[..], &["b"][..]),
                ("a", b"other", &["a3"]),
                ("new", b"", &["n"]),
            ],
            vec![
                ("a", &a, &["a1", "a2"]),
                ("none", b"odd", &[]),
                ("b", &b, &["b"]),
            ],
            vec![("none", b"odd", &[]), ("b", &b, &["b"])],
            // Native code with two members of one name.
            vec![
                ("a", &a, &["a1", "a2"]),
                ("x", b"one", &["x1"]),
                ("b", &b, &["b"]),
                ("x", b"two", &["x2"]),
            ],
        ] {
            let (temp, library) = with_stand_ins(&own, &earlier);
            assert!(!library.exists());
            let difference = place_of(&library);
            assert!(fs::metadata(&difference).unwrap().len() < 1000);
            let to = temp.path().join("together");
            put_together(&difference, &to).unwrap();
            assert!(fs::read(&to).unwrap() == indexed(&own));
        }
        // Where no difference pays, the library is whole.
        let new = large(3).repeat(9);
        for own in [
            earlier.to_vec(),
            vec![earlier[0], earlier[3]],
            vec![("a", &new[..], &["a1"][..]), earlier[2]],
        ] {
            let (_temp, library) = with_stand_ins(&own, &earlier);
            assert!(fs::read(&library).unwrap() == indexed(&own));
            assert!(!place_of(&library).exists());
        }
    }
}
