//! The program itself, as Nix runs it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output};

fn run(attributes: Option<&str>) -> Output {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join(".attrs.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyndrv-builder"));
    command.env_remove("NIX_ATTRS_JSON_FILE");
    if let Some(attributes) = attributes {
        fs::write(&file, attributes).unwrap();
        command.env("NIX_ATTRS_JSON_FILE", &file);
    }
    command.output().unwrap()
}

fn failure(attributes: Option<&str>) -> String {
    let output = run(attributes);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_unreplaced_placeholder_is_refused_before_anything_runs() {
    let message = failure(Some(
        r#"{"name": "crate-a", "outputs": {"out": "/nowhere"}, "unit": {"run": "assemble",
            "parts": ["/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"]}}"#,
    ));
    assert!(message.contains("`unit.parts[0]`"), "{message}");
    assert!(message.contains("predicted a wrong path"), "{message}");
    assert!(message.contains("report"), "{message}");
}

#[test]
fn a_specification_of_another_version_is_refused() {
    let message = failure(Some(
        r#"{"name": "crate-a", "outputs": {}, "unit": {"run": "document"}}"#,
    ));
    assert!(message.contains("document"), "{message}");
    assert!(message.contains("same version"), "{message}");
}

#[test]
fn without_nix_the_program_says_what_it_is() {
    let message = failure(None);
    assert!(
        message.contains("NIX_ATTRS_JSON_FILE is not set"),
        "{message}"
    );
}
