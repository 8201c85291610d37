//! What the emitters register: canonical derivations whose every path was predicted.

use crate::project::{self, Project};
use dyndrv::drv::{Derivation, StorePath, nixbase32, placeholder};
use dyndrv_builder::sandbox::bundle::Bundle;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::sync::OnceLock;

/// An emitter of an example with units of both layers.
struct Emitter {
    name: String,
    drv: String,
    /// What it registered, by output.
    outputs: BTreeMap<String, String>,
}

fn example() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| Project::example("workspace"))
}

fn emitters() -> &'static [Emitter] {
    static EMITTERS: OnceLock<Vec<Emitter>> = OnceLock::new();
    EMITTERS.get_or_init(|| {
        let emitter = |(name, drv): (String, String)| {
            let mut built = project::outputs(std::slice::from_ref(&drv), &[]);
            let outputs = built.remove(&drv).unwrap();
            Emitter { name, drv, outputs }
        };
        example().emitters().into_iter().map(emitter).collect()
    })
}

/// The derivations that an emitter registered: their paths, and their texts.
fn derivations(emitter: &Emitter) -> Vec<(StorePath, String)> {
    let paths = emitter.outputs.values();
    let paths = paths.filter(|path| path.ends_with(".drv"));
    paths
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            (path.parse().unwrap(), text)
        })
        .collect()
}

fn all_derivations() -> impl Iterator<Item = (StorePath, String)> {
    emitters().iter().flat_map(derivations)
}

fn parse(path: &StorePath, text: &str) -> Derivation {
    let name = path.name().trim_end_matches(".drv");
    Derivation::from_aterm_bytes(text.as_bytes(), name).unwrap()
}

/// All in `text` that looks like a placeholder: a slash and 52 characters of nix32.
fn placeholders(text: &str) -> BTreeSet<String> {
    const LENGTH: usize = 52;
    let is_nix32 = |candidate: &str| nixbase32::decode(candidate.as_bytes()).is_ok();
    text.match_indices('/')
        .filter_map(|(slash, _)| text.get(slash..slash + 1 + LENGTH))
        .filter(|candidate| is_nix32(&candidate[1..]))
        .map(str::to_owned)
        .collect()
}

#[test]
fn both_layers_have_units() {
    for layer in ["third-party", "workspace"] {
        let emitters = emitters().iter();
        let units = emitters
            .filter(|emitter| emitter.name.starts_with(layer))
            .flat_map(derivations);
        assert!(units.count() > 5, "{layer}");
    }
}

#[test]
fn registered_paths_follow_from_the_texts() {
    for (path, text) in all_derivations() {
        let derivation = parse(&path, &text);
        assert_eq!(derivation.drv_path().unwrap(), path);
        assert_eq!(derivation.to_aterm_bytes(), text.as_bytes(), "{path}");
    }
}

/// A placeholder is a hash of the path that was predicted for a dependency; the
/// list of inputs has the path that Nix registered.
#[test]
fn every_predicted_path_is_the_registered_one() {
    let mut known: BTreeSet<StorePath> = BTreeSet::new();
    let mut checked = 0;
    for (path, text) in all_derivations() {
        let derivation = parse(&path, &text);
        let mut expected = BTreeSet::new();
        for (input, outputs) in derivation.input_derivations() {
            for output in outputs.outputs() {
                expected.insert(placeholder::upstream(input, output).unwrap());
            }
        }
        checked += expected.len();
        assert_eq!(placeholders(&text), expected, "{path}");
        known.insert(path);
    }
    assert!(checked > 50, "only {checked} inputs");

    // The derivation of a recorded environment is none of the plan's: the plan is given its path.
    let recorded = |input: &StorePath| input.name() == "build-environment.drv";
    let emitted_elsewhere = |input: &StorePath| !known.contains(input) && !recorded(input);
    for (path, text) in all_derivations() {
        let derivation = parse(&path, &text);
        let strangers: Vec<_> = derivation
            .input_derivations()
            .keys()
            .filter(|input| emitted_elsewhere(input))
            .collect();
        assert!(strangers.is_empty(), "{path} depends on {strangers:?}");
    }
}

#[test]
fn references_are_what_the_texts_mention() {
    let all: BTreeMap<StorePath, String> = all_derivations().collect();
    let output = project::nix()
        .args(["path-info", "--json", "--json-format", "1"])
        .args(all.keys().map(StorePath::to_string))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (path, text) in all {
        let registered: BTreeSet<StorePath> = info[path.to_string()]["references"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reference| reference.as_str().unwrap().parse().unwrap())
            .collect();
        let derivation = parse(&path, &text);
        let drvs = derivation.input_derivations().keys();
        let declared = drvs.chain(derivation.input_sources()).cloned().collect();
        assert_eq!(registered, declared, "{path}");
    }
}

/// The paths are predictions, too.
#[test]
fn an_index_tells_which_emitter_writes_what() {
    let mut named = BTreeSet::new();
    for plan in ["thirdPartyPlan", "workspacePlan"] {
        let index = example().build_attribute(&format!("{plan}.index"));
        let index = fs::read_to_string(index.unwrap().out).unwrap();
        let index: Value = serde_json::from_str(&index).unwrap();
        for unit in index["units"].as_object().unwrap().values() {
            let text = |key: &str| unit[key].as_str().unwrap().to_owned();
            let emitter = emitters().iter().find(|e| e.name == text("emitter"));
            assert_eq!(emitter.unwrap().outputs[&text("output")], text("drv"));
            named.insert(text("drv"));
        }
    }
    let registered: BTreeSet<String> = all_derivations()
        .map(|(path, _)| path.to_string())
        .filter(|path| {
            ["-crate-result.drv", "-crate-build-scripts.drv"]
                .iter()
                .all(|unnamed| !path.ends_with(unnamed))
        })
        .collect();
    assert_eq!(named, registered);
}

/// `nix derivation show X | nix derivation add` gives X.
#[test]
fn every_derivation_is_canonical() {
    let emitters = emitters().iter().map(|emitter| emitter.drv.clone());
    let units = all_derivations().map(|(path, _)| path.to_string());
    let all: Vec<String> = emitters.chain(units).collect();
    let shown = show(&all);
    assert_eq!(shown.len(), all.len());
    for (name, derivation) in shown {
        let mut add = project::nix()
            .args(["derivation", "add"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = add.stdin.take().unwrap();
        stdin.write_all(derivation.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = add.wait_with_output().unwrap();
        let added = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}");
        assert_eq!(added.trim(), format!("/nix/store/{name}"));
    }
}

/// A reader of `nix derivation show` learns which crate, what of it, and the command.
#[test]
fn derivations_are_legible() {
    let units = [
        "itoa-1.0.18-lib",
        "catalogue-0.3.0-build-script-run",
        "labels-0.3.0-bin-labels",
    ];
    for unit in units {
        let path = all_derivations()
            .map(|(path, _)| path)
            .find(|path| path.name().starts_with(&format!("crate-{unit}-")))
            .unwrap();
        let (_, mut derivation) = show(&[path.to_string()]).pop_first().unwrap();
        sort_inputs(&mut derivation["inputs"]);
        let process = &mut derivation["structuredAttrs"]["unit"]["process"];
        let env = process["env"].as_object_mut().unwrap();
        // What a version of rustc says of the target.
        env.retain(|name, _| !name.starts_with("CARGO_CFG_"));
        for source in process["sources"].as_array_mut().unwrap() {
            name_files(&mut source["from"]);
        }
        let text = serde_json::to_string_pretty(&derivation).unwrap();
        insta::with_settings!({
            snapshot_path => "../snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(format!("derivation-{unit}"), redacted(&text));
        });
    }
}

/// The names of the files in place of a text that holds them.
fn name_files(from: &mut Value) {
    if let Some(packed) = from.get_mut("packed") {
        let bundle = Bundle::packed(packed.as_str().unwrap()).unwrap();
        let files = bundle.entries().iter().map(|entry| entry.path.clone());
        *packed = files.collect();
    }
}

/// Without the hashes, the order of which is another for every toolchain.
fn sort_inputs(inputs: &mut Value) {
    let name = |path: &str| path.split_once('-').unwrap().1.to_owned();
    let sources = inputs["srcs"].as_array().unwrap().iter();
    let sources: BTreeSet<String> = sources.map(|path| name(path.as_str().unwrap())).collect();
    let drvs = inputs["drvs"].as_object().unwrap().iter();
    let drvs: BTreeMap<String, Value> = drvs
        .map(|(path, outputs)| (name(path), outputs["outputs"].clone()))
        .collect();
    *inputs = serde_json::json!({ "drvs": drvs, "srcs": sources });
}

fn show(paths: &[String]) -> BTreeMap<String, Value> {
    let output = project::nix()
        .args(["derivation", "show"])
        .args(paths)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let derivations = shown["derivations"].as_object().unwrap();
    derivations.clone().into_iter().collect()
}

/// The text without what follows from the machine's toolchain: hash parts of
/// store paths, placeholders, and identities.
fn redacted(text: &str) -> String {
    let mut result = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        result += match word.len() {
            32 | 52 if nixbase32::decode(word.as_bytes()).is_ok() => "…",
            8 | 16 if word.bytes().all(|b| b.is_ascii_hexdigit()) => "…",
            _ => &word,
        };
        word.clear();
        result.push(c);
    }
    result
}
