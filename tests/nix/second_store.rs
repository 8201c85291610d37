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
        let here = outputs(&project);
        project.options = vec!["--store".to_owned(), second.path().display().to_string()];
        // Fewer cores than the machine may have.
        project.options.extend(["--cores", "1"].map(str::to_owned));
        let there = outputs(&project);
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

/// Copies into a store what builds start from.
pub fn fill(dir: &Path) {
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
pub fn outputs(project: &Project) -> BTreeMap<String, BTreeMap<String, String>> {
    let result = project.build().out.display().to_string();
    let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    all.insert("result".into(), [("out".into(), result)].into());
    let emitters: Vec<String> = project.emitters().into_values().collect();
    let emitted = project::outputs(&emitters, &project.options);
    let drvs: Vec<String> = emitted
        .values()
        .flat_map(BTreeMap::values)
        .filter(|path| path.ends_with(".drv"))
        .cloned()
        .collect();
    all.extend(emitted);
    all.extend(project::outputs(&drvs, &project.options));
    all
}
