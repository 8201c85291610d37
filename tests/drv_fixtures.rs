//! What real Nix wrote (`tests/fixtures/drv/generate.sh`), read and written again.
#![allow(clippy::unwrap_used)]

use data_encoding::BASE64;
use dyndrv::drv::{
    derivation::{Derivation, Output, STRUCTURED_ATTRIBUTES},
    hash::Sha256,
    nar::{self, Node},
    placeholder,
    store_path::{STORE_DIR, StorePath, find_references},
};
use std::{collections::BTreeSet, fs};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/drv");

/// The fixtures with this extension: the path that their name stands for, and the content.
fn fixtures(extension: &str) -> Vec<(StorePath, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(DIRECTORY).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|other| other == extension) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let path = StorePath::parse(&format!("{STORE_DIR}/{name}")).unwrap();
            found.push((path, fs::read(&file).unwrap()));
        }
    }
    found
}

fn derivation(name: &str) -> (StorePath, Derivation) {
    let (path, text) = fixtures("drv")
        .into_iter()
        .find(|(path, _)| path.name() == format!("{name}.drv"))
        .unwrap();
    let drv = Derivation::parse(&String::from_utf8(text).unwrap()).unwrap();
    (path, drv)
}

#[test]
fn derivations_have_the_same_text_and_path() {
    let fixtures = fixtures("drv");
    assert_eq!(fixtures.len(), 6);
    for (path, text) in fixtures {
        let text = String::from_utf8(text).unwrap();
        let drv = Derivation::parse(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(drv.to_aterm(), text);
        let name = path.name().strip_suffix(".drv").unwrap();
        assert_eq!(drv.store_path(name).unwrap(), path);
    }
}

#[test]
fn mentioned_paths_are_the_input_sources() {
    for name in [
        "crate-dependency-1.0.0",
        "references",
        "crate-structured-0.1.0+x",
    ] {
        let (_, drv) = derivation(name);
        let mut without_inputs = drv.clone();
        without_inputs.input_srcs.clear();
        without_inputs.input_drvs.clear();
        let mentioned = find_references(&without_inputs.to_aterm());
        assert_eq!(mentioned, drv.input_srcs, "{name}");
    }
}

#[test]
fn kinds_of_outputs() {
    let outputs = |name: &str| derivation(name).1.outputs;
    assert_eq!(outputs("crate.drv")["out"], Output::FloatingText);
    assert_eq!(
        outputs("crate-dependency-1.0.0")["meta"],
        Output::FloatingNar
    );
    assert!(
        matches!(&outputs("fixed")["out"], Output::Fixed { algorithm, hash, .. }
        if algorithm == "sha256" && *hash == Sha256::of("").to_string())
    );
    assert!(matches!(
        outputs("input-addressed")["dev"],
        Output::InputAddressed(_)
    ));
}

#[test]
fn placeholders_of_own_outputs() {
    let (_, drv) = derivation("crate-structured-0.1.0+x");
    for name in drv.outputs.keys() {
        assert_eq!(drv.env[name], placeholder::output(name));
    }
}

#[test]
fn placeholders_of_inputs() {
    let (dependency, _) = derivation("crate-dependency-1.0.0");
    let (structured, dependent) = derivation("crate-structured-0.1.0+x");
    let attributes: serde_json::Value =
        serde_json::from_str(&dependent.env[STRUCTURED_ATTRIBUTES]).unwrap();
    for (key, output, below) in [
        ("rlib", "out", "/libdependency.rlib"),
        ("rmeta", "meta", "/libdependency.rmeta"),
    ] {
        let expected = placeholder::upstream(&dependency, output).unwrap() + below;
        assert_eq!(attributes["unit"][key], expected);
    }

    let (_, text) = derivation("crate.drv");
    let meta = placeholder::upstream(&structured, "meta").unwrap();
    assert!(text.args[1].contains(&meta));
}

#[test]
fn structured_attributes_are_as_nix_writes_them() {
    let (_, mut drv) = derivation("crate-structured-0.1.0+x");
    let written = drv.env.remove(STRUCTURED_ATTRIBUTES).unwrap();
    drv.set_structured_attributes(serde_json::from_str(&written).unwrap())
        .unwrap();
    assert_eq!(drv.env[STRUCTURED_ATTRIBUTES], written);
}

#[test]
fn archives_are_the_same_and_give_the_same_path() {
    let file = |executable, contents| Node::File {
        executable,
        contents,
    };
    let mut tree = Node::default();
    for (path, node) in [
        ("z", Node::Symlink("missing".into())),
        ("a/plain", file(false, "plain\n")),
        ("a/empty", Node::default()),
        ("a.b/run", file(true, "#!/bin/sh\n")),
        ("a.b/link", Node::Symlink("../a/plain".into())),
        ("Eight", file(false, "12345678")),
        ("nothing", file(false, "")),
        ("ü", file(false, "ü")),
    ] {
        tree.insert(path, node).unwrap();
    }
    let mut archive = Vec::new();
    nar::write(&tree, &mut archive, |text| {
        Ok((text.len() as u64, text.as_bytes()))
    })
    .unwrap();

    let (path, expected) = fixtures("nar").pop().unwrap();
    assert_eq!(archive, expected);
    let name = path.name().strip_suffix(".nar").unwrap();
    let source = StorePath::source(name, &Sha256::of(&archive), &BTreeSet::new()).unwrap();
    assert_eq!(format!("{source}.nar"), path.to_string());
}

#[test]
fn references_count_in_the_path_of_a_tree() {
    let known = fs::read_to_string(format!("{DIRECTORY}/references.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    let path = |value: &serde_json::Value| StorePath::parse(value.as_str().unwrap()).unwrap();
    let references: BTreeSet<_> = known["references"]
        .as_array()
        .unwrap()
        .iter()
        .map(path)
        .collect();
    assert_eq!(references.len(), 2);

    let base64 = known["narHash"]
        .as_str()
        .unwrap()
        .strip_prefix("sha256-")
        .unwrap();
    let hash = BASE64.decode(base64.as_bytes()).unwrap();
    let hash = Sha256(hash.try_into().unwrap());
    assert_eq!(
        StorePath::source("references", &hash, &references).unwrap(),
        path(&known["path"])
    );

    let paths: Vec<_> = references.iter().map(ToString::to_string).collect();
    let line = paths.join(" ") + "\n";
    let tree = Node::File {
        executable: false,
        contents: line.as_bytes(),
    };
    assert_eq!(
        nar::hash(&tree, |line| Ok((line.len() as u64, *line))).unwrap(),
        hash
    );
    assert_eq!(find_references(&line), references);
}
