//! Runs the program itself.

use std::process::Command;

#[test]
fn greets_its_arguments() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello"))
        .args(["Ada", "Grace"])
        .output()
        .expect("hello starts");
    assert_eq!(output.stdout, b"Hello, Ada and Grace!\n");
}
