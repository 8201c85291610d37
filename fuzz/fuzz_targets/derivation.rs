//! The derivation parser accepts only what the printer would write.
//!
//! `cargo fuzz run derivation fuzz/corpus/derivation tests/fixtures/drv`
#![no_main]

use dyndrv::drv::derivation::Derivation;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(drv) = Derivation::parse(text) {
        assert_eq!(drv.to_aterm(), text);
    }
});
