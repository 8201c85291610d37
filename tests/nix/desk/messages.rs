//! What compilers say: as text, and in cargo's documents.

use super::{Desk, LIBRARY, built};
use crate::project::{fresh, root};
use serde_json::Value;
use std::process::{Command, Output};

const MAIN: &str = "src/main.rs";

impl Desk {
    /// The documents on standard output of a command, and its exit status.
    fn documents(&self, command: &str, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
        let arguments: Vec<&str> = [&["--message-format", "json"], arguments].concat();
        documents(&self.call("", command, &arguments))
    }

    /// The same of cargo.
    fn documents_of_cargo(&self, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
        let output = Command::new(root().join("dev/cargo"))
            .args(arguments)
            .args(["--message-format", "json"])
            .env("CARGO_TARGET_DIR", self.cache.path().join("target"))
            .current_dir(&self.checkout)
            .output()
            .unwrap();
        documents(&output)
    }
}

fn documents(output: &Output) -> (Vec<Value>, Option<i32>) {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let documents = text.lines().map(|line| match serde_json::from_str(line) {
        Ok(document) => document,
        Err(error) => panic!("{error}: {line}"),
    });
    let status = output.status.code();
    if status != Some(0) && text.is_empty() {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    }
    (documents.collect(), status)
}

/// In an order of their own, and without what must differ: places of files that were built, and whether they were.
fn comparable(documents: &[Value]) -> Vec<String> {
    let mut comparable: Vec<String> = documents
        .iter()
        .map(|document| {
            let mut document = document.clone();
            if let Some(document) = document.as_object_mut() {
                document.remove("filenames");
                document.remove("fresh");
                if let Some(program) = document.get_mut("executable") {
                    *program = program.is_string().into();
                }
            }
            document.to_string()
        })
        .collect();
    comparable.sort();
    comparable
}

fn texts(documents: &[Value]) -> Vec<&str> {
    let messages = documents
        .iter()
        .filter(|document| document["reason"] == "compiler-message");
    messages
        .map(|document| document["message"]["message"].as_str().unwrap())
        .collect()
}

#[test]
fn documents_are_those_of_cargo() {
    let desk = Desk::example("hello", MAIN);
    let text = desk.project.read(MAIN);
    let warned = format!("{text}\nfn unused() {{}}\n");
    desk.project.write(MAIN, &warned);
    let check = ["check", "--workspace", "--all-targets"];
    let (of_cargo, _) = desk.documents_of_cargo(&check);
    for _ in 0..2 {
        let (documents, status) = desk.documents(check[0], &check[1..]);
        assert_eq!(status, Some(0));
        assert_eq!(comparable(&documents), comparable(&of_cargo));
    }
    let (of_cargo, _) = desk.documents_of_cargo(&["build"]);
    let (documents, _) = desk.documents("build", &[]);
    assert_eq!(comparable(&documents), comparable(&of_cargo));
    let is_program = |document: &&Value| document["executable"].is_string();
    let program = documents.iter().find(is_program).unwrap();
    assert!(
        program["executable"]
            .as_str()
            .unwrap()
            .starts_with("/nix/store/")
    );

    // An error in what only tests have.
    let wrong = format!("{warned}\n#[cfg(test)]\nfn f() -> u8 {{ true }}\n");
    desk.project.write(MAIN, &wrong);
    let (of_cargo, _) = desk.documents_of_cargo(&[&check[..], &["--keep-going"]].concat());
    let (documents, status) = desk.documents(check[0], &["--all-targets", "--keep-going"]);
    assert_eq!(status, Some(1));
    assert_eq!(comparable(&documents), comparable(&of_cargo));
    assert!(texts(&documents).contains(&"mismatched types"));

    desk.project.write(MAIN, &text);
    let (documents, status) = desk.documents(check[0], &check[1..]);
    assert_eq!((texts(&documents).len(), status), (0, Some(0)));
}

#[test]
fn messages_of_units_that_nix_build_has_built_are_shown() {
    let desk = Desk::example("workspace", LIBRARY);
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("{text}\nfn unused() {{}}\n"));
    assert!(desk.nix_build(&["default"]).1 > 0);
    let log = desk.says("", "build", &["--release"]);
    let warning = "warning: function `unused` is never used";
    assert_eq!((log.matches(warning).count(), built(&log)), (1, 0), "{log}");
    assert!(
        log.contains("warning: `ident` (lib) generated 1 warning"),
        "{log}"
    );
    let log = desk.says("", "build", &["--release", "--message-format", "short"]);
    let line = ": warning: function `unused` is never used\n";
    assert!(log.contains(line), "{log}");
    // The library is compiled for the host and for the target: people see one warning, programs two.
    let (documents, _) = desk.documents("build", &["--release"]);
    let (of_cargo, _) = desk.documents_of_cargo(&["build", "--release"]);
    assert_eq!(texts(&documents), ["function `unused` is never used"; 2]);
    assert_eq!(texts(&documents), texts(&of_cargo));
    let ident = documents.iter().find(|d| d["target"]["name"] == "ident");
    let id = ident.unwrap()["package_id"].as_str().unwrap().to_owned();
    assert_eq!(
        id,
        format!("path+file://{}/crates/ident#0.3.0", desk.checkout.display())
    );
    let itoa = documents.iter().find(|d| d["target"]["name"] == "itoa");
    let id = itoa.unwrap()["package_id"].as_str().unwrap();
    assert!(
        id.starts_with("registry+https://github.com/rust-lang/crates.io-index#itoa@1."),
        "{id}"
    );
}

/// As the log of the unit shows it to people, and not a line more.
#[test]
fn the_log_has_the_text_of_messages() {
    let desk = Desk::example("hello", MAIN);
    let text = desk.project.read(MAIN);
    let broken = format!("{text}\nfn f() -> u8 {{ true }} // {}\n", fresh());
    desk.project.write(MAIN, &broken);
    let log = desk.call("", "build", &[]);
    let log = String::from_utf8_lossy(&log.stderr).into_owned();
    assert_eq!(log.matches("mismatched types").count(), 1, "{log}");
    assert!(
        log.contains("error: could not compile `hello` (bin \"hello\") due to 1 previous error"),
        "{log}"
    );
    let planned = desk.planned();
    let unit = planned
        .iter()
        .find(|drv| drv.contains("-bin-hello-"))
        .unwrap();
    let output = crate::project::nix().args(["log", unit]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let shown: Vec<&str> = shown.lines().filter(|l| !l.starts_with("@nix ")).collect();
    let shown = shown.join("\n");
    assert_eq!(
        shown.matches("error[E0308]: mismatched types\n").count(),
        1,
        "{shown}"
    );
    assert!(
        !shown.contains('{') || shown.contains("fn f() -> u8 {"),
        "{shown}"
    );
}

/// With `--all-targets`, because the flake's check is over all of them.
#[test]
fn documents_of_clippy_are_those_of_cargo() {
    let desk = Desk::example("hello", MAIN);
    let text = desk.project.read(MAIN);
    let added = "pub fn is_empty(text: &str) -> bool {\n    return text.len() == 0;\n}\n";
    desk.project.write(MAIN, &format!("{text}\n{added}"));
    let (of_cargo, _) = desk.documents_of_cargo(&["clippy", "--all-targets"]);
    assert!(texts(&of_cargo).contains(&"unneeded `return` statement"));
    for _ in 0..2 {
        let (documents, status) = desk.documents("clippy", &[]);
        assert_eq!(status, Some(0));
        assert_eq!(comparable(&documents), comparable(&of_cargo));
    }
    let log = desk.says("", "clippy", &[]);
    assert_eq!(log.matches("unneeded `return`").count(), 1, "{log}");
    assert!(log.contains("`hello` (bin \"hello\") generated"), "{log}");

    let wrong = format!("{text}\n#[deny(clippy::needless_return)]\n{added}");
    desk.project.write(MAIN, &wrong);
    let keep_going = ["--keep-going"];
    let (of_cargo, _) =
        desk.documents_of_cargo(&[&["clippy", "--all-targets"], &keep_going[..]].concat());
    let (documents, status) = desk.documents("clippy", &keep_going);
    assert_eq!(status, Some(1));
    assert_eq!(comparable(&documents), comparable(&of_cargo));

    // What the compiler refuses is told once, by clippy.
    desk.project
        .write(MAIN, &format!("{text}\npub fn f() -> u8 {{ true }}\n"));
    let (of_cargo, _) =
        desk.documents_of_cargo(&[&["clippy", "--all-targets"], &keep_going[..]].concat());
    let (documents, status) = desk.documents("clippy", &keep_going);
    assert_eq!(status, Some(1));
    assert_eq!(comparable(&documents), comparable(&of_cargo));
}

/// What is asked for of one package says nothing of others, and clippy reads what the compiler does not.
#[test]
fn clippy_of_a_package_tells_that_package() {
    let desk = Desk::example("workspace", LIBRARY);
    let added = "\npub fn is_empty(text: &str) -> bool {\n    return text.len() == 0;\n}\n";
    for file in [LIBRARY, "tools/labels/src/main.rs"] {
        let text = desk.project.read(file);
        desk.project.write(file, &format!("{text}{added}"));
    }
    let all = desk.says("", "clippy", &[]);
    assert_eq!(all.matches("unneeded `return`").count(), 2, "{all}");
    let own = desk.says("crates/ident", "clippy", &[]);
    assert_eq!(own.matches("unneeded `return`").count(), 1, "{own}");
    assert_eq!(built(&own), 0, "{own}");
}

#[test]
fn a_target_is_that_of_cargo() {
    let desk = Desk::example("hello", MAIN);
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let log = desk.says("", "build", &["--target", &host]);
    assert!(built(&log) > 0, "{log}");
    assert!(desk.checkout.join("result/bin/hello").is_file());
    // As `target` of the flake: another unit than without it.
    let log = desk.says("", "build", &[]);
    assert!(built(&log) > 0, "{log}");
    let output = desk.call("", "build", &["--target", "no-such-target"]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("no-such-target"), "{log}");
}
