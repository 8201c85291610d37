//! Runs the programs themselves.

use std::process::Command;

#[test]
fn a_misspelled_code_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_stock-check"))
        .args(["APUWQ", "APVWQ"])
        .output()
        .expect("stock-check starts");
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"APUWQ: hex bolt M6\nAPVWQ: misspelled\n");
}

#[test]
fn an_unknown_argument_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_stock"))
        .arg("--nonsense")
        .output()
        .expect("stock starts");
    assert_eq!(output.status.code(), Some(2));
}
