//! In a workspace of more than a hundred members, an edit emits again exactly what it changes.

use crate::project::{self, Project};
use std::collections::{BTreeMap, BTreeSet};

/// How many libraries there are: enough for several emitters.
const LIBRARIES: usize = 120;

/// The library whose sources are too many to be in its derivation.
const LARGE: usize = 60;

/// Libraries in three chains, each of which depends on the last one and the one before that, and a program on top.
fn workspace() -> Project {
    let package = |name: &str, needs: &[usize]| {
        let needs = needs
            .iter()
            .map(|n| format!("{0} = {{ path = \"../{0}\" }}\n", library(*n)));
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{}",
            needs.collect::<String>()
        )
    };
    let value = |needs: &[usize]| {
        let needs = needs.iter().map(|n| format!(" + {}::value()", library(*n)));
        // Inlined, each function would have those of all that it calls, twice as much with each step.
        format!(
            "#[inline(never)]\npub fn value() -> u64 {{\n    1{}\n}}\n",
            needs.collect::<String>()
        )
    };
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n";
    let project = Project::of(&[("Cargo.toml", manifest), ("README.md", "Text.\n")]);
    for n in 0..LIBRARIES {
        let needs: Vec<usize> = [3, 6]
            .iter()
            .filter_map(|back| n.checked_sub(*back))
            .collect();
        let name = library(n);
        project.write(
            &format!("crates/{name}/Cargo.toml"),
            &package(&name, &needs),
        );
        let comment = match n {
            LARGE => "// A line of many.\n".repeat(4000),
            _ => String::new(),
        };
        let text = comment + &value(&needs);
        project.write(&format!("crates/{name}/src/lib.rs"), &text);
    }
    let tops: Vec<usize> = (LIBRARIES - 3..LIBRARIES).collect();
    project.write("crates/app/Cargo.toml", &package("app", &tops));
    let main = format!(
        "{}\nfn main() {{\n    println!(\"{{}}\", value());\n}}\n",
        value(&tops)
    );
    project.write("crates/app/src/main.rs", &main);
    project.locked()
}

fn library(number: usize) -> String {
    format!("m{number:03}")
}

/// The paths of all that the emitters of the workspace write, by what it is: `m060-0.1.0-lib.drv`, `src-m060`.
fn emitted(project: &Project) -> BTreeMap<String, String> {
    let emitters = project.emitters();
    let own: Vec<String> = emitters
        .into_iter()
        .filter(|(name, _)| name.starts_with("workspace-"))
        .map(|(_, drv)| drv)
        .collect();
    assert!(own.len() > 2, "{own:?}");
    let outputs = project::outputs(&own, &[]).into_values().flatten();
    outputs
        .map(|(output, path)| (without_hash(&output), path))
        .collect()
}

/// The name of an output without the identity of its unit, or the digest of its list of files.
fn without_hash(output: &str) -> String {
    let (name, end) = match output.strip_suffix(".drv") {
        Some(name) => (name, ".drv"),
        None => (output, ""),
    };
    let is_hash = |hash: &str| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((name, hash)) if is_hash(hash) => format!("{name}{end}"),
        _ => output.to_owned(),
    }
}

#[test]
fn an_edit_emits_again_what_it_changes() {
    let project = workspace();
    project.build();
    let before = emitted(&project);
    // The edited package, and the libraries that depend on it.
    let chain = |first: usize| {
        (first..LIBRARIES)
            .step_by(3)
            .map(library)
            .collect::<Vec<_>>()
    };
    let last = LIBRARIES - 1;
    let rows = [
        ("crates/app/src/main.rs", Some("app"), Vec::new()),
        ("crates/m119/src/lib.rs", Some("m119"), chain(last)),
        ("crates/m060/src/lib.rs", Some("m060"), chain(LARGE)),
        ("README.md", None, Vec::new()),
    ];
    for (file, edited, libraries) in rows {
        let mut expected: BTreeSet<String> = libraries
            .iter()
            .map(|n| format!("{n}-0.1.0-lib.drv"))
            .collect();
        if edited.is_some() {
            let above = ["app-0.1.0-bin-app.drv", "result.drv"];
            expected.extend(above.map(str::to_owned));
        }
        if libraries.first() == Some(&library(LARGE)) {
            expected.insert(format!("src-{}", library(LARGE)));
        }

        let original = project.read(file);
        project.write(file, &format!("{original}// {}\n", project::fresh()));
        let build = project.build();
        let after = emitted(&project);
        assert!(before.keys().eq(after.keys()), "{file}");
        let changed = before
            .iter()
            .filter(|&(output, path)| after[output] != *path);
        let changed: BTreeSet<String> = changed.map(|(output, _)| output.clone()).collect();
        assert_eq!(changed, expected, "{file}");

        let emitters = build.steps.iter().filter(|step| *step == "crate").count();
        let most = match edited {
            None => 0,
            // What few units need is written by the last emitter, together with what needs it.
            Some("app" | "m119") => 1,
            Some(_) => 2,
        };
        assert!(emitters <= most, "{file}: {emitters} emitters were run");
        project.write(file, &original);
    }
    project.build();
    assert_eq!(emitted(&project), before);
}
