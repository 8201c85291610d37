//! The encoding of the protocol of Nix's daemon: numbers, strings and lists.
//!
//! | value | bytes |
//! |---|---|
//! | number | 8, the lowest first |
//! | string | its length as a number, its bytes, and zeros up to a multiple of 8 |
//! | list | its length as a number, its items |
//! | stream of bytes | parts, each its length as a number and its bytes; a part of length 0 ends it |

use std::io::{self, Read, Write};

/// The longest string that is taken: no message is longer, so that a longer one is none.
const LONGEST: u64 = 1 << 28;

/// Writes a number.
///
/// # Errors
///
/// If the sink fails, here as below.
pub fn write_number(sink: &mut impl Write, number: u64) -> io::Result<()> {
    sink.write_all(&number.to_le_bytes())
}

/// Writes a string.
///
/// # Errors
///
/// If the sink fails.
pub fn write_bytes(sink: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    write_number(sink, bytes.len() as u64)?;
    sink.write_all(bytes)?;
    sink.write_all(&[0; 8][..padding(bytes.len())])
}

/// Writes a list of strings.
///
/// # Errors
///
/// If the sink fails.
pub fn write_list<S: AsRef<str>>(sink: &mut impl Write, items: &[S]) -> io::Result<()> {
    write_number(sink, items.len() as u64)?;
    for item in items {
        write_bytes(sink, item.as_ref().as_bytes())?;
    }
    Ok(())
}

/// Writes a stream that consists of these bytes.
///
/// # Errors
///
/// If the sink fails.
pub fn write_stream(sink: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    for part in bytes.chunks(1 << 16) {
        write_number(sink, part.len() as u64)?;
        sink.write_all(part)?;
    }
    write_number(sink, 0)
}

/// Reads a number.
///
/// # Errors
///
/// If the source fails or ends.
pub fn read_number(source: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    source.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads a string; what is not UTF-8 in it is replaced.
///
/// # Errors
///
/// If the source fails or ends, or the string is longer than any.
pub fn read_string(source: &mut impl Read) -> io::Result<String> {
    let length = read_number(source)?;
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a string of {length} bytes"),
        ));
    }
    let mut bytes = Vec::new();
    source.by_ref().take(length).read_to_end(&mut bytes)?;
    let mut zeros = [0; 8];
    source.read_exact(&mut zeros[..padding(length as usize)])?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Reads a list of strings.
///
/// # Errors
///
/// As [`read_string`].
pub fn read_list(source: &mut impl Read) -> io::Result<Vec<String>> {
    let length = read_number(source)?;
    (0..length).map(|_| read_string(source)).collect()
}

fn padding(length: usize) -> usize {
    (8 - length % 8) % 8
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write_number(&mut bytes, 7).unwrap();
        write_list(&mut bytes, &["", "12345678", "ü"]).unwrap();
        let mut source = bytes.as_slice();
        assert_eq!(read_number(&mut source).unwrap(), 7);
        assert_eq!(read_list(&mut source).unwrap(), ["", "12345678", "ü"]);
        assert!(source.is_empty());
        assert!(read_number(&mut source).is_err());
    }

    #[test]
    fn strings_are_padded() {
        let mut bytes = Vec::new();
        write_bytes(&mut bytes, b"abc").unwrap();
        assert_eq!(bytes, [3, 0, 0, 0, 0, 0, 0, 0, 97, 98, 99, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn no_memory_is_reserved_for_a_length_that_cannot_be() {
        let bytes = u64::MAX.to_le_bytes();
        let error = read_string(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_stream_ends_with_an_empty_part() {
        let mut bytes = Vec::new();
        write_stream(&mut bytes, b"ab").unwrap();
        assert_eq!(bytes.len(), 8 + 2 + 8);
    }
}
