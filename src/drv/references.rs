//! Which store objects a text mentions.
//!
//! Nix's own rule holds here: an object is mentioned if its hash part occurs in the
//! text, wherever that is. Only known objects are looked for, because a text does
//! not say where the name of a store path ends: `?`, `=`, `.`, `+` and `-` belong to
//! names, and stand behind paths as well.
//!
//! ```
//! use dyndrv::drv::{StorePath, references::Objects};
//!
//! let database: StorePath = "/nix/store/00000000000000000000000000000000-schema.db".parse()?;
//! let other: StorePath = "/nix/store/11111111111111111111111111111111-zlib".parse()?;
//! let known: Objects = [database.clone(), other].into_iter().collect();
//!
//! let url = format!("sqlite://{database}?mode=ro");
//! assert!(known.mentioned_in(&url).into_iter().eq([&database]));
//! # Ok::<(), dyndrv::drv::StorePathError>(())
//! ```

use super::{STORE_DIR, StorePath, nixbase32};
use std::collections::{BTreeSet, HashMap};

/// How many characters a hash part has.
const LENGTH: usize = 32;

/// Store objects by their hash parts.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    by_hash: HashMap<[u8; LENGTH], StorePath>,
}

impl FromIterator<StorePath> for Objects {
    /// Of several with one hash part the first in order counts: Nix puts files such as
    /// `<object>.lock` beside objects.
    fn from_iter<I: IntoIterator<Item = StorePath>>(paths: I) -> Self {
        let mut objects = Self::default();
        for path in paths.into_iter().collect::<BTreeSet<_>>() {
            objects.insert(&path);
        }
        objects
    }
}

impl Objects {
    /// Adds an object.
    pub fn insert(&mut self, path: &StorePath) {
        if let Some(hash) = hash_part(path) {
            self.by_hash.entry(hash).or_insert_with(|| path.clone());
        }
    }

    /// All objects, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &StorePath> {
        let paths: BTreeSet<&StorePath> = self.by_hash.values().collect();
        paths.into_iter()
    }

    /// The objects that a text mentions.
    pub fn mentioned_in(&self, text: &str) -> BTreeSet<&StorePath> {
        let mut found = BTreeSet::new();
        let mut rest = text.as_bytes();
        while let Some(window) = rest.first_chunk::<LENGTH>() {
            let skipped = match window.iter().rposition(|byte| !is_digit(*byte)) {
                Some(end) => end + 1,
                None => {
                    found.extend(self.by_hash.get(window));
                    1
                }
            };
            rest = &rest[skipped..];
        }
        found
    }

    /// The first path in a text that has the form of a store path, and is none of the
    /// objects or below one: as much of it as can be part of a path.
    pub fn unknown_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let starts = text.match_indices(STORE_DIR);
        let paths = starts.map(|(start, _)| &text[start..]);
        let mut unknown = paths.filter(|path| {
            let below = path.as_bytes()[STORE_DIR.len()..].strip_prefix(b"/");
            let hash = below.and_then(|below| below.split_first_chunk::<LENGTH>());
            hash.is_some_and(|(hash, rest)| {
                hash.iter().all(|byte| is_digit(*byte))
                    && rest.first() == Some(&b'-')
                    && !self.by_hash.contains_key(hash)
            })
        });
        let path = unknown.next()?;
        let in_path = |c: char| c.is_ascii_alphanumeric() || "/+-._?=".contains(c);
        let end = path.find(|c| !in_path(c)).unwrap_or(path.len());
        Some(&path[..end])
    }
}

fn hash_part(path: &StorePath) -> Option<[u8; LENGTH]> {
    nixbase32::encode(path.digest())
        .as_bytes()
        .first_chunk()
        .copied()
}

/// Whether a byte is a digit of Nix's base 32, which has no `e`, `o`, `t` and `u`.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !matches!(byte, b'e' | b'o' | b't' | b'u')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn path(digit: &str, name: &str) -> StorePath {
        let hash = digit.repeat(LENGTH);
        format!("{STORE_DIR}/{hash}-{name}").parse().unwrap()
    }

    fn known() -> Objects {
        [path("0", "a"), path("1", "b.c")].into_iter().collect()
    }

    #[test]
    fn objects_are_found_wherever_their_hash_part_stands() {
        let (a, b) = (path("0", "a"), path("1", "b.c"));
        for text in [
            format!("{a}:{b}"),
            format!("-L{b}/lib -I{a}/include"),
            format!("--remap-path-prefix={a}=/x;{b}.d"),
            format!("\"{a}\"/nix/store/nix/store/{b}"),
            format!("ü{a}ü{b}"),
            format!("https://cache/{}.narinfo {b}", "0".repeat(LENGTH)),
        ] {
            let expected = BTreeSet::from([&a, &b]);
            assert_eq!(known().mentioned_in(&text), expected, "{text}");
            assert_eq!(known().unknown_in(&text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_found() {
        let digits = "0".repeat(LENGTH - 1);
        for text in [
            "",
            "/nix/store",
            "/nix/storeü",
            "/nix/store/.links/x",
            &digits,
            &format!("{digits}e{digits}"),
            &format!("/nix/store/{digits}-x"),
        ] {
            assert!(known().mentioned_in(text).is_empty(), "{text}");
            assert_eq!(known().unknown_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_lock_file_beside_an_object_is_none() {
        let (a, lock) = (path("0", "a"), path("0", "a.lock"));
        let known: Objects = [lock.clone(), a.clone()].into_iter().collect();
        assert!(known.mentioned_in(&lock.to_string()).into_iter().eq([&a]));
    }

    #[test]
    fn an_unknown_store_path_is_shown_to_its_end() {
        let (a, c) = (path("0", "a"), path("2", "c"));
        let text = format!("{a}/lib -L{c}/lib, {c}");
        assert_eq!(known().unknown_in(&text), Some(&*format!("{c}/lib")));
        assert!(known().mentioned_in(&text).into_iter().eq([&a]));
    }

    #[test]
    fn all_digits_are_digits_and_nothing_else() {
        let alphabet = "0123456789abcdfghijklmnpqrsvwxyz";
        for byte in 0..=u8::MAX {
            let expected = alphabet.as_bytes().contains(&byte);
            assert_eq!(is_digit(byte), expected, "{byte}");
        }
    }
}
