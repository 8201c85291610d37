//! The FNV-1a hash, in bundled C.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    fn fnv_update(hash: u64, data: *const u8, length: usize) -> u64;
    safe fn fnv_start() -> u64;
    safe fn fnv_version() -> *const c_char;
}

/// The hash of `data`.
pub fn fnv1a(data: &[u8]) -> u64 {
    // SAFETY: pointer and length are those of one slice, which C only reads.
    unsafe { fnv_update(fnv_start(), data.as_ptr(), data.len()) }
}

/// The name of the variant.
pub fn version() -> &'static str {
    // SAFETY: C returns a literal, which ends in a zero and lives forever.
    let version = unsafe { CStr::from_ptr(fnv_version()) };
    version.to_str().unwrap_or("?")
}

#[cfg(test)]
mod tests;
