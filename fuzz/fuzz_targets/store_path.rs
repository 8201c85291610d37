//! References are found in any text, and are store paths that it contains; base 32
//! has one spelling.
//!
//! `cargo fuzz run store_path fuzz/corpus/store_path tests/fixtures/drv`
#![no_main]

use dyndrv::drv::{nixbase32, references::find_references};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for reference in find_references(text) {
        let path = reference.to_string();
        assert!(text.contains(&path));
        assert_eq!(path.parse(), Ok(reference));
    }
    if let Ok(bytes) = nixbase32::decode(text.as_bytes()) {
        assert_eq!(nixbase32::encode(&bytes), text);
    }
});
