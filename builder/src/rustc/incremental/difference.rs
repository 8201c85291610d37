//! The library of a unit that was compiled against a base, as its [difference] to the base's.

use super::archive::{Archive, Member, same};
use crate::error::{Error, Result};
use crate::sandbox::difference::{self, Part};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// How many bytes a difference must spare. It is one more input of all units that are given the library.
const LEAST: u64 = 1 << 20;
/// The share of the library that it must spare. Nix reads each byte of an output four times; each unit that is given a
/// difference copies the whole library once.
const SHARE: u64 = 4;

/// Replaces a library by its difference to an earlier one, if that pays. A library stays that is the same as the earlier
/// one: then the output is the same too, and what depends on it is not built again.
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
        let whole = |size: u64| Member { offset: 0, size };
        let other_length = other_file.metadata()?.len();
        if same(&file, whole(length), &other_file, whole(other_length))? {
            return Ok(None);
        }
        let mut members: Vec<_> = own.members.iter().collect();
        members.sort_by_key(|(_, member)| member.offset);
        let (mut parts, mut at, mut spared) = (Vec::new(), 0, 0);
        for (name, &member) in members {
            let Some(&found) = other.members.get(name) else {
                continue;
            };
            if same(&file, member, &other_file, found)? {
                parts.push(Part::Own(member.offset - at));
                parts.push(Part::Earlier(found.offset, found.size));
                at = member.offset + member.size;
                spared += member.size;
            }
        }
        parts.push(Part::Own(length - at));
        Ok((spared >= LEAST && spared >= length / SHARE).then_some(parts))
    };
    compare().map_err(|e| Error::io("cannot read", library, e))
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
        vec![byte; 1_310_723]
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
