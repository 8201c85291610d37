//! What the README and the book say in the Nix language, and of it.

use crate::flakes;
use crate::markdown::{self, Block, Document, documents};
use crate::project::{Project, nix, package_set, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

fn nix_blocks(documents: &[Document]) -> impl Iterator<Item = (&Document, &Block)> {
    documents.iter().flat_map(|document| {
        let blocks = document.blocks.iter();
        blocks
            .filter(|block| block.language == "nix")
            .map(move |block| (document, block))
    })
}

/// What `nix eval --json` makes of an expression.
fn evaluate(expression: &str) -> Result<Value, String> {
    let output = nix()
        .args(["eval", "--impure", "--json", "--expr", expression])
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// An expression, or bindings as they stand in a set.
#[test]
fn every_block_is_nix() {
    let dir = tempfile::tempdir().unwrap();
    let documents = documents();
    let mut files = BTreeMap::new();
    for (number, (document, block)) in nix_blocks(&documents).enumerate() {
        let text = block.text.trim_end();
        let file = dir.path().join(format!("{number}.nix"));
        let text = match text.ends_with(';') {
            true => format!("{{\n{text}\n}}"),
            false => text.to_owned(),
        };
        // A function is parsed and not evaluated, and `with` lets names be free.
        fs::write(&file, format!("_: with {{ }};\n{text}")).unwrap();
        files.insert(file.to_str().unwrap().to_owned(), document.place(block));
    }
    assert!(files.len() > 30, "hardly a block: {files:?}");
    let list: Vec<&str> = files.keys().map(String::as_str).collect();
    let expression = format!(
        "map (file: builtins.typeOf (import file)) [ {} ]",
        list.join(" ")
    );
    if let Err(error) = evaluate(&expression) {
        panic!("{files:#?}\n{error}");
    }
}

/// Each with the sources of an example, this checkout as `dyndrv`, and the package set as `nixpkgs`.
#[test]
fn every_flake_evaluates() {
    let documents = documents();
    let mut flakes = 0;
    for (document, block) in nix_blocks(&documents) {
        if !block.text.contains("outputs =") {
            continue;
        }
        flakes += 1;
        let project = Project::example("hello");
        project.write("flake.nix", &block.text);
        for attribute in ["packages", "checks"] {
            let command = format!("#{attribute}.x86_64-linux");
            let log = flakes::flake(
                &project,
                &[
                    "eval",
                    "--apply",
                    "builtins.mapAttrs (_: value: value.drvPath)",
                ],
                &[&command],
            );
            assert!(
                log.status.success(),
                "{}: {}",
                document.place(block),
                String::from_utf8_lossy(&log.stderr)
            );
        }
    }
    assert!(flakes >= 3, "hardly a flake");
}

/// The arguments of the library's functions: name → whether there is a default.
fn arguments() -> BTreeMap<String, BTreeMap<String, bool>> {
    let expression = format!(
        r#"
        let
          pkgs = import {set} {{ }};
          nulls = names: builtins.mapAttrs (_: _: null) names;
          lib = import {root}/nix/nixpkgs.nix {{ inherit pkgs; }};
          toolchain = import {root}/nix/dyndrv.nix;
          checks = import {root}/nix/checks.nix;
        in
        builtins.mapAttrs (_: builtins.functionArgs) {{
          inherit (lib) project;
          inherit toolchain;
          core = toolchain (nulls (builtins.functionArgs toolchain));
          checks = checks (nulls (builtins.functionArgs checks));
        }}
        "#,
        set = package_set().trim_start_matches("path:"),
        root = root().display(),
    );
    serde_json::from_value(evaluate(&expression).unwrap()).unwrap()
}

/// ``### `NAME` ``, and below it type, default and an example.
fn assert_reference(path: &str, expected: &BTreeMap<String, bool>) {
    let document = markdown::read(path);
    let entries: Vec<_> = document
        .headings
        .iter()
        .filter(|heading| {
            document
                .text
                .contains(&format!("\n### `{}`\n", heading.text))
        })
        .collect();
    let names: BTreeSet<&String> = entries.iter().map(|heading| &heading.text).collect();
    assert_eq!(names, expected.keys().collect(), "{path}: the arguments");
    for entry in entries {
        let (name, body) = (&entry.text, entry.body.trim());
        let line = body.lines().next().unwrap_or_default();
        assert!(
            line.starts_with("Type: ") && line.contains(" Default: "),
            "{path}, `{name}`: no type or default: {line}"
        );
        assert_eq!(
            !line.contains("it is required"),
            expected[name],
            "{path}, `{name}`: has it a default?"
        );
        let example = body.split_once("```nix\n").map(|(_, example)| example);
        assert!(
            example.is_some_and(|example| example.contains(name.as_str())),
            "{path}, `{name}`: no example"
        );
    }
}

/// The names in the first cells of all tables of a document.
fn tabled(path: &str) -> BTreeSet<String> {
    let text = markdown::read(path).text;
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split(" | ").next());
    cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn every_argument_is_in_the_reference_and_no_other() {
    let arguments = arguments();
    assert_reference("docs/src/reference/project.md", &arguments["project"]);
    assert_reference("docs/src/reference/checks.md", &arguments["checks"]);

    let of_core = tabled("docs/src/reference/core.md");
    let toolchain: BTreeSet<String> = arguments["toolchain"].keys().cloned().collect();
    let missing: Vec<_> = toolchain.difference(&of_core).collect();
    assert!(
        missing.is_empty(),
        "docs/src/reference/core.md lacks {missing:?}"
    );
    let known: BTreeSet<String> = arguments["core"].keys().cloned().collect();
    let known = &known | &toolchain;
    let unknown: Vec<_> = of_core.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "docs/src/reference/core.md has {unknown:?}"
    );
}
