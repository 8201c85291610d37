//! Adler-32, by C code that is compiled for the target.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    fn adler32(bytes: *const u8, length: usize) -> u32;
    fn adler_platform() -> *const c_char;
}

/// The checksum of a text.
pub fn of(text: &str) -> u32 {
    // SAFETY: the pointer and the length are of one slice.
    unsafe { adler32(text.as_ptr(), text.len()) }
}

/// What the C compiler compiled for.
pub fn platform() -> &'static str {
    // SAFETY: it is a string literal of C.
    let name = unsafe { CStr::from_ptr(adler_platform()) };
    name.to_str().unwrap_or("an unnamed platform")
}
