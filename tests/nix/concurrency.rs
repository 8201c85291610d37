//! Builds at the same time in one store: each is right, and no derivation is built twice.

use crate::project::{self, Build, Project};
use crate::store::Store;
use std::collections::BTreeMap;
use std::thread;

const PROGRAMS: usize = 8;
const EDITS: usize = 20;
const MAIN: &str = "program/src/main.rs";

fn package(name: &str, dependencies: &[&str]) -> String {
    let mut text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n"
    );
    for dependency in dependencies {
        text += &format!("{dependency} = {{ path = \"../{dependency}\" }}\n");
    }
    text
}

/// A workspace with a program of its own, and three libraries that all of them have.
fn overlapping(number: usize, nonce: u128) -> Project {
    let build_script = "fn main() { println!(\"cargo::rustc-env=DEPTH=deep\"); }\n";
    let deep = format!("pub const DEEP: &str = env!(\"DEPTH\"); // {nonce}\n");
    Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"program\", \"high\", \"low\", \"deep\"]\nresolver = \"3\"\n",
        ),
        ("program/Cargo.toml", &package("program", &["high", "low"])),
        (MAIN, &main_of(&number.to_string())),
        ("high/Cargo.toml", &package("high", &["deep"])),
        (
            "high/src/lib.rs",
            "pub fn high() -> &'static str { deep::DEEP }\n",
        ),
        ("low/Cargo.toml", &package("low", &["deep"])),
        (
            "low/src/lib.rs",
            "pub fn low() -> usize { deep::DEEP.len() }\n",
        ),
        ("deep/Cargo.toml", &package("deep", &[])),
        ("deep/build.rs", build_script),
        ("deep/src/lib.rs", &deep),
    ])
    .locked()
}

fn main_of(text: &str) -> String {
    format!("fn main() {{ println!(\"{text} {{}} {{}}\", high::high(), low::low()) }}\n")
}

/// What the program of a store prints.
fn printed(store: &Store, build: &Build) -> String {
    store.run(&build.out.join("bin/program"))
}

/// How often each unit was built.
fn times<'a>(builds: impl IntoIterator<Item = &'a Build>) -> BTreeMap<&'a str, usize> {
    let mut times = BTreeMap::new();
    for unit in builds.into_iter().flat_map(|build| &build.units) {
        *times.entry(unit.as_str()).or_default() += 1;
    }
    times
}

#[test]
fn eight_overlapping_projects_at_once_build_what_they_share_once() {
    let store = Store::new();
    let nonce = project::fresh();
    let mut projects: Vec<Project> = (0..PROGRAMS).map(|n| overlapping(n, nonce)).collect();
    projects.iter_mut().for_each(|project| store.takes(project));
    let builds: Vec<Build> = thread::scope(|scope| {
        let builds: Vec<_> = projects.iter().map(|p| scope.spawn(|| p.build())).collect();
        builds
            .into_iter()
            .map(|build| build.join().unwrap())
            .collect()
    });
    for (number, build) in builds.iter().enumerate() {
        assert_eq!(printed(&store, build), format!("{number} deep 4\n"));
    }
    let mut expected = BTreeMap::from([("program-0.1.0-bin-program", PROGRAMS)]);
    for unit in [
        "deep-0.1.0-build-script",
        "deep-0.1.0-build-script-run",
        "deep-0.1.0-lib",
        "high-0.1.0-lib",
        "low-0.1.0-lib",
    ] {
        expected.insert(unit, 1);
    }
    assert_eq!(times(&builds), expected);
    for project in &projects {
        let again = project.build();
        assert_eq!((again.units, again.steps), (vec![], vec![]));
    }
    store.is_sound();
}

#[test]
fn twenty_edits_while_another_build_runs_each_build_what_they_change() {
    let store = Store::new();
    let mut projects = [overlapping(0, 0), overlapping(1, 1)];
    projects.iter_mut().for_each(|project| store.takes(project));
    let [edited, other] = &projects;
    edited.build();
    thread::scope(|scope| {
        let edits = scope.spawn(|| {
            for edit in 0..EDITS {
                let text = format!("edit {edit} {}", project::fresh());
                edited.write(MAIN, &main_of(&text));
                let build = edited.build();
                assert_eq!(printed(&store, &build), format!("{text} deep 4\n"));
                assert_eq!(build.units, ["program-0.1.0-bin-program"]);
            }
        });
        // Everything of the other is built again and again meanwhile.
        let mut rounds = 0;
        while !edits.is_finished() {
            let text = format!(
                "pub const DEEP: &str = env!(\"DEPTH\"); // {}\n",
                project::fresh()
            );
            other.write("deep/src/lib.rs", &text);
            let build = other.build();
            assert_eq!(printed(&store, &build), "1 deep 4\n");
            rounds += 1;
        }
        edits.join().unwrap();
        assert!(rounds > 2, "{rounds}");
    });
    store.is_sound();
}
