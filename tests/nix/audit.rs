//! `dyndrv audit` compares what units were given with what rustc has read.

use crate::project::{self, Project};
use std::process::Command;

const MANIFEST: &str = "\
[package]
name = \"audited\"
version = \"0.1.0\"
edition = \"2024\"

[package.metadata.dyndrv]
extra-sources = [\"unread.txt\"]
";

#[test]
fn names_the_files_that_no_compiler_has_read() {
    let project = Project::of(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", "fn main() { print!(\"{}\", audited::WORD) }"),
        (
            "src/lib.rs",
            "pub const WORD: &str = include_str!(\"word.txt\");",
        ),
        ("src/word.txt", "word"),
        ("unread.txt", ""),
    ])
    .locked();
    assert_eq!(project.build().run("audited", &[]), "word");
    let script = format!(
        "eval \"$({}/dev/nix --env)\"; exec \"$0\" audit '' -- \"$@\"",
        project::root().display()
    );
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_dyndrv")])
        .args(project.installable(""))
        .arg("--impure")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "audited 0.1.0, bin audited\n  not read: unread.txt\n\
         audited 0.1.0, lib\n  not read: unread.txt\n\
         0 units read every file in their lists\n"
    );
}
