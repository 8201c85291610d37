//! Runs the program itself.

use std::process::Command;

#[test]
fn the_sample_survives() {
    let output = Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .output()
        .expect("squeeze starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.ends_with("smaller: yes\nround trip: yes\n"), "{text}");
}
