//! The program as its users see it.

use std::process::Command;

#[test]
fn everybody_is_greeted() {
    let output = Command::new(env!("CARGO_BIN_EXE_my-project"))
        .args(["you", "me"])
        .output()
        .expect("the program runs");
    assert_eq!(output.stdout, b"Hello, you!\nHello, me!\n");
}
