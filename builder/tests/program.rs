//! The program itself, as Nix runs it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output};

fn run(attributes: Option<&str>, top: Option<&str>) -> Output {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join(".attrs.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyndrv-builder"));
    command.env_remove("NIX_ATTRS_JSON_FILE");
    command.env_remove("NIX_BUILD_TOP");
    command.envs(top.map(|top| ("NIX_BUILD_TOP", top)));
    if let Some(attributes) = attributes {
        fs::write(&file, attributes).unwrap();
        command.env("NIX_ATTRS_JSON_FILE", &file);
    }
    command.output().unwrap()
}

fn failure(attributes: Option<&str>) -> String {
    failure_in(attributes, None)
}

fn failure_in(attributes: Option<&str>, top: Option<&str>) -> String {
    let output = run(attributes, top);
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
fn without_the_sandbox_of_nix_nothing_is_written_and_the_setting_is_named() {
    let attributes =
        r#"{"name": "crate-a", "outputs": {}, "unit": {"run": "assemble", "parts": []}}"#;
    for top in [None, Some("/tmp/nix-build-crate-a.drv-0")] {
        let message = failure_in(Some(attributes), top);
        assert!(message.contains(top.unwrap_or("unknown")), "{message}");
        assert!(message.contains("`sandbox = true`"), "{message}");
    }
}

#[test]
fn without_nix_the_program_says_what_it_is() {
    let message = failure(None);
    assert!(
        message.contains("NIX_ATTRS_JSON_FILE is not set"),
        "{message}"
    );
}
