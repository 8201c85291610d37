//! What `dyndrv::graph` says of a small workspace, and of ones that cannot be built.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use dyndrv::graph::rules::checks::{rustdoc_invocation, with_doctests};
use dyndrv::graph::rules::command::{build_script_invocation, rustc_invocation};
use dyndrv::graph::rules::layout::SandboxLayout;
use dyndrv::graph::rules::linkage::Linkage;
use dyndrv::graph::rules::package_code::PackageCode;
use dyndrv::graph::{Graph, Mode, Package, Selection, UnitRef};
use oracle::case::Case;
use oracle::layout::CargoLayout;
use oracle::toolchain::Toolchain;
use std::fs;

const SMALL: &str = r#"
### Cargo.toml
[package]
name = "small"
version = "1.0.0"
edition = "2024"
[dependencies]
third = "1"
[build-dependencies]
third = "1"
[package.metadata.dyndrv]
extra-sources = ["data"]
### src/main.rs
### build.rs
### vendor/third-1.2.3/Cargo.toml
[package]
name = "third"
version = "1.2.3"
links = "three"
### vendor/third-1.2.3/src/lib.rs
### vendor/third-1.2.3/build.rs
"#;

const LOCK: &str = r#"
version = 4
[[package]]
name = "small"
version = "1.0.0"
dependencies = ["third"]
[[package]]
name = "third"
version = "1.2.3"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0000"
"#;

/// The units in an order that does not depend on identities, which the toolchain enters.
fn by_label(graph: &Graph) -> Vec<UnitRef<'_>> {
    let mut order: Vec<UnitRef<'_>> = graph.units().collect();
    order.sort_by_key(|unit| (unit.label(), unit.dependencies.len()));
    order
}

#[test]
fn the_packages_of_a_small_workspace() {
    let graph = Case::new(SMALL).locked().ask().unwrap();
    let packages: Vec<&Package> = graph.packages().map(|(_, package)| package).collect();
    insta::assert_json_snapshot!(packages);
}

#[test]
fn the_processes_of_a_small_workspace() {
    let graph = Case::new(SMALL).locked().ask().unwrap();
    let linkage = Linkage::new(&graph);
    let layout = SandboxLayout {
        cargo: "/bin/cargo".to_owned(),
        rustc: "/bin/rustc".to_owned(),
        rustdoc: "/bin/rustdoc".to_owned(),
    };
    let mut text = String::new();
    for unit in by_label(&graph) {
        let invocation = match unit.mode {
            Mode::RunCustomBuild => build_script_invocation(&linkage, unit, &layout),
            _ => rustc_invocation(&linkage, unit, &layout),
        };
        text.push_str(&format!("{} in {}\n", unit.label(), invocation.cwd));
        text.push_str(&format!("  {}\n", invocation.args.join(" ")));
        for (name, value) in invocation
            .env
            .iter()
            .filter(|(name, _)| !name.contains("_CFG_"))
        {
            text.push_str(&format!("  {name}={value}\n"));
        }
        for product in unit.products() {
            let uplifted = product
                .uplifted
                .map(|name| format!(" as {name}"))
                .unwrap_or_default();
            text.push_str(&format!("  -> {}{uplifted}\n", product.file));
        }
    }
    for unit in graph.units() {
        text = text.replace(&unit.identity().to_string(), &format!("<{}>", unit.label()));
    }
    text = text.replace(&graph.rustc.host, "<host>");
    insta::assert_snapshot!(text);
}

/// rustc loads a macro for the library that uses it, and for all that have that library in their closure.
#[test]
fn code_of_packages_runs_where_macros_are_loaded() {
    const MACROS: &str = r#"
### Cargo.toml
[workspace]
members = ["macros", "user", "program", "alone"]
resolver = "3"
### macros/Cargo.toml
[package]
name = "macros"
version = "1.0.0"
[lib]
proc-macro = true
### macros/src/lib.rs
### user/Cargo.toml
[package]
name = "user"
version = "1.0.0"
[dependencies]
macros = { path = "../macros" }
### user/src/lib.rs
### program/Cargo.toml
[package]
name = "program"
version = "1.0.0"
[dependencies]
user = { path = "../user" }
### program/src/main.rs
### alone/Cargo.toml
[package]
name = "alone"
version = "1.0.0"
[build-dependencies]
user = { path = "../user" }
### alone/src/lib.rs
### alone/build.rs
"#;
    let graph = Case::new(MACROS).locked().ask().unwrap();
    let code = PackageCode::new(&graph);
    let mut runs: Vec<String> = graph
        .units()
        .filter(|unit| code.runs_in(*unit))
        .map(UnitRef::label)
        .collect();
    runs.sort();
    runs.dedup();
    let expected = [
        "alone-1.0.0-build-script",
        "alone-1.0.0-build-script-run",
        "program-1.0.0-bin-program",
        "user-1.0.0-lib",
    ];
    assert_eq!(runs, expected);
}

#[test]
fn the_graph_does_not_depend_on_where_the_sources_are() {
    let text = || {
        let graph = Case::new(SMALL).locked().ask().unwrap();
        serde_json::to_string(&graph).unwrap()
    };
    assert_eq!(text(), text());
}

#[test]
fn comments_and_other_files_do_not_change_the_graph() {
    let case = Case::new(SMALL).locked();
    let before = case.ask().unwrap();
    let manifest = case.place.source.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("# a comment\n{text}")).unwrap();
    fs::write(case.place.source.join("src/main.rs"), "fn main() {}").unwrap();
    fs::write(case.place.source.join("NOTES"), "nothing").unwrap();
    assert_eq!(case.ask().unwrap(), before);
}

#[test]
fn tests_share_dependencies_with_the_program() {
    let mut case = Case::new(SMALL).locked();
    let ids = |graph: &Graph| -> Vec<String> {
        let units = graph.units().filter(|unit| unit.package().name == "third");
        units.map(|unit| unit.identity().to_string()).collect()
    };
    let built = ids(&case.ask().unwrap());
    case.selection.command = dyndrv::graph::Command::Test;
    assert_eq!(ids(&case.ask().unwrap()), built);
}

#[test]
fn a_vendor_directory_without_configuration_is_read_by_the_lock_file() {
    let case = Case::new(include_str!("oracle/workspaces/sources.txt"));
    let with_configuration = case.ask().unwrap();
    fs::remove_file(
        case.place
            .vendor
            .clone()
            .unwrap()
            .join(".cargo/config.toml"),
    )
    .unwrap();
    assert_eq!(case.ask().unwrap(), with_configuration);
}

#[test]
fn no_lock_file() {
    Case::new(SMALL).fails_with(&["there is no Cargo.lock", "cargo generate-lockfile"]);
}

#[test]
fn a_lock_file_that_does_not_fit() {
    let case = Case::new(SMALL).locked();
    let manifest = case.place.source.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("version = \"1.0.0\"", "version = \"1.0.1\""),
    )
    .unwrap();
    case.fails_with(&["Cargo.lock does not fit the manifests", "commit Cargo.lock"]);
}

#[test]
fn a_locked_crate_that_is_missing_from_the_vendor_directory() {
    let case = Case::new(SMALL).locked();
    let vendor = case.place.vendor.clone().unwrap();
    fs::remove_dir_all(vendor.join("third-1.2.3")).unwrap();
    case.fails_with(&["missing from the vendor directory", "third"]);
}

#[test]
fn a_package_that_needs_a_newer_rustc() {
    let files = SMALL.replace(
        "edition = \"2024\"",
        "edition = \"2024\"\nrust-version = \"1.999\"",
    );
    let mut case = Case::new(&files).locked();
    case.fails_with(&["needs a newer rustc", "1.999", "small"]);
    case.selection.ignore_rust_version = true;
    case.ask().unwrap();
}

#[test]
fn a_target_file_that_is_missing() {
    let case = Case::new(SMALL).locked();
    fs::remove_file(case.place.source.join("src/main.rs")).unwrap();
    case.fails_with(&["the file of a target is missing", "Cargo.toml"]);
}

#[test]
fn a_named_target_file_that_is_missing() {
    let case = Case::new(SMALL).locked();
    let manifest = case.place.source.join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).unwrap();
    text.push_str("[[bin]]\nname = \"gone\"\n");
    fs::write(&manifest, text).unwrap();
    case.fails_with(&["the file of a target is missing", "gone"]);
}

#[test]
fn a_package_outside_of_the_source_root() {
    let mut case = Case::new(
        "### in/Cargo.toml\n[package]\nname = \"inside\"\n[workspace]\n\
         [dependencies]\nout = { path = \"../out\" }\n\
         ### in/src/main.rs\n### out/Cargo.toml\n[package]\nname = \"out\"\n### out/src/lib.rs\n",
    );
    case.place.dir = "in".to_owned();
    let mut case = case.locked();
    case.ask().unwrap();
    case.place.source = case.place.source.join("in");
    case.place.dir = String::new();
    case.fails_with(&["a manifest is missing", "source root", "out/Cargo.toml"]);
}

#[test]
fn names_that_do_not_exist() {
    let mut case = Case::new(SMALL).locked();
    case.selection.packages = vec!["other".to_owned()];
    case.fails_with(&["the selection names something", "other"]);
    case.selection = Selection {
        bins: vec!["nobin".to_owned()],
        ..Selection::default()
    };
    case.fails_with(&["the selection names something", "nobin"]);
    case.selection = Selection {
        features: vec!["nofeature".to_owned()],
        ..Selection::default()
    };
    case.fails_with(&["names a feature", "nofeature"]);
    case.selection = Selection {
        profile: Some("noprofile".to_owned()),
        ..Selection::default()
    };
    case.fails_with(&["the profile cannot be used", "noprofile"]);
}

#[test]
fn what_is_not_supported_is_refused() {
    let case = Case::new(&SMALL.replace(
        "### Cargo.toml\n",
        "### Cargo.toml\ncargo-features = [\"different-binary-name\"]\n",
    ));
    fs::write(case.place.source.join("Cargo.lock"), LOCK).unwrap();
    // A cargo of the stable channel refuses it, one that was built from sources does not.
    case.fails_with(&["unstable feature", "different-binary-name"]);
}

#[test]
fn what_the_configuration_sets_and_is_not_supported_is_refused() {
    for (setting, named) in [
        ("[unstable]\nbuild-std = [\"core\"]", "`unstable.build-std`"),
        ("[host]\nlinker = \"cc\"", "`host.linker`"),
        ("[host]\nrustflags = [\"-O\"]", "`host.rustflags`"),
        (
            "[unstable]\ntarget-applies-to-host = true",
            "`unstable.target-applies-to-host`",
        ),
    ] {
        let case = Case::new(&format!("{SMALL}### .cargo/config.toml\n{setting}\n"));
        case.fails_with(&[named, "is not supported", "remove"]);
    }
}

#[test]
fn a_custom_target_file_is_refused() {
    let mut case = Case::new(&format!("{SMALL}### own.json\n{{}}\n"));
    fs::write(case.place.source.join("Cargo.lock"), LOCK).unwrap();
    case.selection.target = Some("own.json".to_owned());
    case.fails_with(&["a custom target file is not supported", "built-in target"]);
}

#[test]
fn a_root_file_outside_of_the_source_root() {
    let case = Case::new(&SMALL.replace(
        "[dependencies]\n",
        "[[bin]]\nname = \"elsewhere\"\npath = \"../../elsewhere.rs\"\n[dependencies]\n",
    ));
    fs::write(case.place.source.join("Cargo.lock"), LOCK).unwrap();
    case.fails_with(&["the file of a target is missing", "elsewhere"]);
}

/// What cargo says to rustdoc about code generation, for the tests in documentation.
fn codegen_of_cargo(case: &Case, profile: &str) -> Vec<String> {
    let arguments = [
        "test",
        "--doc",
        "--offline",
        "--verbose",
        "--profile",
        profile,
    ];
    let words = case.words_of_cargo(&arguments, "--test-run-directory");
    codegen(words.into_iter())
}

/// The values of `-C`, sorted.
fn codegen(args: impl Iterator<Item = String>) -> Vec<String> {
    let args: Vec<String> = args.collect();
    let pairs = args.windows(2).filter(|pair| pair[0] == "-C");
    let mut values: Vec<String> = pairs.map(|pair| pair[1].clone()).collect();
    values.sort();
    values
}

#[test]
fn documentation_tests_are_optimised_as_cargo_does() {
    let mut case = Case::new(
        r#"
### Cargo.toml
[package]
name = "documented"
version = "1.0.0"
edition = "2024"
[profile.whole]
inherits = "dev"
lto = true
[profile.thin]
inherits = "dev"
lto = "thin"
[profile.off]
inherits = "dev"
lto = "off"
[profile.aborting]
inherits = "dev"
panic = "abort"
lto = "fat"
### src/lib.rs
//! ```
//! documented::f();
//! ```
pub fn f() {}
### tests/calls.rs
#[test]
fn calls() {
    documented::f();
}
"#,
    )
    .locked();
    let toolchain = Toolchain::find();
    let mut seen = Vec::new();
    for profile in ["dev", "whole", "thin", "off", "aborting"] {
        case.selection = Selection {
            all_targets: true,
            profile: Some(profile.to_owned()),
            ..Selection::default()
        };
        let graph = with_doctests(case.ask().unwrap());
        let unit = graph.units().find(|unit| unit.mode == Mode::Doctest);
        let layout = CargoLayout {
            toolchain: &toolchain,
            place: &case.place,
        };
        let ours = rustdoc_invocation(&Linkage::new(&graph), unit.unwrap(), &layout);
        let ours = codegen(ours.args.into_iter());
        assert_eq!(ours, codegen_of_cargo(&case, profile), "{profile}");
        seen.push(ours.join(" "));
    }
    seen.dedup();
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn a_key_of_our_metadata_that_means_nothing() {
    let files = SMALL.replace("extra-sources", "extra-source");
    assert_ne!(files, SMALL);
    let case = Case::new(&files).locked();
    case.fails_with(&[
        "`small 1.0.0`, Cargo.toml",
        "`package.metadata.dyndrv.extra-source` means nothing",
        "`extra-sources`",
    ]);
}

/// Who builds a third-party package cannot correct it.
#[test]
fn a_key_of_third_party_metadata_that_means_nothing() {
    let case = Case::new(SMALL).locked();
    let before = case.ask().unwrap();
    let vendor = case.place.vendor.clone().unwrap();
    let manifest = vendor.join("third-1.2.3/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        format!("{text}\n[package.metadata.dyndrv]\nnew = 1\n"),
    )
    .unwrap();
    assert_eq!(case.ask().unwrap(), before);
}

#[test]
fn a_library_that_the_platform_cannot_have() {
    let mut case = Case::new(
        r#"
### Cargo.toml
[package]
name = "dynamic"
version = "1.0.0"
edition = "2024"
[lib]
crate-type = ["dylib"]
### src/lib.rs
"#,
    )
    .locked();
    case.ask().unwrap();
    case.selection.target = Some("wasm32-unknown-unknown".to_owned());
    case.fails_with(&[
        "lib of `dynamic 1.0.0`",
        "crate types dylib",
        "`wasm32-unknown-unknown` supports none of them",
    ]);
}

/// So checks can always use the profile that `cargo test` uses.
#[test]
fn the_test_profile_shares_all_units_with_dev_if_they_have_the_same_settings() {
    let mut case = Case::new(SMALL).locked();
    case.selection.all_targets = true;
    let mut processes = |profile: &str| {
        case.selection.profile = Some(profile.to_owned());
        let graph = case.ask().unwrap();
        let linkage = Linkage::new(&graph);
        let layout = SandboxLayout {
            cargo: "/bin/cargo".to_owned(),
            rustc: "/bin/rustc".to_owned(),
            rustdoc: "/bin/rustdoc".to_owned(),
        };
        let invocation = |unit: UnitRef<'_>| match unit.mode {
            Mode::RunCustomBuild => {
                format!("{:?}", build_script_invocation(&linkage, unit, &layout))
            }
            _ => format!("{:?}", rustc_invocation(&linkage, unit, &layout)),
        };
        graph.units().map(invocation).collect::<Vec<_>>()
    };
    assert_eq!(processes("test"), processes("dev"));
}

/// The same units with and without incremental compilation: which have another identity, by label.
#[test]
fn incremental_units_are_those_that_cargo_compiles_so() {
    let mut case = Case::new(SMALL).locked();
    let plain = case.ask().unwrap();
    case.incremental = true;
    let incremental = case.ask().unwrap();
    let labels = |graph: &Graph, other: &Graph| -> Vec<String> {
        let known: Vec<_> = other.units().map(UnitRef::identity).collect();
        let mut labels: Vec<String> = graph
            .units()
            .filter(|unit| !known.contains(&unit.identity()))
            .map(UnitRef::label)
            .collect();
        labels.sort();
        labels
    };
    // Packages from elsewhere are the same units.
    assert_eq!(
        labels(&incremental, &plain),
        [
            "small-1.0.0-bin-small-incremental",
            "small-1.0.0-build-script-incremental",
            "small-1.0.0-build-script-run",
        ]
    );
    assert_eq!(
        labels(&plain, &incremental),
        [
            "small-1.0.0-bin-small",
            "small-1.0.0-build-script",
            "small-1.0.0-build-script-run",
        ]
    );
    let text = serde_json::to_string(&plain).unwrap();
    assert!(!text.contains("\"incremental\":true,\"host\""), "{text}");
}

#[test]
fn incremental_compilation_without_effect_is_refused() {
    let mut case = Case::new(SMALL).locked();
    case.incremental = true;
    case.selection.profile = Some("release".to_owned());
    case.fails_with(&["the profile `release`", "`[profile.release]`"]);
}
