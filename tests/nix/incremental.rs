//! Incremental compilation: an edit compiles these units with the state of the base, and no others.

use crate::project::{self, Build, Project};
use dyndrv_builder::sandbox::difference::put_together;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An example whose own units keep rustc's state.
fn example(name: &str) -> Project {
    let mut project = Project::example(name);
    project.args = json!({ "profile": "dev", "incremental": true });
    project
}

/// The same project, with another one as its base.
fn based(base: &Project) -> Project {
    let mut project = Project::copy_of(base.path());
    project.args = base.args.clone();
    project.args["incrementalFrom"] = json!(base.path());
    project
}

/// The units that were compiled.
fn compiled(build: &Build) -> Vec<&str> {
    let mut compiled: Vec<&str> = build.units.iter().map(String::as_str).collect();
    for copied in &build.copied {
        let place = compiled.iter().position(|unit| unit == copied).unwrap();
        compiled.remove(place);
    }
    compiled
}

const IDENT: &str = "ident-0.3.0-lib-incremental";
const INVENTORY: &str = "inventory-0.3.0-lib-incremental";
const CATALOGUE: &str = "catalogue-0.3.0-lib-incremental";
const CATALOGUE_SCRIPT: &str = "catalogue-0.3.0-build-script-incremental";
const REPORT: &str = "report-0.3.0-lib-incremental";
const STOCK: &str = "stock-tools-0.3.0-bin-stock-incremental";
const STOCK_CHECK: &str = "stock-tools-0.3.0-bin-stock-check-incremental";
const LABELS: &str = "labels-0.3.0-bin-labels-incremental";

/// An edit, and the units that it compiles.
struct Row {
    file: &'static str,
    /// The first occurrence of this text; at the end of the file if it is empty.
    from: &'static str,
    /// What takes its place, with `NONCE` for what no earlier run has built.
    to: &'static str,
    units: &'static [&'static str],
}

const TABLE: &[Row] = &[
    // A comment leaves the metadata as it is: nothing follows.
    Row {
        file: "crates/ident/src/lib.rs",
        from: "",
        to: "// NONCE\n",
        units: &[IDENT, IDENT],
    },
    Row {
        file: "crates/inventory/src/lib.rs",
        from: "",
        to: "// NONCE\n",
        units: &[INVENTORY],
    },
    Row {
        file: "crates/report/src/lib.rs",
        from: "",
        to: "// NONCE\n",
        units: &[REPORT],
    },
    // A body changes the metadata, in which its place is: dependents are compiled, with their states.
    Row {
        file: "crates/ident/src/lib.rs",
        from: "let [high, low] = self.number.to_be_bytes();",
        to: "let [high, low] = self.number.to_be_bytes(); let _ = NONCE_u128;",
        units: &[
            IDENT,
            IDENT,
            CATALOGUE,
            CATALOGUE_SCRIPT,
            INVENTORY,
            LABELS,
            REPORT,
            STOCK,
            STOCK_CHECK,
        ],
    },
    Row {
        file: "tools/labels/src/main.rs",
        from: "fn main() {\n",
        to: "fn main() {\n    let _ = NONCE_u128;\n",
        units: &[LABELS],
    },
    Row {
        file: "README.md",
        from: "",
        to: "NONCE\n",
        units: &[],
    },
];

#[test]
fn an_edit_compiles_what_it_changes_and_its_undoing_nothing() {
    let base = example("workspace");
    let first = base.build();
    let printed = |build: &Build| build.run("labels", &["hex bolt"]);
    let expected = printed(&first);
    let project = based(&base);
    assert_eq!(project.build().units, [""; 0]);

    let mut failures = Vec::new();
    for row in TABLE {
        let original = project.read(row.file);
        let text = row.to.replace("NONCE", &project::fresh().to_string());
        let edited = match row.from {
            "" => format!("{original}{text}"),
            from => {
                assert!(original.contains(from), "nothing to edit: {from}");
                original.replacen(from, &text, 1)
            }
        };
        project.write(row.file, &edited);
        let build = project.build();
        let mut units = row.units.to_vec();
        units.sort_unstable();
        if compiled(&build) != units {
            failures.push(format!(
                "{}: compiled {:?}, expected {units:?}",
                row.file,
                compiled(&build)
            ));
        }
        assert_eq!(printed(&build), expected, "{}", row.file);
        // Once the dependents were compiled with the base's state, they are not looked at again.
        if row.from.is_empty() && !row.units.is_empty() {
            project.write(row.file, &format!("{edited}// again\n"));
            let again = project.build();
            if again.units != units || !again.copied.is_empty() {
                failures.push(format!(
                    "{}: a second comment built {:?}",
                    row.file, again.units
                ));
            }
        }
        project.write(row.file, &original);
        let undone = project.build();
        if !undone.units.is_empty() {
            failures.push(format!("{}: undoing built {:?}", row.file, undone.units));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// rustc writes the query cache in an order that differs from run to run, and nothing else.
#[test]
fn a_second_build_has_the_same_outputs_but_for_the_query_cache() {
    let mut project = example("workspace");
    // What no earlier run of the test has built.
    for file in ["crates/ident/src/lib.rs", "crates/fields-derive/src/lib.rs"] {
        let text = format!("{}// {}\n", project.read(file), project::fresh());
        project.write(file, &text);
    }
    let first = states(&project);
    // Other derivations, so that all is built again.
    project.args["allowSubstitutes"] = json!(false);
    project.options = ["--cores", "1"].map(str::to_owned).to_vec();
    let second = states(&project);
    // Ten are compiled, and one runs a build script.
    assert_eq!(first.len(), 11, "{first:?}");
    assert_eq!(first, second);
}

/// Each unit's outputs, but its state, of which the digests of the files but the query cache.
fn states(project: &Project) -> BTreeMap<String, BTreeMap<String, String>> {
    let name = |path: &Path| path.file_name().unwrap().display().to_string();
    let mut units = BTreeMap::new();
    for (unit, listed) in listed(project) {
        let mut outputs = listed;
        let mut open: Vec<PathBuf> = outputs
            .remove("state")
            .map(PathBuf::from)
            .into_iter()
            .collect();
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else if name(&path) != "query-cache.bin" {
                let content = fs::read(&path).unwrap();
                let digest = dyndrv::drv::hash_bytes(dyndrv::drv::HashAlgorithm::Sha256, &content);
                outputs.insert(name(&path), format!("{digest:?}"));
            }
        }
        units.insert(unit, outputs);
    }
    units
}

/// The outputs of the units in the list of states, by identity.
fn listed(project: &Project) -> BTreeMap<String, BTreeMap<String, String>> {
    let list = project.build_attribute("states").unwrap().out;
    let list: Value = serde_json::from_slice(&fs::read(list).unwrap()).unwrap();
    let units = list.as_object().unwrap().iter();
    let outputs = units.map(|(unit, listed)| {
        let outputs = serde_json::from_value(listed["outputs"].clone());
        (unit.clone(), outputs.unwrap())
    });
    outputs.collect()
}

#[test]
fn after_priming_the_first_comment_builds_one_unit() {
    let base = example("workspace");
    let file = "crates/inventory/src/lib.rs";
    // A base that no other test has.
    let own = format!("{}// {}\n", base.read(file), project::fresh());
    base.write(file, &own);
    base.build_attribute("primed").unwrap();
    let project = based(&base);
    project.write(file, &format!("{own}// an edit\n"));
    let build = project.build();
    assert_eq!(build.units, [INVENTORY]);
    assert!(build.copied.is_empty(), "{:?}", build.copied);
}

/// Collecting the base's library takes it from the edited unit as well, whose metadata stays: the same store
/// object as the base's, which is an input of the unit, is then one of its outputs.
#[test]
fn an_output_that_is_the_bases_may_be_left_when_another_was_collected() {
    let base = example("workspace");
    let file = "crates/inventory/src/lib.rs";
    // A base that no other test has.
    let own = format!("{}// {}\n", base.read(file), project::fresh());
    base.write(file, &own);
    let library = library_of(&base);
    let project = based(&base);
    project.write(file, &format!("{own}// an edit\n"));
    project.build();
    let referrers = nix_store(&["--query", "--referrers-closure", &library]);
    let delete = ["--delete", "--ignore-liveness"];
    nix_store(
        &delete
            .into_iter()
            .chain(referrers.lines())
            .collect::<Vec<_>>(),
    );
    assert!(!Path::new(&library).exists());
    // A program that was not built before needs the library.
    let program = "tools/stock-tools/src/main.rs";
    project.write(
        program,
        &format!("{}// {}\n", project.read(program), project::fresh()),
    );
    let again = project.build();
    let edits = again.units.iter().filter(|unit| *unit == INVENTORY);
    assert_eq!(edits.count(), 2, "{:?}", again.units);
    assert_eq!(library_of(&base), library);
}

/// The output with a library that keeps its state, which is built.
fn library_of(base: &Project) -> String {
    let mut outputs = listed(base)
        .into_values()
        .map(|mut outputs| outputs.remove("out").unwrap());
    outputs.find(|out| out.contains(INVENTORY)).unwrap()
}

fn nix_store(args: &[&str]) -> String {
    let script = r#"eval "$("$0" --env)"; exec nix-store "$@""#;
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(project::root().join("dev/nix"))
        .args(args)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn state_stays_in_a_directory_of_the_machine() {
    let directory = tempfile::tempdir().unwrap();
    let above = directory.path().join("state");
    fs::create_dir(&above).unwrap();
    let mut project = example("workspace");
    project.args["incrementalDirectory"] = json!(above);
    let message = project.try_build().err().unwrap();
    assert!(message.contains("`extra-sandbox-paths = "), "{message}");

    let path = above.display().to_string();
    project.options = ["--option", "extra-sandbox-paths", &path]
        .map(str::to_owned)
        .to_vec();
    project.build();
    let kept = fs::read_dir(&above).unwrap().count();
    assert_eq!(kept, 10, "of ten units");
    let file = "crates/ident/src/lib.rs";
    project.write(
        file,
        &format!("{}// {}\n", project.read(file), project::fresh()),
    );
    let build = project.build();
    assert_eq!(build.units, [IDENT, IDENT]);
}

#[test]
fn third_party_units_are_shared_with_plain_builds() {
    let mut plain = Project::example("workspace");
    plain.args = json!({ "profile": "dev" });
    plain.build();
    let incremental = example("workspace");
    // So that the deepest unit and all above it are built.
    let file = "crates/ident/src/lib.rs";
    let item = format!("/// {}\npub const NEW: () = ();\n", project::fresh());
    incremental.write(file, &format!("{}{item}", incremental.read(file)));
    let build = incremental.build();
    assert!(!build.units.is_empty());
    let is_own = |unit: &&String| {
        unit.ends_with("-incremental") || unit.as_str() == "catalogue-0.3.0-build-script-run"
    };
    let others: Vec<&String> = build.units.iter().filter(|unit| !is_own(unit)).collect();
    assert!(others.is_empty(), "{others:?}");
    // And back: no plain unit has been built for it.
    assert_eq!(plain.build().units, [""; 0]);
}

#[test]
fn a_list_of_states_is_a_base() {
    let base = example("workspace");
    base.build();
    let list = base.build_attribute("states").unwrap();
    let mut project = Project::copy_of(base.path());
    project.args = base.args.clone();
    project.args["incrementalFrom"] = json!({ "states": base.build().out });
    let error = project
        .build_attribute("workspacePlan.index")
        .err()
        .unwrap();
    assert!(
        error.contains("is no list of incremental states"),
        "{error}"
    );
    project.args = base.args.clone();
    project.args["incrementalFrom"] = json!({ "states": list.out });
    assert_eq!(project.build().units, [""; 0]);
    let file = "crates/ident/src/lib.rs";
    let text = project.read(file);
    project.write(file, &format!("{text}// {}\n", project::fresh()));
    let build = project.build();
    assert_eq!(compiled(&build), [IDENT, IDENT]);
    // The list of a build that keeps nothing is that of its base.
    let mut again = project.args.clone();
    again["incrementalKeep"] = json!(false);
    project.args = again;
    let listed = project.build_attribute("states").unwrap();
    assert_eq!(
        listed.out.canonicalize().unwrap(),
        list.out.canonicalize().unwrap()
    );
}

/// The units of the library `large`, by derivation, with their outputs.
fn libraries(project: &Project) -> Vec<(String, BTreeMap<String, String>)> {
    let emitters: Vec<String> = project.emitters().into_values().collect();
    let emitted = project::outputs(&emitters, &[]).into_values().flatten();
    let libraries = emitted.filter(|(output, _)| output.starts_with("large-0.1.0-lib-"));
    let libraries: Vec<String> = libraries.map(|(_, drv)| drv).collect();
    project::outputs(&libraries, &[]).into_iter().collect()
}

/// Nix reads, writes and hashes all bytes of an output several times. Of a library that is compiled against a base, they are
/// those that the base's library does not have.
#[test]
fn an_edited_library_is_the_difference_to_that_of_the_base() {
    let member = |name: &str, needs: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{needs}")
    };
    let table = project::fresh().to_string().repeat(100_000);
    let library = "pub mod table;\npub fn value() -> u64 {\n    1\n}\n";
    let module = r#"
        pub fn length() -> usize {
            static TABLE: &[u8] = include_bytes!("table.txt");
            TABLE.len()
        }
    "#;
    let main = r#"fn main() { println!("{} {} {}", large::value(), env!("VALUE"), large::table::length()); }"#;
    let needs = "[dependencies]\nlarge = { path = \"../large\" }\n\n[build-dependencies]\nlarge = { path = \"../large\" }\n";
    let script = r#"fn main() { println!("cargo::rustc-env=VALUE={}", large::value()); }"#;
    let mut base = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"large\"]\n",
        ),
        ("app/Cargo.toml", &member("app", needs)),
        ("app/src/main.rs", main),
        ("app/build.rs", script),
        ("large/Cargo.toml", &member("large", "")),
        ("large/src/lib.rs", library),
        ("large/src/table.rs", module),
        ("large/src/table.txt", &table),
    ])
    .locked();
    base.args = json!({ "profile": "dev", "pname": "app", "incremental": true });
    let project = based(&base);
    assert_eq!(
        project.build().run("app", &[]).trim(),
        format!("1 1 {}", table.len())
    );

    project.write("large/src/lib.rs", &library.replace("    1", "    2"));
    let build = project.build();
    assert_eq!(build.run("app", &[]).trim(), format!("2 2 {}", table.len()));
    // Without those of the base.
    let against_base: Vec<_> = libraries(&project)
        .into_iter()
        .filter(|(_, outputs)| !outputs.contains_key("state"))
        .collect();
    assert!(!against_base.is_empty());
    for (drv, outputs) in against_base {
        let files = fs::read_dir(&outputs["out"]).unwrap();
        let bytes = files.map(|file| file.unwrap().metadata().unwrap().len());
        let bytes: u64 = bytes.sum();
        // What it is the difference to stays as long as it does, and is in every sandbox with it.
        let output = project::nix()
            .args(["path-info", "--recursive", &outputs["out"]])
            .output()
            .unwrap();
        let closure = String::from_utf8(output.stdout).unwrap();
        let files = closure.lines().flat_map(|path| fs::read_dir(path).unwrap());
        let files = files.map(|file| file.unwrap().path());
        let whole = files.filter(|file| file.extension().is_some_and(|e| e == "rlib"));
        let [whole] = &whole.collect::<Vec<_>>()[..] else {
            panic!("{closure}");
        };
        // The metadata has changed and is in the difference. A static item is in it too.
        let most = fs::metadata(whole).unwrap().len() * 3 / 5;
        assert!(bytes < most, "{drv}: {bytes} bytes");
    }

    // A unit that keeps its state keeps its library whole.
    let mut kept = Project::copy_of(project.path());
    kept.args = project.args.clone();
    kept.args["incrementalKeep"] = json!(true);
    let text = library.replace("    1", "    3");
    kept.write("large/src/lib.rs", &text);
    let build = kept.build();
    assert_eq!(build.run("app", &[]).trim(), format!("3 3 {}", table.len()));
    // That is the one that a difference stands for: objects that rustc did not have are in it, and so are their symbols.
    project.write("large/src/lib.rs", &text);
    project.build();
    let whole = libraries(&kept);
    let library_in = |outputs: &BTreeMap<String, String>, extension: &str| {
        let files = fs::read_dir(&outputs["out"]).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files.find(|file| file.extension().is_some_and(|e| e == extension))
    };
    let name = |drv: &str| drv.split_once('-').unwrap().1.to_owned();
    let mut compared = 0;
    for (drv, outputs) in libraries(&project) {
        let Some(difference) = library_in(&outputs, "difference") else {
            continue;
        };
        let same = |(other, outputs): &(String, BTreeMap<String, String>)| {
            name(other) == name(&drv) && outputs.contains_key("state")
        };
        let together = tempfile::NamedTempFile::new().unwrap();
        put_together(&difference, together.path()).unwrap();
        let together = fs::read(together.path()).unwrap();
        // One of the two is the base's.
        let mut whole = whole.iter().filter(|unit| same(unit));
        let is_same = |(_, outputs): &(String, BTreeMap<String, String>)| {
            fs::read(library_in(outputs, "rlib").unwrap()).unwrap() == together
        };
        assert!(whole.any(is_same), "{drv}");
        compared += 1;
    }
    assert!(compared > 0);
    let after = based(&kept);
    after.write("large/src/lib.rs", &text.replace("    3", "    4"));
    assert_eq!(
        after.build().run("app", &[]).trim(),
        format!("4 4 {}", table.len())
    );
}

/// The script sees all files of its package, because it lists a directory; cargo runs it again only if the one that
/// it names changes. What it writes is what it made of the base, as with cargo.
#[test]
fn a_build_script_runs_again_only_if_what_it_named_has_changed() {
    let script = r#"
        use std::{env, fs, path::Path};
        fn main() {
            println!("cargo::rerun-if-changed=named.txt");
            let files = fs::read_dir(env::current_dir().unwrap().join("src")).unwrap().count();
            let named = fs::read_to_string("named.txt").unwrap();
            let text = format!("{} files, {}", files, named.trim());
            fs::write(Path::new(&env::var_os("OUT_DIR").unwrap()).join("text"), text).unwrap();
        }
    "#;
    let manifest = "[package]\nname = \"counted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let main = r#"fn main() { println!("{}", include_str!(concat!(env!("OUT_DIR"), "/text"))); }"#;
    let named = project::fresh().to_string();
    let mut base = Project::of(&[
        ("Cargo.toml", manifest),
        ("build.rs", script),
        ("src/main.rs", main),
        ("named.txt", &named),
    ])
    .locked();
    base.args = json!({ "profile": "dev", "incremental": true });
    let project = based(&base);
    let said = |build: &Build| build.run("counted", &[]).trim().to_owned();
    assert_eq!(said(&project.build()), format!("1 files, {named}"));

    project.write("src/other.rs", "// not a module of the program\n");
    let build = project.build();
    let units = ["bin-counted-incremental", "build-script-run"];
    assert_eq!(
        build.copied,
        units.map(|unit| format!("counted-0.1.0-{unit}"))
    );
    assert_eq!(compiled(&build), [""; 0]);
    assert_eq!(said(&build), format!("1 files, {named}"));

    let named = project::fresh().to_string();
    project.write("named.txt", &named);
    let build = project.build();
    assert_eq!(build.copied, [""; 0]);
    assert_eq!(said(&build), format!("2 files, {named}"));
}

#[test]
fn a_profile_without_incremental_compilation_is_refused() {
    let mut project = Project::example("hello");
    project.args = json!({ "incremental": true });
    let message = project.try_build().err().unwrap();
    for words in ["the profile `release`", "profile = \"dev\""] {
        assert!(message.contains(words), "no `{words}` in:\n{message}");
    }
}

#[test]
fn a_base_without_state_is_refused() {
    let base = example("hello");
    let mut project = based(&base);
    project.args["incremental"] = json!(false);
    let message = project.try_build().err().unwrap();
    assert!(
        message.contains("without `incremental = true`"),
        "{message}"
    );
}
