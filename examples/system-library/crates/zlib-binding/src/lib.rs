//! The system's zlib, found by pkg-config.

mod sys;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_int, c_ulong};
use std::fmt;

/// The version that pkg-config named when this crate was built.
pub const FOUND: &str = env!("ZLIB_FOUND");

/// What zlib answers instead of doing its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(c_int);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zlib error {}", self.0)
    }
}

impl std::error::Error for Error {}

/// The version of the library that runs.
pub fn version() -> &'static str {
    // SAFETY: zlib returns a literal, which ends in a zero and lives forever.
    let version = unsafe { CStr::from_ptr(sys::zlibVersion()) };
    version.to_str().unwrap_or("?")
}

/// The CRC-32 of `data`. Data of 4 GiB and more counts in parts.
pub fn crc32(data: &[u8]) -> u32 {
    let chunks = data.chunks(1 << 30);
    let crc = chunks.fold(0, |crc, chunk| {
        // SAFETY: pointer and length are those of one slice, and fit `c_uint`.
        unsafe { sys::crc32(crc, chunk.as_ptr(), chunk.len() as _) }
    });
    crc as u32
}

/// `data`, compressed.
pub fn compress(data: &[u8]) -> Result<Vec<u8>, Error> {
    let length = data.len() as c_ulong;
    // SAFETY: asks for a number only.
    let bound = unsafe { sys::compressBound(length) };
    fill(bound as usize, |target, room| {
        // SAFETY: `fill` gives a buffer of `room` bytes; the source is a slice.
        unsafe { sys::compress(target, room, data.as_ptr(), length) }
    })
}

/// What [`compress`] made `data` from, if that had at most `limit` bytes.
pub fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    fill(limit, |target, room| {
        // SAFETY: `fill` gives a buffer of `room` bytes; the source is a slice.
        unsafe { sys::uncompress(target, room, data.as_ptr(), data.len() as c_ulong) }
    })
}

/// Calls `work` with a buffer of `room` bytes and keeps as many as it says.
fn fill(room: usize, work: impl FnOnce(*mut u8, *mut c_ulong) -> c_int) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; room];
    let mut length = room as c_ulong;
    match work(buffer.as_mut_ptr(), &raw mut length) {
        sys::Z_OK => {
            buffer.truncate(length as usize);
            Ok(buffer)
        }
        code => Err(Error(code)),
    }
}
