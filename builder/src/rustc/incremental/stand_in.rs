//! Stand-ins: small files in place of objects that the base's library has.
//!
//! rustc takes the object of a codegen unit that has not changed from its session to the library. It looks into it only for the
//! symbols that the library's index tells, and passes over what is no object. So a session can have a file in the object's place that
//! says where the object is in the base's library; the library that rustc then writes has such files as members, and is small.
//! [Its difference](super::difference) to the base's library has the objects again, and an index with their symbols.
//!
//! That spares to copy all objects to the session, and from there to the library.

use super::archive::{self, Archive, HEADER, Member, Symbols};
use crate::error::Result;
use crate::spec::{Incremental, Rustc};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What a stand-in starts with.
const START: &str = "!<stand-in>\n";
/// No stand-in is longer.
const LONGEST: u64 = 64;
/// The largest library of a base. Places of 32 bits reach twice as far, for what an edit adds.
const LARGEST: u64 = 1 << 31;

/// Whether objects of the base's library can have stand-ins when a unit is compiled against it. A linker would need the
/// objects, and a unit that keeps its state keeps them too.
///
/// # Errors
///
/// If the library cannot be read.
pub fn suit(rustc: &Rustc, how: &Incremental) -> Result<bool> {
    let Some(base) = how.base.get("out").filter(|_| !how.keep) else {
        return Ok(false);
    };
    for product in &rustc.products {
        let is_library = product.file.ends_with(".rlib");
        if is_library && !suits(&Path::new(base).join(&product.to))? {
            return Ok(false);
        }
        if !is_library && !product.file.ends_with(".rmeta") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a library has an index with places of 32 bits, which reach far enough, and no other one.
fn suits(library: &Path) -> Result<bool> {
    let length = fs::metadata(library).map_or(u64::MAX, |metadata| metadata.len());
    let is_known = |archive: Archive| archive.index.is_some() && !archive.has_other_index;
    Ok(length <= LARGEST && Archive::open(library)?.is_some_and(is_known))
}

/// The stand-in of an object that is here in the base's library.
pub fn text(object: Member) -> String {
    format!("{START}{} {}\n", object.offset, object.size)
}

/// The object that a member stands for, if it is a stand-in.
///
/// # Errors
///
/// If the file cannot be read.
pub fn object(file: &File, member: Member) -> io::Result<Option<Member>> {
    if member.size > LONGEST {
        return Ok(None);
    }
    let content = archive::content(file, member)?;
    let read = || {
        let text = str::from_utf8(&content).ok()?;
        let (offset, size) = text.strip_prefix(START)?.trim_end().split_once(' ')?;
        Some(Member {
            offset: offset.parse().ok()?,
            size: size.parse().ok()?,
        })
    };
    Ok(read())
}

/// The length of an index of these symbols.
pub fn index_length<'a>(symbols: impl Iterator<Item = &'a Symbols>) -> u64 {
    let lengths = symbols.map(|symbols| 4 * u64::from(symbols.count) + symbols.names.len() as u64);
    let length = 4 + lengths.sum::<u64>();
    length + length % 2
}

/// An index of the symbols of members, given with the lengths of their contents. The first one starts at `start`.
///
/// # Errors
///
/// If the members are too large.
pub fn index<'a>(
    members: impl Iterator<Item = (u64, Option<&'a Symbols>)>,
    start: u64,
) -> io::Result<Vec<u8>> {
    let mut at = start;
    let (mut count, mut places, mut names) = (0, Vec::new(), Vec::new());
    for (size, symbols) in members {
        if let Some(symbols) = symbols {
            let place = u32::try_from(at).map_err(io::Error::other)?.to_be_bytes();
            count += symbols.count;
            places.extend((0..symbols.count).flat_map(|_| place));
            names.extend_from_slice(&symbols.names);
        }
        at += HEADER + size + size % 2;
    }
    let mut index = u32::to_be_bytes(count).to_vec();
    index.append(&mut places);
    index.append(&mut names);
    if index.len() % 2 == 1 {
        index.push(0);
    }
    Ok(index)
}
