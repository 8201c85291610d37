//! Every example, built in a second store, gives the same outputs: of every
//! unit, with the C code that build scripts compile.

use crate::cross;
use crate::project::{self, Project};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn every_example_is_deterministic() {
    let second = TempDir::new().unwrap();
    fill(second.path(), &["--with", "cross"]);
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

/// Copies into a store what builds start from, and returns its paths. `with` are options of `dev/nix`.
pub fn fill(dir: &Path, with: &[&str]) -> Vec<String> {
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let roots = run(project::nix().args(with).arg("--roots"));
    let mut roots: Vec<String> = roots.split_whitespace().map(str::to_owned).collect();
    let copy = ["copy", "--no-check-sigs", "--impure", "--to"];
    run(project::nix().args(copy).arg(dir).args(&roots));
    if std::env::var_os("DYNDRV_TOOLS").is_none() {
        // Not to be built a second time: that takes minutes.
        for tool in ["dyndrv", "builder", "checker"] {
            let tool = Project::example("hello").installable(tool);
            run(project::nix().args(copy).arg(dir).args(&tool));
            let path = run(project::nix().args(["path-info", "--impure"]).args(&tool));
            roots.push(path.trim().to_owned());
        }
    }
    roots
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
