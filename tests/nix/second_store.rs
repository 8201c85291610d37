//! Every example, built in a second store, gives the same outputs: of every
//! unit, with the C code that build scripts compile.

use crate::cross;
use crate::project::{self, Project};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn every_example_is_deterministic() {
    let second = TempDir::new().unwrap();
    fill(second.path());
    let examples = [
        "hello",
        "workspace",
        "build-script",
        "system-library",
        "cross",
    ];
    for example in examples {
        let mut project = match example {
            "cross" => cross::example(),
            _ => Project::example(example),
        };
        let here = outputs(&project, None);
        project.options = store(Some(second.path()));
        // Fewer cores than the machine may have.
        project.options.extend(["--cores", "1"].map(str::to_owned));
        let there = outputs(&project, Some(second.path()));
        assert!(!here.is_empty());
        assert_eq!(
            here.keys().collect::<Vec<_>>(),
            there.keys().collect::<Vec<_>>(),
            "{example}"
        );
        for (drv, outputs) in &here {
            assert_eq!(Some(outputs), there.get(drv), "{example}: {drv}");
        }
    }
}

/// Options for this store, or none for the usual one.
fn store(dir: Option<&Path>) -> Vec<String> {
    let option = |dir: &Path| ["--store".to_owned(), dir.display().to_string()];
    dir.map(option).into_iter().flatten().collect()
}

/// Copies into a store what builds start from.
fn fill(dir: &Path) {
    let roots = project::nix()
        .args(["--with", "cross", "--roots"])
        .output()
        .unwrap();
    let roots = String::from_utf8(roots.stdout).unwrap();
    let mut copy = project::nix();
    copy.args(["copy", "--no-check-sigs", "--to"]).arg(dir);
    copy.args(roots.split_whitespace());
    let output = copy.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    if std::env::var_os("DYNDRV_TOOLS").is_none() {
        // Not to be built a second time: that takes minutes.
        for tool in ["dyndrv", "builder", "checker"] {
            let mut copy = project::nix();
            copy.args(["copy", "--no-check-sigs", "--impure", "--to"]);
            copy.arg(dir);
            copy.args(Project::example("hello").installable(tool));
            let output = copy.output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    }
}

/// The outputs of the result, of the emitters and of every derivation that they
/// write, by derivation and output.
fn outputs(project: &Project, dir: Option<&Path>) -> BTreeMap<String, BTreeMap<String, String>> {
    let result = project.build().out.display().to_string();
    let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    all.insert("result".into(), [("out".into(), result)].into());
    let emitters: Vec<String> = project.emitters().into_values().collect();
    let emitted = project::outputs(&emitters, &store(dir));
    let drvs: Vec<String> = emitted
        .values()
        .flat_map(BTreeMap::values)
        .filter(|path| path.ends_with(".drv"))
        .cloned()
        .collect();
    all.extend(emitted);
    all.extend(project::outputs(&drvs, &store(dir)));
    all
}
