//! Units of a platform other than the host's, and the host's units beside them.
//!
//! | of a unit | for the host | for the target |
//! |---|---|---|
//! | what links it | the host's `cc` on PATH | the linker of the graph, with the target's packages on PATH |
//! | a build-script run finds | the host's `cc` on PATH | that, and the target's compiler by `CC_<triple>` and its like |
//!
//! `lower::environments` says what crates' environments give to either.
//!
//! With `--target` of the host's own triple nothing of this holds: all units use the same tools.

use super::Error;
use super::settings::Settings;
use crate::graph::model::UnitRef;
use dyndrv_builder::spec;

/// Whether a unit is for a platform other than the host's.
pub(super) fn is_foreign(unit: UnitRef<'_>) -> bool {
    let platform = unit.platform.as_deref();
    platform.is_some_and(|triple| triple != unit.graph().rustc.host)
}

/// Whether a unit is the host's in a graph that has units of another platform.
pub(super) fn is_helper(unit: UnitRef<'_>) -> bool {
    !is_foreign(unit) && unit.graph().units().any(is_foreign)
}

/// The packages with the compiler that links a unit, beside what its recorded environment has.
pub(super) fn linkers<'a>(settings: &'a Settings, unit: UnitRef<'_>) -> &'a [String] {
    let target = &settings.target_tools.packages;
    // The host's compiler can link for some of its neighbours, such as musl.
    if is_foreign(unit) && !target.is_empty() {
        target
    } else if settings.environment.is_some() {
        &[]
    } else {
        std::slice::from_ref(&settings.cc)
    }
}

/// Adds what the run of a build script needs to compile for the target.
pub(super) fn equip(settings: &Settings, run: UnitRef<'_>, process: &mut spec::Process) {
    if !is_foreign(run) {
        return;
    }
    let tools = &settings.target_tools;
    for package in &tools.packages {
        process.path.push(format!("{package}/bin"));
        process.remap.push(format!("{package}=/target-cc"));
    }
    let mut set = |name: &str, value: &str| {
        let entry = process.env.entry(name.to_owned());
        entry.or_insert_with(|| value.to_owned());
    };
    for (name, value) in &tools.env {
        set(name, value);
    }
}

/// Refuses units that could not be right.
///
/// # Errors
///
/// If there is nothing to link the unit with.
pub(super) fn check(unit: UnitRef<'_>, links: bool) -> Result<(), Error> {
    let platform = unit.platform();
    let arch = |triple: &str| triple.split('-').next().unwrap_or_default().to_owned();
    // Bare-metal targets and WebAssembly are linked by a linker that comes with rustc.
    let needs_linker = platform.triple.contains("-linux-")
        && arch(&platform.triple) != arch(&unit.graph().rustc.host)
        && platform.linker.is_none();
    if links && needs_linker {
        return Err(Error::NoLinker {
            unit: unit.to_string(),
            triple: platform.triple.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::graph::Graph;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    pub(in crate::plan) const HOST: &str = "x86_64-unknown-linux-gnu";
    pub(in crate::plan) const ARM: &str = "aarch64-unknown-linux-gnu";
    pub(in crate::plan) const WASM: &str = "wasm32-unknown-unknown";

    /// The units of [`graph`].
    pub(in crate::plan) const SCRIPT: usize = 0;
    pub(in crate::plan) const RUN: usize = 1;
    pub(in crate::plan) const LIB: usize = 2;
    pub(in crate::plan) const HOST_LIB: usize = 3;

    /// A package with a build script, whose library is built for `target` and for the host.
    pub(in crate::plan) fn graph(target: &str, linker: Option<&str>) -> Graph {
        let platform = |triple: &str, linker: Option<&str>| {
            let mut platform = json!({
                "triple": triple, "rustflags": [], "cfg": [], "split_debuginfo": [],
                "file_names": { "bin": ["", ""], "rlib": ["lib", ".rlib"] },
            });
            if let Some(program) = linker {
                platform["linker"] = json!({ "program": program });
            }
            platform
        };
        let rule = |name: &str, kind: &str, crate_type: &str| {
            json!({
                "name": name, "kind": kind, "crate_types": [crate_type], "src": { "package": "x.rs" },
                "edition": "2024", "harness": true, "test": true, "doctest": true, "doc": true,
                "proc_macro": false,
            })
        };
        let profile = json!({
            "name": "dev", "opt_level": "0", "lto": "false", "debuginfo": "0", "debug_assertions": true,
            "overflow_checks": true, "rpath": false, "incremental": false, "panic": "unwind",
        });
        let unit = |target: usize, mode: &str, platform: Option<&str>, dependencies: &[usize]| {
            let dependency = |unit: &usize| json!({ "unit": unit, "extern_crate_name": "x" });
            json!({
                "identity": format!("{target:08}{:08}", dependencies.len()), "package": 0, "target": target, "mode": mode,
                "platform": platform, "profile": profile, "features": [], "lto": "only-object",
                "dependencies": dependencies.iter().map(dependency).collect::<Vec<Value>>(),
            })
        };
        let graph = json!({
            "version": 1,
            "rustc": { "release": "1.97.1", "verbose": "", "host": HOST },
            "workspace_root": "",
            "profile": { "name": "dev", "dir": "debug", "root": "dev" },
            "host": platform(HOST, None),
            "targets": { target: platform(target, linker) },
            "config_env": [],
            "packages": [{
                "name": "sound", "version": "1.0.0", "origin": "path", "source": "", "location": { "tree": "" },
                "primary": true, "member": true, "authors": [], "declared_features": [], "lint_flags": [],
                "targets": [rule("build-script-build", "custom-build", "bin"), rule("sound", "lib", "lib")],
            }],
            "units": [
                unit(0, "build", None, &[]),
                unit(0, "run-custom-build", Some(target), &[SCRIPT]),
                unit(1, "build", Some(target), &[RUN]),
                unit(1, "build", None, &[]),
            ],
            "roots": [LIB],
        });
        serde_json::from_value(graph).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(in crate::plan) fn nth(graph: &Graph, place: usize) -> UnitRef<'_> {
        let unit = graph.units().nth(place);
        unit.unwrap_or_else(|| panic!("no unit {place}"))
    }

    fn settings(packages: &[&str]) -> Settings {
        let settings = json!({
            "system": "x86_64-linux", "dyndrv": "/d", "builder": "/b", "rustc": "/r", "cargo": "/c",
            "cc": "/cc", "tools": [], "graph": "/g", "crateEnv": {},
            "targetTools": { "packages": packages, "env": { "CC_target": "/arm/bin/cc", "AR": "/arm/bin/ar" } },
            "allowSubstitutes": true,
        });
        serde_json::from_value(settings).unwrap_or_else(|error| panic!("{error}"))
    }

    fn equipped(graph: &Graph, unit: usize) -> spec::Process {
        let mut process = spec::Process {
            env: BTreeMap::from([("AR".to_owned(), "mine".to_owned())]),
            path: vec!["/cc/bin".to_owned()],
            ..spec::Process::default()
        };
        equip(&settings(&["/arm"]), nth(graph, unit), &mut process);
        process
    }

    #[test]
    fn only_units_of_another_platform_are_foreign() {
        let cross = graph(ARM, None);
        let foreign: Vec<bool> = cross.units().map(|unit| is_foreign(unit)).collect();
        assert_eq!(foreign, [false, true, true, false]);
        let helpers: Vec<bool> = cross.units().map(|unit| is_helper(unit)).collect();
        assert_eq!(helpers, [true, false, false, true]);
    }

    #[test]
    fn nothing_is_foreign_in_a_build_for_the_host_by_its_own_name() {
        let native = graph(HOST, None);
        assert!(
            native
                .units()
                .all(|unit| !is_foreign(unit) && !is_helper(unit))
        );
        assert_eq!(linkers(&settings(&["/arm"]), nth(&native, LIB)), ["/cc"]);
        assert_eq!(equipped(&native, RUN).path, ["/cc/bin"]);
        assert!(check(nth(&native, HOST_LIB), true).is_ok());
    }

    #[test]
    fn the_targets_packages_link_where_there_are_any() {
        let cross = graph(ARM, None);
        let tools = settings(&["/arm", "/lld"]);
        assert_eq!(linkers(&tools, nth(&cross, LIB)), ["/arm", "/lld"]);
        assert_eq!(linkers(&tools, nth(&cross, SCRIPT)), ["/cc"]);
        assert_eq!(linkers(&settings(&[]), nth(&cross, LIB)), ["/cc"]);
    }

    #[test]
    fn a_run_for_the_target_finds_both_compilers() {
        let process = equipped(&graph(ARM, None), RUN);
        assert_eq!(process.path, ["/cc/bin", "/arm/bin"]);
        assert_eq!(process.remap, ["/arm=/target-cc"]);
        assert_eq!(process.env["CC_target"], "/arm/bin/cc");
        // What the user or the crate's environment has set stays.
        assert_eq!(process.env["AR"], "mine");
    }

    #[test]
    fn a_linker_has_to_be_named_for_another_processor_with_linux() {
        let refused = check(nth(&graph(ARM, None), LIB), true);
        assert!(matches!(refused, Err(Error::NoLinker { triple, .. }) if triple == ARM));
        assert!(check(nth(&graph(ARM, None), LIB), false).is_ok());
        assert!(check(nth(&graph(ARM, Some("cc")), LIB), true).is_ok());
        assert!(check(nth(&graph(WASM, None), LIB), true).is_ok());
        let musl = graph("x86_64-unknown-linux-musl", None);
        assert!(check(nth(&musl, LIB), true).is_ok());
    }
}
