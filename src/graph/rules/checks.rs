//! The part of a graph that only checks need: tests in documentation, and the command lines of
//! clippy, rustdoc and test executables.
//!
//! | check | its command |
//! |---|---|
//! | clippy | rustc's for the unit, with `--emit=metadata`, and metadata of dependencies in place of rlibs |
//! | rustdoc | `--edition`, `--crate-type`, `--crate-name`, source file, `--target`, `-C panic`, `-C linker`, lints, features, dependencies |
//! | tests in documentation | the same with `--test`, the directory to run them in, the configuration's runner, and the flags for link-time optimisation of a program |
//! | a test executable | the configuration's runner, the executable, the user's arguments |

use super::command::{
    Invocation, codegen, dependency_args, feature_args, lto_args, rustc_env, rustc_invocation,
};
use super::layout::{
    self, Layout, join, package_dir, profile_dir, source_from_cwd, workspace_root,
};
use super::linkage::{Linkage, Visible};
use super::products::ProductKind;
use super::{identity, lto};
use crate::graph::model::{Dependency, Graph, Mode, TargetKind, Unit, UnitRef};

/// Variables that the compiler sees and a program that is run does not.
const COMPILER_ONLY: [&str; 3] = [
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_PRIMARY_PACKAGE",
];

/// Adds a unit for the documentation's tests of each library that was asked for.
///
/// Such a unit depends on the library itself, and on all that the library's own tests
/// may use. cargo's graph of `build --all-targets` does not have it.
pub fn with_doctests(mut graph: Graph) -> Graph {
    for root in graph.roots.clone() {
        let root = graph.unit(root);
        let documented = root.target().is_linkable() && root.target().doctest;
        if root.mode == Mode::Build && documented {
            let unit = doctest(as_tests_use_it(root));
            graph.units.push(unit);
        }
    }
    graph
}

/// The library as its tests are linked with it: cargo builds it once more for them if
/// the profile does not unwind.
fn as_tests_use_it(root: UnitRef<'_>) -> UnitRef<'_> {
    let unwinds = |unit: &UnitRef<'_>| {
        (unit.package, unit.target, unit.mode) == (root.package, root.target, root.mode)
            && unit.platform == root.platform
            && unit.profile.panic == "unwind"
    };
    if unwinds(&root) {
        return root;
    }
    root.graph().units().find(unwinds).unwrap_or(root)
}

fn doctest(lib: UnitRef<'_>) -> Unit {
    let tests = lib
        .graph()
        .roots()
        .filter(|root| root.mode == Mode::Test && root.package == lib.package);
    // The library's own tests, if there are any; all tests see the same packages.
    let sees = tests.min_by_key(|test| test.target != lib.target);
    let mut dependencies: Vec<Dependency> = sees
        .unwrap_or(lib)
        .dependencies()
        .filter(|(_, needed)| *needed != lib)
        .filter(|(_, needed)| needed.target().kind != TargetKind::Bin)
        .map(|(dependency, _)| dependency.clone())
        .collect();
    dependencies.push(Dependency {
        unit: lib.id(),
        extern_crate_name: lib.target().crate_name(),
        public: false,
        noprelude: false,
        nounused: false,
    });
    let mut unit = Unit {
        mode: Mode::Doctest,
        lto: lto::of_program(lib.target(), &lib.profile.lto),
        dependencies,
        ..lib.unit().clone()
    };
    unit.identity = identity::of_unit(lib.graph(), &unit);
    unit
}

/// The metadata in place of an rlib, where the unit has metadata of its own.
pub fn metadata_of(visible: Visible<'_>) -> Visible<'_> {
    let metadata = visible
        .unit
        .products()
        .into_iter()
        .find(|product| product.kind == ProductKind::Rmeta);
    match metadata {
        Some(product) if visible.kind == ProductKind::Rlib => Visible {
            unit: visible.unit,
            file: product.file,
            kind: product.kind,
        },
        _ => visible,
    }
}

/// clippy's run for a unit, without the user's own arguments.
pub fn clippy_invocation<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
) -> Invocation {
    let mut invocation = rustc_invocation(linkage, unit, layout);
    invocation.args.retain(|arg| !arg.starts_with("--emit="));
    invocation.args.push("--emit=metadata".to_owned());
    name_metadata(linkage, unit, layout, &mut invocation.args);
    invocation
}

/// rustdoc's run for a unit, without the user's own arguments and the place of
/// the result.
pub fn rustdoc_invocation<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
) -> Invocation {
    let target = unit.target();
    let (cwd, source) = source_from_cwd(layout, unit);
    let mut args = vec![format!("--edition={}", target.edition)];
    for crate_type in &target.crate_types {
        args.extend(["--crate-type".to_owned(), crate_type.to_string()]);
    }
    args.extend(["--crate-name".to_owned(), target.crate_name(), source]);
    if let Some(triple) = &unit.platform {
        args.extend(["--target".to_owned(), triple.clone()]);
    }
    let profile = &unit.profile;
    if profile.panic != "unwind" {
        codegen(&mut args, format!("panic={}", profile.panic));
    }
    if let Some(linker) = &unit.platform().linker {
        codegen(
            &mut args,
            format!("linker={}", layout::program(layout, linker)),
        );
    }
    args.extend(unit.package().lint_flags.iter().cloned());
    feature_args(unit, &mut args);
    dependency_args(linkage, unit, layout, &mut args);
    if unit.mode == Mode::Doctest {
        let directory = package_dir(layout, unit.package());
        args.extend([
            "--test".to_owned(),
            "--test-run-directory".to_owned(),
            directory,
        ]);
        let runner = runner(unit, layout);
        if let Some((program, runner_args)) = runner.split_first() {
            args.extend(["--test-runtool".to_owned(), program.clone()]);
            for arg in runner_args {
                args.extend(["--test-runtool-arg".to_owned(), arg.clone()]);
            }
        }
        lto_args(&unit.lto, &mut args);
    } else {
        name_metadata(linkage, unit, layout, &mut args);
        if target.kind == TargetKind::Bin {
            args.push("--document-private-items".to_owned());
        }
    }
    Invocation {
        args,
        env: rustc_env(linkage, unit, layout),
        cwd,
    }
}

/// The run of a test executable, without the user's own arguments.
pub fn test_invocation<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
) -> Invocation {
    let graph = linkage.graph();
    let mut env = rustc_env(linkage, unit, layout);
    for name in COMPILER_ONLY {
        env.remove(name);
    }
    // insta looks for it by asking cargo, which would need every manifest.
    env.entry("INSTA_WORKSPACE_ROOT".to_owned())
        .or_insert_with(|| workspace_root(layout, graph));
    Invocation {
        args: Vec::new(),
        env,
        cwd: package_dir(layout, unit.package()),
    }
}

/// The program that starts a test executable, with its arguments; empty if it starts by itself.
pub fn runner(unit: UnitRef<'_>, layout: &dyn Layout) -> Vec<String> {
    let runner = unit.platform().runner.iter();
    runner
        .flat_map(|runner| {
            let program = layout::program(layout, &runner.program);
            [program].into_iter().chain(runner.args.iter().cloned())
        })
        .collect()
}

/// Directories that a test finds empty and writable.
pub fn test_directories(unit: UnitRef<'_>, layout: &dyn Layout) -> Vec<String> {
    layout.target_tmpdir(unit).into_iter().collect()
}

/// Where a test executable lies when it is run: some look for programs beside it.
pub fn test_place(graph: &Graph, layout: &dyn Layout, file: &str) -> String {
    format!("{}/deps/{file}", profile_dir(layout, graph))
}

/// Replaces rlibs by metadata among the values of `--extern`.
fn name_metadata<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
    args: &mut [String],
) {
    let graph = linkage.graph();
    for (_, rlib) in linkage.externs(unit) {
        let dir = layout.deps(graph, rlib.unit.platform.as_deref());
        let from = join(&dir, &rlib.file);
        let to = join(&dir, &metadata_of(rlib).file);
        for arg in args.iter_mut() {
            if let Some(name) = arg.strip_suffix(&format!("={from}")) {
                *arg = format!("{name}={to}");
            }
        }
    }
}
