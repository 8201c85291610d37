//! The library of a unit that was compiled against a base, as its [difference] to the base's.

use super::archive::Archive;
use crate::error::{Error, Result};
use crate::sandbox::difference::{self, Part};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How many bytes a difference must spare. It costs an input of all that is given the library.
const LEAST: u64 = 1 << 20;
/// How many bytes are compared at a time.
const BLOCK: usize = 1 << 18;

/// Replaces a library by its difference to an earlier one. A library stays that is the same as the earlier one,
/// has little in common with it, or is small.
///
/// # Errors
///
/// If a file cannot be read or written.
pub fn replace(library: &Path, earlier: &Path) -> Result<()> {
    if !earlier.is_file() {
        return Ok(());
    }
    let Some(parts) = parts(library, earlier)? else {
        return Ok(());
    };
    difference::write(library, earlier, parts)?;
    fs::remove_file(library).map_err(|e| Error::io("cannot remove", library, e))
}

/// What a library has in common with an earlier one, by the members of the archives; none if it is the same, or if a
/// difference does not pay.
fn parts(library: &Path, earlier: &Path) -> Result<Option<Vec<Part>>> {
    let (Some(own), Some(other)) = (Archive::open(library)?, Archive::open(earlier)?) else {
        return Ok(None);
    };
    let compare = || -> io::Result<Option<Vec<Part>>> {
        let (file, other_file) = (File::open(library)?, File::open(earlier)?);
        let length = file.metadata()?.len();
        if length == other_file.metadata()?.len() && same(&file, 0, &other_file, 0, length)? {
            return Ok(None);
        }
        let mut members: Vec<_> = own.members.iter().collect();
        members.sort_by_key(|(_, member)| member.offset);
        let (mut parts, mut at, mut spared) = (Vec::new(), 0, 0);
        for (name, member) in members {
            let Some(found) = other.members.get(name) else {
                continue;
            };
            let is_same = found.size == member.size
                && same(&file, member.offset, &other_file, found.offset, member.size)?;
            if is_same {
                parts.push(Part::Own(member.offset - at));
                parts.push(Part::Earlier(found.offset, found.size));
                at = member.offset + member.size;
                spared += member.size;
            }
        }
        parts.push(Part::Own(length - at));
        Ok((spared >= LEAST && spared > length / 4).then_some(parts))
    };
    compare().map_err(|e| Error::io("cannot read", library, e))
}

fn same(one: &File, at: u64, two: &File, other_at: u64, length: u64) -> io::Result<bool> {
    let (mut a, mut b) = (vec![0; BLOCK], vec![0; BLOCK]);
    let mut done = 0;
    while done < length {
        let size = usize::try_from(length - done).map_or(BLOCK, |left| left.min(BLOCK));
        one.read_exact_at(&mut a[..size], at + done)?;
        two.read_exact_at(&mut b[..size], other_at + done)?;
        if a[..size] != b[..size] {
            return Ok(false);
        }
        done += size as u64;
    }
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::archive::tests::archive;
    use super::*;
    use crate::sandbox::difference::{length, place_of, put_together};
    use std::path::PathBuf;

    /// An object that it pays to share.
    fn large(byte: u8) -> Vec<u8> {
        vec![byte; BLOCK * 5 + 3]
    }

    fn fixture(own: &[(&str, &[u8])], earlier: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("earlier.rlib"), archive(earlier)).unwrap();
        let library = temp.path().join("liba.rlib");
        fs::write(&library, archive(own)).unwrap();
        replace(&library, &temp.path().join("earlier.rlib")).unwrap();
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
        replace(&one, &two).unwrap();
        fs::write(&two, [&a[..], b"x"].concat()).unwrap();
        replace(&one, &two).unwrap();
        assert!(one.exists());
    }
}
