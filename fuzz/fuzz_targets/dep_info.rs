#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dyndrv_fuzz::targets::run("dep_info", input));
