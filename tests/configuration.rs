//! What cargo's configuration says, and what cargo makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use dyndrv::graph::rules::checks::{rustdoc_invocation, with_doctests};
use dyndrv::graph::rules::linkage::Linkage;
use dyndrv::graph::{ConfigProgram, Graph, Mode, UnitRef};
use dyndrv::plan::asked_variables::{self, Names};
use dyndrv::plan::files::{self, Additions};
use dyndrv::plan::layers;
use dyndrv::plan::sources::Vendored;
use oracle::case::Case;
use oracle::layout::CargoLayout;
use oracle::toolchain::Toolchain;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A package with this configuration.
fn configured(configuration: &str) -> Case {
    let manifest = "[package]\nname = \"lab\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    let code = "//! ```\n//! assert!(true);\n//! ```\n";
    let files = format!("\n### Cargo.toml\n{manifest}### src/lib.rs\n{code}");
    let case = Case::new(&files).locked();
    let directory = case.place.source.join(".cargo");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.toml"), configuration).unwrap();
    case
}

fn has_in_a_row(words: &[String], row: &[String]) -> bool {
    words.windows(row.len()).any(|window| window == row)
}

#[test]
fn flags_for_rustdoc_in_the_configuration() {
    let case = configured(
        r#"
[target.'cfg(unix)']
rustdocflags = ["--cfg", "family"]
[target.x86_64-unknown-linux-gnu]
rustdocflags = "--cfg triple"
[build]
rustdocflags = ["--cfg", "overridden"]
"#,
    );
    let graph = case.ask().unwrap();
    let flags = &graph.host.rustdocflags;
    let old = graph.rustc.release.minor < 96;
    let expected = if old {
        "--cfg triple"
    } else {
        "--cfg triple --cfg family"
    };
    assert_eq!(flags.join(" "), expected);
    assert!(has_in_a_row(
        &case.words_of_cargo(&["doc", "-v"], "--crate-name lab"),
        flags
    ));
}

#[test]
fn the_runner_of_the_configuration_starts_tests() {
    let case = configured(
        r#"
[target.'cfg(target_os = "linux")']
runner = ["tools/run", "fast"]
"#,
    );
    let graph = with_doctests(case.ask().unwrap());
    let runner = graph.host.runner.clone().unwrap();
    assert_eq!(runner.program, ConfigProgram::Tree("tools/run".to_owned()));
    let doctest = graph
        .units()
        .find(|unit| unit.mode == Mode::Doctest)
        .unwrap();
    let toolchain = Toolchain::find();
    let layout = CargoLayout {
        toolchain: &toolchain,
        place: &case.place,
    };
    let ours = rustdoc_invocation(&Linkage::new(&graph), doctest, &layout).args;
    let first = ours.iter().position(|arg| arg == "--test-runtool").unwrap();
    let cargos = case.words_of_cargo(&["test", "--doc", "-v"], "--test-runtool");
    assert!(has_in_a_row(&cargos, &ours[first..first + 4]), "{cargos:?}");
}

#[test]
fn a_wrapper_that_only_keeps_what_rustc_has_made_has_no_effect() {
    let case = configured("[build]\nrustc-wrapper = \"/somewhere/sccache\"\n");
    let outcome = case.outcome().unwrap();
    let [warning] = &outcome.warnings[..] else {
        panic!("{:?}", outcome.warnings);
    };
    assert!(warning.contains("`build.rustc-wrapper` = \"/somewhere/sccache\" has no effect"));
    assert_eq!(outcome.graph, configured("").ask().unwrap());
}

#[test]
fn another_wrapper_is_refused() {
    let case = configured("[build]\nrustc-workspace-wrapper = \"tools/wrap\"\n");
    case.fails_with(&[
        "`build.rustc-workspace-wrapper` = \"tools/wrap\"",
        "may change what rustc does",
        "RUSTC_WORKSPACE_WRAPPER",
    ]);
}

#[test]
fn a_file_that_the_configuration_includes() {
    let case = configured("include = [\"../config/cargo.toml\"]\n");
    let directory = case.place.source.join("config");
    fs::create_dir_all(&directory).unwrap();
    let included = "[env]\nW = { value = \"w.txt\", relative = true }\n";
    fs::write(directory.join("cargo.toml"), included).unwrap();
    let graph = case.ask().unwrap();
    let [variable] = &graph.config_env[..] else {
        panic!("{:?}", graph.config_env);
    };
    assert_eq!(variable.name, "W");
    // It is relative to the parent of the directory of the file that it stands in.
    assert_eq!(variable.relative_to.as_deref(), Some(""));
}

/// A program that links, with a third-party dependency that has a build script.
fn linked(configuration: &str, files: &[(&str, &str)]) -> (Case, Graph) {
    let case = Case::new(
        r#"
### Cargo.toml
[package]
name = "app"
version = "1.0.0"
edition = "2024"
[dependencies]
third = "1"
### src/main.rs
### src/lib.rs
### vendor/third-1.2.3/Cargo.toml
[package]
name = "third"
version = "1.2.3"
### vendor/third-1.2.3/src/lib.rs
### vendor/third-1.2.3/build.rs
"#,
    )
    .locked();
    for (path, text) in [(".cargo/config.toml", configuration)].iter().chain(files) {
        let path = case.place.source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let graph = case.ask().unwrap();
    (case, graph)
}

fn vendor(case: &Case) -> &Path {
    case.place.vendor.as_deref().unwrap()
}

/// The variables that vendored packages name.
fn asks(case: &Case, graph: &Graph) -> Names {
    let vendored = Vendored::of(graph, vendor(case)).unwrap();
    asked_variables::names(graph, &vendored).unwrap()
}

/// The labels of the units that have this file.
fn readers(case: &Case, graph: &Graph, file: &str) -> Vec<String> {
    let asks = asks(case, graph);
    let additions = Additions::default();
    let lists = files::lists(graph, &case.place.source.clone().into(), &asks, &additions).unwrap();
    let reads = |unit: &UnitRef<'_>| {
        let list = lists.get(&unit.identity());
        list.is_some_and(|list| list.iter().any(|listed| listed == file))
    };
    let mut labels: Vec<String> = graph.units().filter(reads).map(|u| u.label()).collect();
    labels.sort();
    labels
}

#[test]
fn what_links_reads_the_linker_script_that_rustflags_name() {
    let (case, graph) = linked(
        "[build]\nrustflags = [\"-C\", \"link-arg=-Tlink/app.x\", \"-Lnative=libs\"]\n",
        &[
            ("link/app.x", "INCLUDE memory.x\n"),
            ("link/memory.x", "/* nothing */"),
            ("link/unread.x", ""),
            ("libs/liba.a", ""),
        ],
    );
    for file in ["link/app.x", "link/memory.x"] {
        assert_eq!(
            readers(&case, &graph, file),
            ["app-1.0.0-bin-app"],
            "{file}"
        );
    }
    let both = ["app-1.0.0-bin-app", "app-1.0.0-lib"];
    assert_eq!(readers(&case, &graph, "libs/liba.a"), both);
    assert!(readers(&case, &graph, "link/unread.x").is_empty());
}

#[test]
fn what_links_reads_the_linker_that_is_among_the_sources() {
    let (case, graph) = linked(
        "[target.'cfg(unix)']\nlinker = \"tools/gcc\"\n",
        &[("tools/gcc", "#!/bin/sh\nexec cc \"$@\"\n")],
    );
    assert_eq!(
        readers(&case, &graph, "tools/gcc"),
        ["app-1.0.0-bin-app", "third-1.2.3-build-script"]
    );
    // An edit of the linker reaches third-party units too, so that the workspace emits them.
    assert!(layers::third_party(&graph, &BTreeMap::new()).is_empty());
    let (_, graph) = linked("", &[]);
    assert_eq!(layers::third_party(&graph, &BTreeMap::new()).len(), 3);
}

/// As `openssl-sys` asks for `OPENSSL_DIR`.
#[test]
fn third_party_code_asks_for_a_file_by_a_variable() {
    let (case, graph) = linked(
        "[env]\nTHIRD_DIR = { value = \"third\", relative = true }\n\
         OTHER_DIR = { value = \"other\", relative = true }\n",
        &[("third/deep/a.txt", ""), ("other/b.txt", "")],
    );
    let script = vendor(&case).join("third-1.2.3/build.rs");
    fs::write(script, "fn main() { std::env::var(\"THIRD_DIR\"); }\n").unwrap();
    assert_eq!(
        readers(&case, &graph, "third/deep/a.txt"),
        [
            "third-1.2.3-build-script",
            "third-1.2.3-build-script-run",
            "third-1.2.3-lib"
        ]
    );
    assert!(readers(&case, &graph, "other/b.txt").is_empty());
    // They are emitted with the workspace, as an edit of the file reaches them.
    let asks = asks(&case, &graph);
    let asked = asked_variables::of(&graph, &asks);
    assert!(layers::third_party(&graph, &asked).is_empty());
}
