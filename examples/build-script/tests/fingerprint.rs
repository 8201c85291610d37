//! Runs the program itself.

use std::process::Command;

#[test]
fn knows_its_keywords() {
    let output = Command::new(env!("CARGO_BIN_EXE_fingerprint"))
        .arg("match")
        .output()
        .expect("fingerprint starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.ends_with(" match (keyword 3)\n"), "{text}");
}
