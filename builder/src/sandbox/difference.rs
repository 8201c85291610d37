//! A library as the difference to an earlier one.
//!
//! A library that was compiled incrementally has hundreds of objects, of which an edit changes a few. Nix reads, writes and hashes
//! each byte of an output several times. So the output has the file `<library>.difference` in place of the library, which names the
//! bytes that the earlier library has as well, and holds all others. Each unit that is given the library puts it together first.
//!
//! The file starts with one line, a header as a JSON object. The bytes that it holds follow. The header has the path of the earlier
//! library, so that Nix keeps that library as long as the difference, and shows it to all builds that see the difference.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the library consists of.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The path of the earlier library.
    earlier: PathBuf,
    /// In their order.
    parts: Vec<Part>,
}

/// A part of a library, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// So many bytes of the difference's own.
    Own(u64),
    /// Where the bytes start in the earlier library, and how many there are.
    Earlier(u64, u64),
}

impl Part {
    const fn length(self) -> u64 {
        match self {
            Self::Own(length) | Self::Earlier(_, length) => length,
        }
    }
}

/// The file that an output has in place of a library.
pub fn place_of(library: &Path) -> PathBuf {
    let mut name = library.as_os_str().to_owned();
    name.push(".difference");
    name.into()
}

/// A piece of a library that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Where the bytes start in a file of the library's own, and how many there are.
    Own(u64, u64),
    /// The same in the earlier library.
    Earlier(u64, u64),
}

impl Piece {
    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Own(_, length) | Self::Earlier(_, length) => *length,
        }
    }

    fn part(&self) -> Part {
        match *self {
            Self::Earlier(offset, length) => Part::Earlier(offset, length),
            _ => Part::Own(self.length()),
        }
    }
}

/// Writes a library as its difference to an earlier one, beside it. `own` is the file of its own pieces.
///
/// # Errors
///
/// If a file cannot be read or written.
pub fn write(library: &Path, own: &File, earlier: &Path, pieces: &[Piece]) -> Result<()> {
    let mut parts: Vec<Part> = Vec::new();
    for part in pieces.iter().map(Piece::part) {
        match (parts.last_mut(), part) {
            (Some(Part::Own(before)), Part::Own(length)) => *before += length,
            _ => parts.push(part),
        }
    }
    let header = Header {
        earlier: earlier.to_owned(),
        parts,
    };
    let to = place_of(library);
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&to)?);
        serde_json::to_writer(&mut file, &header)?;
        file.write_all(b"\n")?;
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => file.write_all(bytes)?,
                Piece::Own(offset, length) => copy(own, *offset, *length, &mut file)?,
                Piece::Earlier(..) => {}
            }
        }
        file.flush()
    };
    write().map_err(|e| Error::io("cannot write", &to, e))
}

/// Writes a library as a whole.
///
/// # Errors
///
/// If a file cannot be read or written.
pub fn write_whole(library: &Path, own: &File, earlier: &File, pieces: &[Piece]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = File::create(library)?;
        for piece in pieces {
            match piece {
                Piece::Bytes(bytes) => file.write_all(bytes)?,
                Piece::Own(offset, length) => copy(own, *offset, *length, &mut file)?,
                Piece::Earlier(offset, length) => copy(earlier, *offset, *length, &mut file)?,
            }
        }
        Ok(())
    };
    write().map_err(|e| Error::io("cannot write", library, e))
}

/// The length of the library that a difference stands for; none if there is no such file.
///
/// # Errors
///
/// If it cannot be read, or is malformed.
pub fn length(difference: &Path) -> Result<Option<u64>> {
    match open(difference) {
        Ok((header, _, _)) => Ok(Some(header.parts.iter().map(|part| part.length()).sum())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("cannot read", difference, e)),
    }
}

/// Puts a library together.
///
/// # Errors
///
/// If a file cannot be read, or `to` cannot be written.
pub fn put_together(difference: &Path, to: &Path) -> Result<()> {
    let (header, mut at, own) =
        open(difference).map_err(|e| Error::io("cannot read", difference, e))?;
    let earlier = File::open(&header.earlier);
    let earlier = earlier.map_err(|e| Error::io("cannot read", &header.earlier, e))?;
    let cannot_write = |e| Error::io("cannot write", to, e);
    let mut file = File::create(to).map_err(cannot_write)?;
    for part in &header.parts {
        let (from, source, offset, length) = match *part {
            Part::Own(length) => (&own, difference, at, length),
            Part::Earlier(offset, length) => (&earlier, &*header.earlier, offset, length),
        };
        copy(from, offset, length, &mut file).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::io("cannot read", source, e),
            _ => cannot_write(e),
        })?;
        if let Part::Own(length) = part {
            at += length;
        }
    }
    Ok(())
}

/// The header of a difference; where its own bytes start, and the file.
fn open(difference: &Path) -> io::Result<(Header, u64, File)> {
    let mut file = BufReader::new(File::open(difference)?);
    let mut line = Vec::new();
    let length = file.read_until(b'\n', &mut line)?;
    let header: Header = serde_json::from_slice(&line)?;
    Ok((header, length as u64, file.into_inner()))
}

fn copy(from: &File, offset: u64, length: u64, to: &mut impl Write) -> io::Result<()> {
    let mut from = from.try_clone()?;
    from.seek(SeekFrom::Start(offset))?;
    match io::copy(&mut io::Read::take(from, length), to)? {
        copied if copied == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_malformed_difference_and_a_missing_library_are_named() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("liba.rlib.difference");
        assert_eq!(length(&file).unwrap(), None);
        fs::write(&file, "{").unwrap();
        let error = length(&file).unwrap_err().to_string();
        assert!(error.contains("liba.rlib.difference"), "{error}");
        fs::write(&file, r#"{"earlier":"/gone/liba.rlib","parts":[]}"#).unwrap();
        let error = put_together(&file, &temp.path().join("to")).unwrap_err();
        assert!(error.to_string().contains("/gone/liba.rlib"), "{error}");
        let earlier = temp.path().join("earlier.rlib");
        fs::write(&earlier, "short").unwrap();
        let header = format!("{{\"earlier\":{earlier:?},\"parts\":[{{\"earlier\":[0,9]}}]}}\n");
        fs::write(&file, header).unwrap();
        let error = put_together(&file, &temp.path().join("to")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("cannot read") && text.contains("earlier.rlib"),
            "{text}"
        );
    }
}
