//! The FNV-1a hash of many texts at once.

// What `fnv_bulk` calls is in the C library that this crate links.
use fnv_sys as _;

/// How wide a hash is.
#[cfg(fnv_bits = "64")]
pub const BITS: u32 = u64::BITS;

#[repr(C)]
struct Text {
    data: *const u8,
    length: usize,
}

unsafe extern "C" {
    fn fnv_bulk(texts: *const Text, count: usize) -> u64;
}

/// The hash of all `texts`, as if they were one.
pub fn fnv1a_all(texts: &[String]) -> u64 {
    let texts: Vec<Text> = texts
        .iter()
        .map(|text| Text {
            data: text.as_ptr(),
            length: text.len(),
        })
        .collect();
    // SAFETY: each entry is a live slice, and C only reads.
    unsafe { fnv_bulk(texts.as_ptr(), texts.len()) }
}
