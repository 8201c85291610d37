//! `dyndrv audit` compares what units were given with what rustc has read.

use crate::project::Project;

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
    assert_eq!(
        project.command("audit"),
        "audited 0.1.0, bin audited\n  not read: unread.txt\n\
         audited 0.1.0, lib\n  not read: unread.txt\n\
         0 units read every file in their lists\n"
    );
}
