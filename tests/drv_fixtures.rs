//! What real Nix wrote (`tests/fixtures/drv/generate.sh`), read and written again.
#![allow(clippy::unwrap_used)]

use dyndrv::drv::{
    CAHash, Derivation, FLOATING_TEXT, FLOATING_TREE, HashAlgorithm, NixHash, Output, STORE_DIR,
    StorePath, StructuredAttrs, hash_bytes,
    nar::{self, Node},
    placeholder,
    references::Objects,
    tree_path,
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
            let path = format!("{STORE_DIR}/{name}").parse().unwrap();
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
    let drv = Derivation::from_aterm_bytes(&text, name).unwrap();
    (path, drv)
}

#[test]
fn derivations_have_the_same_text_and_path() {
    let fixtures = fixtures("drv");
    assert_eq!(fixtures.len(), 6);
    for (path, text) in fixtures {
        let name = path.name().strip_suffix(".drv").unwrap();
        let drv = Derivation::from_aterm_bytes(&text, name);
        let drv = drv.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(drv.to_aterm_bytes(), text);
        assert_eq!(drv.drv_path().unwrap(), path);
    }
}

/// The input sources of all fixtures.
fn all_sources() -> BTreeSet<StorePath> {
    let names = fixtures("drv").into_iter().map(|(path, _)| path);
    let names = names.map(|path| path.name().strip_suffix(".drv").unwrap().to_owned());
    names
        .flat_map(|name| derivation(&name).1.input_sources().clone())
        .collect()
}

#[test]
fn mentioned_paths_are_the_input_sources() {
    for name in [
        "crate-dependency-1.0.0",
        "references",
        "crate-structured-0.1.0+x",
    ] {
        let (_, drv) = derivation(name);
        let sources = drv.input_sources().clone();
        let mut without_inputs = drv.into_builder();
        without_inputs.input_sources_mut().clear();
        without_inputs.input_derivations_mut().clear();
        let text = without_inputs.build().unwrap().to_aterm_bytes();
        let text = String::from_utf8(text).unwrap();
        let known: Objects = all_sources().into_iter().collect();
        let mentioned = known.mentioned_in(&text);
        assert!(mentioned.into_iter().eq(&sources), "{name}");
    }
}

#[test]
fn kinds_of_outputs() {
    let outputs = |name: &str| derivation(name).1.outputs().clone();
    assert_eq!(outputs("crate.drv")["out"], FLOATING_TEXT);
    assert_eq!(outputs("crate-dependency-1.0.0")["meta"], FLOATING_TREE);
    let ca = CAHash::Flat(hash_bytes(HashAlgorithm::Sha256, b""));
    assert_eq!(outputs("fixed")["out"], Output::Fixed { ca });
    assert!(matches!(
        outputs("input-addressed")["dev"],
        Output::InputAddressed { .. }
    ));
}

#[test]
fn placeholders_of_own_outputs() {
    let (_, drv) = derivation("crate-structured-0.1.0+x");
    for name in drv.outputs().keys() {
        assert_eq!(
            drv.environment()[name],
            placeholder::output(name).into_bytes()
        );
    }
}

#[test]
fn placeholders_of_inputs() {
    let (dependency, _) = derivation("crate-dependency-1.0.0");
    let (structured, dependent) = derivation("crate-structured-0.1.0+x");
    let unit = dependent.structured_attrs().unwrap().get("unit").unwrap();
    for (key, output, below) in [
        ("rlib", "out", "/libdependency.rlib"),
        ("rmeta", "meta", "/libdependency.rmeta"),
    ] {
        let expected = placeholder::upstream(&dependency, output).unwrap() + below;
        assert_eq!(unit[key], expected);
    }

    let (_, text) = derivation("crate.drv");
    let meta = placeholder::upstream(&structured, "meta").unwrap();
    assert!(text.arguments()[1].contains(&meta));
}

#[test]
fn structured_attributes_are_as_nix_writes_them() {
    let (_, drv) = derivation("crate-structured-0.1.0+x");
    let written = drv.structured_attrs().unwrap().raw_json();
    let value: serde_json::Value = serde_json::from_slice(written).unwrap();
    let pretty = serde_json::to_vec_pretty(&value).unwrap();
    let attributes = StructuredAttrs::from_json_bytes(pretty).unwrap();
    assert_eq!(attributes.canonical_json(), written);
}

/// No white space, keys sorted by their bytes at every level, and the escapes of Nix.
#[test]
fn structured_attributes_have_one_spelling() {
    for (document, written) in [
        (
            serde_json::json!({ "b": [{ "ä": 1, "z": 2, "Z": 3 }], "a": null }),
            r#"{"a":null,"b":[{"Z":3,"z":2,"ä":1}]}"#,
        ),
        (
            serde_json::json!({ "s": "/\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}\u{80}ü\u{2028}🦀" }),
            "{\"s\":\"/\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}\u{80}ü\u{2028}🦀\"}",
        ),
        (
            serde_json::json!({ "n": [0, -1, u64::MAX, i64::MIN] }),
            r#"{"n":[0,-1,18446744073709551615,-9223372036854775808]}"#,
        ),
    ] {
        let pretty = serde_json::to_vec_pretty(&document).unwrap();
        let attributes = StructuredAttrs::from_json_bytes(pretty).unwrap();
        assert_eq!(attributes.canonical_json(), written.as_bytes());
    }
    assert!(StructuredAttrs::from_json_bytes("[]").is_err());
}

#[test]
fn store_paths_are_ordered_as_in_nix() {
    let path = |base: &str| -> StorePath { format!("{STORE_DIR}/{base}").parse().unwrap() };
    let a = path("00000000000000000000000000000000-z");
    let b = path("0w000000000000000000000000000000-a-b");
    let c = path("0w000000000000000000000000000000-a.b");
    assert!(a < b && b < c);
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
    let source = tree_path(
        name,
        &hash_bytes(HashAlgorithm::Sha256, &archive),
        &BTreeSet::new(),
    )
    .unwrap();
    assert_eq!(format!("{source}.nar"), path.to_string());
}

#[test]
fn references_count_in_the_path_of_a_tree() {
    let known = fs::read_to_string(format!("{DIRECTORY}/references.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    let path =
        |value: &serde_json::Value| -> StorePath { value.as_str().unwrap().parse().unwrap() };
    let references: BTreeSet<_> = known["references"]
        .as_array()
        .unwrap()
        .iter()
        .map(path)
        .collect();
    assert_eq!(references.len(), 2);

    let hash = NixHash::parse(known["narHash"].as_str().unwrap()).unwrap();
    assert_eq!(
        tree_path("references", &hash, &references).unwrap(),
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
    let known: Objects = all_sources().union(&references).cloned().collect();
    assert!(known.mentioned_in(&line).into_iter().eq(&references));
}
