//! The part of `zlib.h` that is used here, by its own names.

use std::ffi::{c_char, c_int, c_uint, c_ulong};

pub const Z_OK: c_int = 0;

unsafe extern "C" {
    pub fn zlibVersion() -> *const c_char;
    pub fn crc32(crc: c_ulong, data: *const u8, length: c_uint) -> c_ulong;
    pub fn compressBound(length: c_ulong) -> c_ulong;
    pub fn compress(
        target: *mut u8,
        target_length: *mut c_ulong,
        source: *const u8,
        source_length: c_ulong,
    ) -> c_int;
    pub fn uncompress(
        target: *mut u8,
        target_length: *mut c_ulong,
        source: *const u8,
        source_length: c_ulong,
    ) -> c_int;
}
