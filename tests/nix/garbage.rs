//! Whatever the garbage collector takes, the next build is right and builds no more than it must.
//!
//! | gone | the next build runs |
//! |---|---|
//! | what is not rooted, with a root on the result and `keep-derivations` | the steps that write what is gone, and no unit |
//! | the same without `keep-derivations` | nothing; an edit builds everything |
//! | the same with roots on all outputs | nothing; an edit builds what differs |
//! | single outputs and derivations | of these the ones that it needs |

use crate::project::{self, Build, Project};
use crate::second_store;
use crate::store::Store;
use std::collections::BTreeSet;
use std::process::Command;

const WORKSPACE: &str = "[workspace]\nmembers = [\"word\", \"program\"]\nresolver = \"3\"\n";
const PROGRAM: &str = "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                       [dependencies]\nword = { path = \"../word\" }\n";
const WORD: &str = "[package]\nname = \"word\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const WORD_SCRIPT: &str = "fn main() { println!(\"cargo::rustc-env=WORD=well\"); }\n";
const WORD_CODE: &str = "pub const WORD: &str = env!(\"WORD\");\n";
const MAIN: &str = "fn main() { println!(\"{}\", word::WORD); }\n";
const MAIN_FILE: &str = "program/src/main.rs";

/// The units of `small`, each of which an edit of every file builds.
const UNITS: [&str; 4] = [
    "program-0.1.0-bin-program",
    "word-0.1.0-build-script",
    "word-0.1.0-build-script-run",
    "word-0.1.0-lib",
];
const BIN: &str = UNITS[0];

/// A program, and a library with a build script.
fn small() -> Project {
    Project::of(&[
        ("Cargo.toml", WORKSPACE),
        ("program/Cargo.toml", PROGRAM),
        (MAIN_FILE, MAIN),
        ("word/Cargo.toml", WORD),
        ("word/build.rs", WORD_SCRIPT),
        ("word/src/lib.rs", WORD_CODE),
    ])
    .locked()
}

/// Builds an edit of the program and undoes it.
fn edit(project: &Project, file: &str) -> Build {
    let before = project.read(file);
    project.write(file, &format!("{before}// {}\n", project::fresh()));
    let build = project.build();
    project.write(file, &before);
    build
}

#[test]
fn a_root_on_the_result_keeps_the_units_if_nix_keeps_derivations() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    let first = project.build();
    assert_eq!(first.units, UNITS);
    store.root("result", [first.out.display().to_string()]);

    store.collect(&[]);
    let again = project.build();
    assert_eq!(again.out, first.out);
    assert_eq!(again.units, [""; 0]);
    assert_eq!(edit(&project, MAIN_FILE).units, [BIN]);

    for outputs in [false, true] {
        store.collect(&[("keep-derivations", false), ("keep-outputs", outputs)]);
        let again = project.build();
        assert_eq!(again.out, first.out);
        assert_eq!((again.units, again.steps), (vec![], vec![]));
        // The price of not keeping them.
        assert_eq!(edit(&project, MAIN_FILE).units, UNITS);
    }
    store.is_sound();
}

#[test]
fn roots_on_what_dyndrv_outputs_lists_keep_everything_whatever_the_settings() {
    let store = Store::new();
    let project = small();
    let roots = tempfile::tempdir().unwrap();
    // In a place of its own, where this store is the machine's.
    let at_home = |script: &str| -> String {
        let script = format!(
            "set -e -o pipefail; mount --bind \"$STORE/nix\" /nix; eval \"$(\"$0\" --env)\"; {script}"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "bash", "-c", &script]);
        command.arg(project::root().join("dev/nix"));
        command.args(project.installable(""));
        command.env("STORE", store.path());
        command.env("DYNDRV", env!("CARGO_BIN_EXE_dyndrv"));
        command.env("ROOT", roots.path().join("build"));
        let output = command.output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        log.into_owned()
    };
    at_home(
        "\"$DYNDRV\" outputs '' -- --impure \"$@\" | nix build --stdin --out-link \"$ROOT\"
         nix store gc --option keep-derivations false --option keep-outputs false",
    );
    let mut project = project;
    store.takes(&mut project);
    let again = project.build();
    assert_eq!((again.units, again.steps), (vec![], vec![]));
    assert_eq!(edit(&project, MAIN_FILE).units, [BIN]);
    store.is_sound();
}

/// Nix 2.34 does not hold content-addressed outputs for a build that has made them: a collection takes them.
#[test]
fn after_collections_during_a_build_the_next_one_is_right() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    let keep = ("keep-derivations", true);
    for outputs in [true, true, true, false, false] {
        let settings = [keep, ("keep-outputs", outputs)];
        project.write(
            "word/src/lib.rs",
            &format!("{WORD_CODE}// {}\n", project::fresh()),
        );
        store.collect(&settings);
        let (build, collections) = std::thread::scope(|scope| {
            let build = scope.spawn(|| project.try_build());
            let mut collections = 0;
            while !build.is_finished() {
                store.collect(&settings);
                collections += 1;
            }
            (build.join().unwrap(), collections)
        });
        // A build that a collection ends early sees no second one.
        assert!(collections > 0);
        // Which of Nix's messages it is depends on what was taken.
        if let Err(log) = build {
            assert!(log.contains("error"), "{log}");
        }
        let next = project.try_build().or_else(|log| {
            // Nix 2.34 can delete the files of an output that a build registers meanwhile, and goes on to take it for valid.
            assert!(log.contains("getting attributes of path"), "{log}");
            store.collect(&settings);
            project.try_build()
        });
        let next = next.unwrap_or_else(|log| panic!("{log}"));
        assert_eq!(store.run(&next.out.join("bin/program")), "well\n");
        store.collect(&settings);
        store.is_sound();
    }
}

/// What such a collection can leave behind, made by hand.
#[test]
fn a_path_without_files_that_nix_takes_for_valid_is_collected() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    project.build();
    let paths = store.references().into_keys();
    for lost in paths.filter(|path| path.contains("-build-script-run-") && !path.ends_with(".drv"))
    {
        let file = store.file(&lost);
        std::fs::remove_dir_all(&file)
            .or_else(|_| std::fs::remove_file(&file))
            .unwrap();
    }
    project.write(
        "word/src/lib.rs",
        &format!("{WORD_CODE}// {}\n", project::fresh()),
    );
    let log = project.try_build().err().unwrap();
    assert!(log.contains("getting attributes of path"), "{log}");
    store.collect(&[]);
    assert_eq!(
        store.run(&project.build().out.join("bin/program")),
        "well\n"
    );
}

#[test]
fn after_each_layer_the_rest_is_built_on_what_was_kept() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    let expected = project.build().out;
    for layer in [
        "skeleton",
        "graph",
        "steps.third-party-plan",
        "steps.workspace-plan",
        "emitters.third-party-0",
        "emitters.workspace-0",
    ] {
        let mut again = [0; 2];
        for kept in [true, false] {
            store.root("layer", []);
            store.collect(&[("keep-derivations", false)]);
            let step = project.build_attribute(layer).unwrap();
            let root = kept.then(|| step.out.display().to_string());
            store.root("layer", root);
            store.collect(&[("keep-derivations", false)]);
            let build = project.build();
            assert_eq!(build.out, expected, "{layer}");
            assert_eq!(build.units, UNITS, "{layer}");
            let name = step.out.file_name().unwrap().to_string_lossy();
            let (_, name) = name.split_once('-').unwrap();
            let is_layer = |step: &&String| name.starts_with(step.as_str());
            again[usize::from(kept)] = build.steps.iter().filter(is_layer).count();
            store.is_sound();
        }
        // Plans have several outputs; one is no use without the others.
        let fewer = again[0] - usize::from(!layer.ends_with("plan"));
        assert!(again[1] <= fewer, "{layer}: {again:?}");
    }
}

/// Deletes each path of a build from a store that has all of it, builds, and edits `file`. `part` is the part of the paths
/// that are deleted, such as `2/3` for the second of three, if the environment names no other.
fn delete_one_by_one(project: &mut Project, file: &str, edited: &[&str], part: &str) {
    let store = Store::new();
    let start: BTreeSet<String> = store.references().into_keys().collect();
    store.takes(project);
    second_store::outputs(project);
    let result = project.build().out.display().to_string();
    let mut paths: BTreeSet<String> = store.references().into_keys().collect();
    paths.retain(|path| !start.contains(path));
    assert!(paths.len() > 20, "{paths:?}");
    let full = store.snapshot(&start);
    let mut failures = Vec::new();
    let part = std::env::var("DYNDRV_SOAK_PART").unwrap_or(part.to_owned());
    let (part, parts) = part.split_once('/').expect("a part such as 2/3");
    let (part, parts): (usize, usize) = (part.parse().unwrap(), parts.parse().unwrap());
    let paths: Vec<&String> = paths.iter().skip(part - 1).step_by(parts).collect();
    for path in &paths {
        for and_result in [false, true] {
            let mut gone = BTreeSet::from([(*path).clone()]);
            if and_result {
                gone.insert(result.clone());
            }
            let gone = store.delete(&gone);
            let mut check = |what: &str, build: &Build, more: &[&str]| {
                let excess = excess(build, &gone, more);
                if !excess.is_empty() {
                    failures.push(format!("{path}, {and_result}, {what}: built {excess:?}"));
                }
            };
            let again = project.build();
            assert_eq!(again.out.display().to_string(), result, "{path}");
            check("build", &again, &[]);
            let edit = edit(project, file);
            check("edit", &edit, edited);
            let missing = edited
                .iter()
                .filter(|unit| !edit.units.iter().any(|built| built == *unit));
            assert_eq!(missing.count(), 0, "{path}: {:?}", edit.units);
            store.restore(&full);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{} paths, each deleted twice", paths.len());
}

/// What was built though neither its derivation nor an output of it was gone, and it is not in `more`.
fn excess(build: &Build, gone: &BTreeSet<String>, more: &[&str]) -> Vec<String> {
    let gone: BTreeSet<&str> = gone
        .iter()
        .filter_map(|path| path.strip_prefix("/nix/store/")?.split_once('-'))
        .map(|(_, name)| name)
        .collect();
    let of = |name: &str| gone.iter().any(|path| path.starts_with(name));
    let units = build
        .units
        .iter()
        .filter(|unit| !of(&format!("crate-{unit}")) && !more.contains(&unit.as_str()));
    let steps = build
        .steps
        .iter()
        .filter(|step| more.is_empty() && !of(step));
    units.chain(steps).cloned().collect()
}

#[test]
fn whatever_single_path_is_gone_only_what_it_is_needed_for_is_built() {
    // `dev/soak garbage` deletes all.
    delete_one_by_one(&mut small(), MAIN_FILE, &[BIN], "1/4");
}

#[test]
#[ignore = "a campaign: dev/soak garbage"]
fn whatever_single_path_of_the_example_is_gone() {
    let mut project = Project::example("workspace");
    delete_one_by_one(
        &mut project,
        "tools/labels/src/main.rs",
        &["labels-0.3.0-bin-labels"],
        "1/1",
    );
}
