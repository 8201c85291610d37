//! Known objects are found in a text exactly where their hash parts are; base 32 has
//! one spelling.
//!
//! `cargo fuzz run store_path fuzz/corpus/store_path tests/fixtures/drv`
#![no_main]

use dyndrv::drv::{StorePath, hash_part, nixbase32, references::Objects};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

fuzz_target!(|text: &str| {
    // Every run of 32 digits in the text is the hash part of an object, but for each third.
    let windows = text.as_bytes().windows(32).enumerate();
    let digits = windows.filter_map(|(place, window)| {
        let digest = nixbase32::decode(window).ok()?.try_into().ok()?;
        Some((place, StorePath::from_parts(digest, "x").ok()?))
    });
    let known: BTreeSet<StorePath> = digits
        .filter(|(place, _)| place % 3 != 0)
        .map(|(_, path)| path)
        .collect();
    let objects: Objects = known.iter().cloned().collect();
    assert!(objects.mentioned_in(text).into_iter().eq(&known));
    if let Some(path) = objects.unknown_in(text) {
        assert!(text.contains(path));
        assert!(
            known
                .iter()
                .all(|known| !path.contains(&hash_part(known)[..])
                    || path.find(&hash_part(known)) != Some("/nix/store/".len()))
        );
    }
    if let Ok(bytes) = nixbase32::decode(text.as_bytes()) {
        assert_eq!(nixbase32::encode(&bytes), text);
    }
});
