//! The files that rustc makes of a unit.
//!
//! | crate type | file | read by dependents |
//! |---|---|---|
//! | `lib`, `rlib` | `lib<crate>-<id>.rlib`, and `.rmeta` if all types of the target are such | yes |
//! | `dylib`, `proc-macro` | `lib<crate>-<id>.so` | yes |
//! | `cdylib` | `lib<crate>-<id>.so` | no |
//! | `staticlib` | `lib<crate>-<id>.a` | no |
//! | `bin`, and every test | `<crate>-<id>` | no |
//!
//! `-<id>` (`-C extra-filename`) is left out for a dylib or cdylib library of
//! the source root in build mode, whose name goes into programs that load it, and for
//! programs on emscripten and MSVC.
//!
//! With split debug information, rustc leaves `.dwo` and `.dwp` files beside these, under names
//! that only it knows.

use crate::graph::model::{Graph, Mode, Platform, TargetKind};

/// A file of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name as rustc makes it.
    pub file: String,
    /// What it is.
    pub kind: ProductKind,
    /// Its name in the directory where cargo puts results for the user,
    /// relative to the profile's directory; examples are below `examples/`.
    /// None for what no user sees.
    pub uplifted: Option<String>,
}

/// What a file of a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProductKind {
    /// A program, a test or a compiled build script.
    Executable,
    /// Metadata alone.
    Rmeta,
    /// A Rust library.
    Rlib,
    /// A Rust dynamic library.
    Dylib,
    /// A procedural macro.
    ProcMacro,
    /// A dynamic library for other languages.
    Cdylib,
    /// A static library for other languages.
    Staticlib,
}

impl ProductKind {
    /// Whether `--extern` may name it in a unit that needs objects.
    pub fn is_linkable(self) -> bool {
        matches!(self, Self::Rlib | Self::Dylib | Self::ProcMacro)
    }
}

/// Whether a unit needs the objects of its dependencies, or yields something else than an rlib.
///
/// True for tests, those in documentation included, for everything that is not a library, and for libraries with
/// any crate type besides `lib` and `rlib`. Such units emit no rmeta.
pub fn upstream_objects(graph: &Graph, unit: usize) -> bool {
    let target = graph.target(unit);
    let library = match target.kind {
        TargetKind::Lib => true,
        TargetKind::Example => !target.is_example_bin(),
        _ => false,
    };
    matches!(graph.units[unit].mode, Mode::Test | Mode::Doctest)
        || !library
        || target
            .crate_types
            .iter()
            .any(|t| !matches!(t.as_str(), "lib" | "rlib"))
}

/// Whether the unit's files carry its identity in their names.
pub fn has_extra_filename(graph: &Graph, unit: usize) -> bool {
    if graph.units[unit].mode != Mode::Build || !graph.package(unit).is_local() {
        return true;
    }
    let target = graph.target(unit);
    let triple = &graph.platform(unit).triple;
    let dynamic = target.kind == TargetKind::Lib
        && (target.has_crate_type("dylib") || target.has_crate_type("cdylib"));
    let executable = target.kind == TargetKind::Bin || target.is_example_bin();
    let fixed_platform = triple == "wasm32-unknown-emscripten" || triple.contains("msvc");
    !(dynamic || executable && fixed_platform)
}

/// The files that rustc makes of a unit, in the order of its crate types, the
/// rmeta last. Empty for a build-script run.
pub fn products(graph: &Graph, unit: usize) -> Vec<Product> {
    let target = graph.target(unit);
    let platform = graph.platform(unit);
    let crate_name = target.crate_name();
    let extra = match has_extra_filename(graph, unit) {
        true => format!("-{}", graph.units[unit].id),
        false => String::new(),
    };
    let rmeta = || Product {
        file: format!("lib{crate_name}{extra}.rmeta"),
        kind: ProductKind::Rmeta,
        uplifted: None,
    };
    match graph.units[unit].mode {
        Mode::RunCustomBuild | Mode::Doctest => return Vec::new(),
        Mode::Check => return vec![rmeta()],
        Mode::Test => {
            let (prefix, suffix) = file_name(platform, "bin");
            return vec![Product {
                file: format!("{prefix}{crate_name}{extra}{suffix}"),
                kind: ProductKind::Executable,
                uplifted: None,
            }];
        }
        Mode::Build => {}
    }
    let mut products = Vec::new();
    for crate_type in &target.crate_types {
        let kind = kind_of(crate_type);
        if products
            .iter()
            .any(|product: &Product| product.kind == kind)
        {
            continue;
        }
        let crate_type = if crate_type == "lib" {
            "rlib"
        } else {
            crate_type
        };
        let (prefix, suffix) = file_name(platform, crate_type);
        // rustc writes programs with underscores, cargo shows them with dashes.
        let stem = match kind {
            ProductKind::Executable => &target.name,
            _ => &crate_name,
        };
        products.push(Product {
            file: format!("{prefix}{crate_name}{extra}{suffix}"),
            kind,
            uplifted: is_uplifted(graph, unit, kind).then(|| {
                let dir = if target.kind == TargetKind::Example {
                    "examples/"
                } else {
                    ""
                };
                format!("{dir}{prefix}{stem}{suffix}")
            }),
        });
    }
    if !upstream_objects(graph, unit) {
        products.push(rmeta());
    }
    products
}

/// Programs and dylibs are always shown to the user, everything else if it was asked for.
fn is_uplifted(graph: &Graph, unit: usize, kind: ProductKind) -> bool {
    match graph.target(unit).kind {
        TargetKind::CustomBuild => false,
        TargetKind::Bin => true,
        _ => kind == ProductKind::Dylib || graph.roots.binary_search(&unit).is_ok(),
    }
}

fn kind_of(crate_type: &str) -> ProductKind {
    match crate_type {
        "bin" => ProductKind::Executable,
        "dylib" => ProductKind::Dylib,
        "cdylib" => ProductKind::Cdylib,
        "staticlib" => ProductKind::Staticlib,
        "proc-macro" => ProductKind::ProcMacro,
        _ => ProductKind::Rlib,
    }
}

fn file_name<'a>(platform: &'a Platform, crate_type: &str) -> (&'a str, &'a str) {
    platform
        .file_names
        .get(crate_type)
        .map_or(("", ""), |(prefix, suffix)| {
            (prefix.as_str(), suffix.as_str())
        })
}
