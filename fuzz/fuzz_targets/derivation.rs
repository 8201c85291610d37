//! What can be read as a derivation has one spelling, and one path.
//!
//! `cargo fuzz run derivation fuzz/corpus/derivation tests/fixtures/drv`
#![no_main]

use dyndrv::drv::Derivation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(drv) = Derivation::from_aterm_bytes(text, "drv") {
        let written = drv.to_aterm_bytes();
        let again = Derivation::from_aterm_bytes(&written, "drv").expect("what was written");
        assert_eq!(again, drv);
        assert_eq!(again.to_aterm_bytes(), written);
        assert_eq!(again.drv_path(), drv.drv_path());
    }
});
