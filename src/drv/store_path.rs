//! Store paths, and how the hash in them comes about.
//!
//! | constructor | hashed | what it is for |
//! |---|---|---|
//! | [`StorePath::text`] | the content of a single plain file | `.drv` files, `text:sha256` outputs |
//! | [`StorePath::source`] | the NAR of a tree | `r:sha256` outputs, `nix-store --add` |
//!
//! Both hash in the name and the references, so two trees that are equal have
//! different paths if they are said to refer to different things. A reference of a
//! path to itself is not supported.
//!
//! ```
//! use dyndrv::drv::store_path::StorePath;
//! use std::collections::BTreeSet;
//!
//! let none = BTreeSet::new();
//! let path = StorePath::text("builder.sh", "echo hello\n", &none)?;
//! assert_eq!(path.name(), "builder.sh");
//! assert_eq!(StorePath::parse(&path.to_string())?, path);
//! # Ok::<(), dyndrv::drv::store_path::Error>(())
//! ```

use super::{hash::Sha256, nix32};
use std::{collections::BTreeSet, fmt};

/// The one store directory whose paths can be predicted.
pub const STORE_DIR: &str = "/nix/store";

/// How many characters the hash part has.
const HASH_LEN: usize = 32;

/// How many characters a name may have: 255 for a file name, less the hash part,
/// the dash and what Nix itself appends.
const MAX_NAME_LEN: usize = 211;

/// An entry of the store directory, not something below it.
///
/// It displays as an absolute path and is ordered as Nix orders store paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath {
    base_name: String,
}

/// Why something is not a store path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It lies elsewhere, or below a store path.
    #[error("`{path}` is not directly below `{STORE_DIR}`")]
    Directory {
        /// The text.
        path: String,
    },
    /// It does not start with 32 base-32 digits and a dash.
    #[error("`{path}` is not a store path: 32 digits of Nix's base 32 and a dash must come first")]
    Hash {
        /// The text.
        path: String,
    },
    /// The name is empty or too long.
    #[error("`{name}` is not a store path's name: it must have 1 to {MAX_NAME_LEN} characters")]
    NameLength {
        /// The name.
        name: String,
    },
    /// The name starts with a component that Nix reserves.
    #[error(
        "`{name}` is not a store path's name: it must not be `.` or `..`, nor start with `.-` or `..-`"
    )]
    NameDots {
        /// The name.
        name: String,
    },
    /// The name contains a character that Nix does not allow.
    #[error(
        "`{name}` is not a store path's name: `{character}` is none of 0-9 a-z A-Z + - . _ ? ="
    )]
    NameCharacter {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
}

impl StorePath {
    /// Reads an absolute path of a store object.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let base_name = path
            .strip_prefix(STORE_DIR)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|rest| !rest.contains('/'))
            .ok_or_else(|| Error::Directory { path: path.into() })?;
        let name = split_hash(base_name).ok_or_else(|| Error::Hash { path: path.into() })?;
        check_name(name)?;
        Ok(Self {
            base_name: base_name.into(),
        })
    }

    /// The path of a plain file with this content and these references.
    pub fn text(
        name: &str,
        content: impl AsRef<[u8]>,
        references: &BTreeSet<StorePath>,
    ) -> Result<Self, Error> {
        Self::hashed("text", &Sha256::of(content), name, references)
    }

    /// The path of a tree with this NAR hash and these references.
    pub fn source(
        name: &str,
        nar: &Sha256,
        references: &BTreeSet<StorePath>,
    ) -> Result<Self, Error> {
        Self::hashed("source", nar, name, references)
    }

    /// Nix's `makeStorePath`.
    fn hashed(
        kind: &str,
        inner: &Sha256,
        name: &str,
        references: &BTreeSet<StorePath>,
    ) -> Result<Self, Error> {
        check_name(name)?;
        let mut fingerprint = kind.to_owned();
        for reference in references {
            fingerprint += &format!(":{reference}");
        }
        fingerprint += &format!(":sha256:{inner}:{STORE_DIR}:{name}");
        let hash = fold(&Sha256::of(fingerprint));
        Ok(Self {
            base_name: format!("{}-{name}", nix32::encode(&hash)),
        })
    }

    /// What follows the hash part and the dash.
    pub fn name(&self) -> &str {
        &self.base_name[HASH_LEN + 1..]
    }

    /// The first 32 characters below the store directory: what Nix looks for when
    /// it scans an output for references.
    pub fn hash_part(&self) -> &str {
        &self.base_name[..HASH_LEN]
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE_DIR}/{}", self.base_name)
    }
}

/// All store paths that a text mentions.
///
/// A name reaches as far as its characters do, as there is no other end to it in
/// a text: a full stop that ends a sentence counts as part of the name. Where that
/// matters, compare [`StorePath::hash_part`] with those of known paths.
///
/// ```
/// use dyndrv::drv::store_path::find_references;
///
/// let flags = "-L/nix/store/00000000000000000000000000000000-zlib-1.3/lib -lz";
/// let found: Vec<_> = find_references(flags).iter().map(|p| p.name().to_owned()).collect();
/// assert_eq!(found, ["zlib-1.3"]);
/// ```
pub fn find_references(text: &str) -> BTreeSet<StorePath> {
    text.match_indices(STORE_DIR)
        .filter_map(|(start, _)| {
            let path = &text[start..];
            let below = path.get(STORE_DIR.len() + 1..)?;
            let end = below.find(|c| !is_name_character(c)).unwrap_or(below.len());
            StorePath::parse(&path[..STORE_DIR.len() + 1 + end]).ok()
        })
        .collect()
}

/// The name in `<hash>-<name>`.
fn split_hash(base_name: &str) -> Option<&str> {
    let (hash, name) = base_name.split_at_checked(HASH_LEN)?;
    if hash.bytes().all(nix32::is_digit) {
        name.strip_prefix('-')
    } else {
        None
    }
}

/// Nix's `checkName`.
fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_NAME_LEN {
        return Err(Error::NameLength { name: name.into() });
    }
    if let Some(character) = name.chars().find(|c| !is_name_character(*c)) {
        return Err(Error::NameCharacter {
            name: name.into(),
            character,
        });
    }
    let first = name.split('-').next();
    if matches!(first, Some("." | "..")) {
        return Err(Error::NameDots { name: name.into() });
    }
    Ok(())
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+-._?=".contains(character)
}

/// Nix's `compressHash`: 32 bytes to the 20 that 32 digits can show.
fn fold(hash: &Sha256) -> [u8; 20] {
    let mut folded = [0; 20];
    for (index, byte) in hash.0.iter().enumerate() {
        folded[index % folded.len()] ^= byte;
    }
    folded
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HASH: &str = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q";

    fn path(name: &str) -> Result<StorePath, Error> {
        StorePath::parse(&format!("{STORE_DIR}/{HASH}-{name}"))
    }

    #[test]
    fn parts_of_a_path() {
        let parsed = path("foo-1.0.drv").unwrap();
        assert_eq!(parsed.hash_part(), HASH);
        assert_eq!(parsed.name(), "foo-1.0.drv");
        assert_eq!(
            parsed.to_string(),
            format!("{STORE_DIR}/{HASH}-foo-1.0.drv")
        );
    }

    #[test]
    fn only_entries_of_the_store_directory_are_store_paths() {
        for bad in [
            "",
            "/nix/store",
            "/nix/store/",
            "/nix/storeg1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x",
            "/gnu/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x",
            "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x/",
            "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x/bin",
            "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q",
            "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3-x",
            "/nix/store/e1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x",
            "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hyü-x",
        ] {
            assert!(StorePath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_as_in_nix() {
        let longest = "x".repeat(211);
        for good in [
            "x",
            "a+b-c.d_e?f=G0",
            ".gitignore",
            "...",
            "a-.-b",
            &longest,
        ] {
            assert!(path(good).is_ok(), "{good}");
        }
        let too_long = "x".repeat(212);
        for bad in [
            "", ".", "..", ".-x", "..-x", "a b", "a/b", "ä", "a:b", &too_long,
        ] {
            assert!(path(bad).is_err(), "{bad}");
            assert!(StorePath::text(bad, "", &BTreeSet::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn order_is_that_of_hash_and_name() {
        let other = StorePath::parse("/nix/store/00000000000000000000000000000000-z").unwrap();
        assert!(other < path("a").unwrap());
        assert!(path("a-b").unwrap() < path("a.b").unwrap());
    }

    #[test]
    fn references_are_found_wherever_a_path_can_stand() {
        let a = StorePath::parse("/nix/store/00000000000000000000000000000000-a").unwrap();
        let b = StorePath::parse("/nix/store/11111111111111111111111111111111-b.c").unwrap();
        for text in [
            format!("{a}:{b}"),
            format!("-L{b}/lib -I{a}/include"),
            format!("\"{a}\"/nix/store/nix/store/{b}"),
            format!("ü{a}ü{b}"),
        ] {
            let found = find_references(&text);
            assert_eq!(found, BTreeSet::from([a.clone(), b.clone()]), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_path_is_no_reference() {
        for text in [
            "",
            "/nix/store",
            "/nix/storeü",
            "/nix/store/",
            "/nix/store/.links/x",
            "/nix/store/00000000000000000000000000000000",
            "/nix/store/00000000000000000000000000000000-/x",
            "00000000000000000000000000000000-x",
        ] {
            assert_eq!(find_references(text), BTreeSet::new(), "{text}");
        }
    }
}
