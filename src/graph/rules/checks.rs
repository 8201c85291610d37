//! What checks add to a graph: tests in documentation, and the command lines of
//! clippy, rustdoc and test executables.
//!
//! | check | its command |
//! |---|---|
//! | clippy | rustc's for the unit, with `--emit=metadata`, and metadata of dependencies in place of rlibs |
//! | rustdoc | `--edition`, `--crate-type`, `--crate-name`, source file, `--target`, `-C panic`, `-C linker`, lints, features, dependencies |
//! | tests in documentation | the same with `--test`, the directory to run them in, and the flags for link-time optimisation of a program |
//! | a test executable | the user's arguments alone |

use super::command::{
    Invocation, codegen, dependency_args, feature_args, lto_args, rustc_env, rustc_invocation,
};
use super::layout::{
    self, Layout, join, package_dir, profile_dir, source_from_cwd, workspace_root,
};
use super::linkage::{Linkage, Visible};
use super::lto;
use super::products::{ProductKind, products};
use crate::graph::model::{Dependency, Graph, Mode, TargetKind, Unit};

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
        let target = graph.target(root);
        let documented = target.is_linkable() && target.doctest;
        if graph.units[root].mode == Mode::Build && documented {
            let unit = doctest(&graph, as_tests_use_it(&graph, root));
            graph.units.push(unit);
        }
    }
    graph
}

/// The library as its tests are linked with it: cargo builds it once more for them if
/// the profile does not unwind.
fn as_tests_use_it(graph: &Graph, root: usize) -> usize {
    let unwinds = |unit: &usize| {
        let (unit, root) = (&graph.units[*unit], &graph.units[root]);
        (unit.package, unit.target, unit.mode) == (root.package, root.target, root.mode)
            && unit.platform == root.platform
            && unit.profile.panic == "unwind"
    };
    if unwinds(&root) {
        return root;
    }
    (0..graph.units.len()).find(unwinds).unwrap_or(root)
}

fn doctest(graph: &Graph, lib: usize) -> Unit {
    let package = graph.units[lib].package;
    let tests = graph.roots.iter().copied().filter(|&root| {
        graph.units[root].mode == Mode::Test && graph.units[root].package == package
    });
    // The library's own tests, if there are any; all tests see the same packages.
    let sees = tests
        .min_by_key(|&test| graph.units[test].target != graph.units[lib].target)
        .unwrap_or(lib);
    let mut dependencies: Vec<Dependency> = graph.units[sees]
        .dependencies
        .iter()
        .filter(|dependency| dependency.unit != lib)
        .filter(|dependency| graph.target(dependency.unit).kind != TargetKind::Bin)
        .cloned()
        .collect();
    dependencies.push(Dependency {
        unit: lib,
        extern_crate_name: graph.target(lib).crate_name(),
        public: false,
        noprelude: false,
        nounused: false,
    });
    Unit {
        mode: Mode::Doctest,
        lto: lto::of_program(graph.target(lib), &graph.units[lib].profile.lto),
        dependencies,
        ..graph.units[lib].clone()
    }
}

/// The metadata in place of an rlib, where the unit has metadata of its own.
pub fn metadata_of(graph: &Graph, visible: Visible) -> Visible {
    let metadata = products(graph, visible.unit)
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
pub fn clippy_invocation(linkage: &Linkage<'_>, unit: usize, layout: &dyn Layout) -> Invocation {
    let mut invocation = rustc_invocation(linkage, unit, layout);
    invocation.args.retain(|arg| !arg.starts_with("--emit="));
    invocation.args.push("--emit=metadata".to_owned());
    name_metadata(linkage, unit, layout, &mut invocation.args);
    invocation
}

/// rustdoc's run for a unit, without the user's own arguments and the place of
/// the result.
pub fn rustdoc_invocation(linkage: &Linkage<'_>, unit: usize, layout: &dyn Layout) -> Invocation {
    let graph = linkage.graph();
    let target = graph.target(unit);
    let (cwd, source) = source_from_cwd(layout, graph, unit);
    let mut args = vec![format!("--edition={}", target.edition)];
    for crate_type in &target.crate_types {
        args.extend(["--crate-type".to_owned(), crate_type.clone()]);
    }
    args.extend(["--crate-name".to_owned(), target.crate_name(), source]);
    if let Some(triple) = &graph.units[unit].platform {
        args.extend(["--target".to_owned(), triple.clone()]);
    }
    let profile = &graph.units[unit].profile;
    if profile.panic != "unwind" {
        codegen(&mut args, format!("panic={}", profile.panic));
    }
    if let Some(linker) = &graph.platform(unit).linker {
        codegen(
            &mut args,
            format!("linker={}", layout::linker(layout, linker)),
        );
    }
    args.extend(graph.package(unit).lint_flags.iter().cloned());
    feature_args(graph, unit, &mut args);
    dependency_args(linkage, unit, layout, &mut args);
    if graph.units[unit].mode == Mode::Doctest {
        let directory = package_dir(layout, graph, graph.units[unit].package);
        args.extend([
            "--test".to_owned(),
            "--test-run-directory".to_owned(),
            directory,
        ]);
        lto_args(&graph.units[unit].lto, &mut args);
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
pub fn test_invocation(linkage: &Linkage<'_>, unit: usize, layout: &dyn Layout) -> Invocation {
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
        cwd: package_dir(layout, graph, graph.units[unit].package),
    }
}

/// Directories that a test finds empty and writable.
pub fn test_directories(linkage: &Linkage<'_>, unit: usize, layout: &dyn Layout) -> Vec<String> {
    let graph = linkage.graph();
    let tmpdir = layout.target_tmpdir(graph, unit);
    tmpdir.into_iter().collect()
}

/// Where a test executable lies when it is run: some look for programs beside it.
pub fn test_place(graph: &Graph, layout: &dyn Layout, file: &str) -> String {
    format!("{}/deps/{file}", profile_dir(layout, graph))
}

/// Replaces rlibs by metadata among the values of `--extern`.
fn name_metadata(linkage: &Linkage<'_>, unit: usize, layout: &dyn Layout, args: &mut [String]) {
    let graph = linkage.graph();
    for (_, rlib) in linkage.externs(unit) {
        let dir = layout.deps(graph, graph.units[rlib.unit].platform.as_deref());
        let from = join(&dir, &rlib.file);
        let to = join(&dir, &metadata_of(graph, rlib).file);
        for arg in args.iter_mut() {
            if let Some(name) = arg.strip_suffix(&format!("={from}")) {
                *arg = format!("{name}={to}");
            }
        }
    }
}
