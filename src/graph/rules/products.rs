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

use crate::graph::model::{CrateType, Mode, TargetKind, UnitRef};

/// A file of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name as rustc makes it.
    pub file: String,
    /// Its kind.
    pub kind: ProductKind,
    /// Its name in the directory where cargo puts results for the user,
    /// relative to the profile's directory; examples are below `examples/`.
    /// None for what no user sees.
    pub uplifted: Option<String>,
}

/// The kind of a file of a unit.
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
    /// The kind of file that rustc makes of a crate type.
    pub fn of(crate_type: CrateType) -> Self {
        match crate_type {
            CrateType::Bin => Self::Executable,
            CrateType::Lib | CrateType::Rlib => Self::Rlib,
            CrateType::Dylib => Self::Dylib,
            CrateType::Cdylib => Self::Cdylib,
            CrateType::Staticlib => Self::Staticlib,
            CrateType::ProcMacro => Self::ProcMacro,
        }
    }

    /// Whether `--extern` may name it in a unit that needs objects.
    pub fn is_linkable(self) -> bool {
        matches!(self, Self::Rlib | Self::Dylib | Self::ProcMacro)
    }
}

impl UnitRef<'_> {
    /// Whether the unit needs the objects of its dependencies, or yields something else than an rlib.
    ///
    /// True for tests, those in documentation included, for everything that is not a library, and
    /// for libraries with any crate type besides `lib` and `rlib`. Such units emit no rmeta.
    pub fn requires_upstream_objects(self) -> bool {
        let target = self.target();
        let library = match target.kind {
            TargetKind::Lib => true,
            TargetKind::Example => !target.is_example_bin(),
            _ => false,
        };
        let linked = |t: &CrateType| t.requires_upstream_objects();
        self.mode.is_test()
            || self.mode == Mode::Doctest
            || !library
            || target.crate_types.iter().any(linked)
    }

    /// Whether the unit's files carry its identity in their names.
    pub fn has_extra_filename(self) -> bool {
        if self.mode != Mode::Build || !self.package().is_local() {
            return true;
        }
        let target = self.target();
        let triple = &self.platform().triple;
        let dynamic = target.kind == TargetKind::Lib
            && (target.has_crate_type(CrateType::Dylib)
                || target.has_crate_type(CrateType::Cdylib));
        let executable = target.kind == TargetKind::Bin || target.is_example_bin();
        let fixed_platform = triple == "wasm32-unknown-emscripten" || triple.contains("msvc");
        !(dynamic || executable && fixed_platform)
    }

    /// The files that rustc makes of the unit, in the order of its crate types, the
    /// rmeta last. Empty for a build-script run.
    ///
    /// A crate type that the platform cannot produce is left out, as rustc leaves it out with a
    /// warning; a unit with no other crate type is in no graph.
    pub fn products(self) -> Vec<Product> {
        let crate_name = self.target().crate_name();
        let stem = match self.has_extra_filename() {
            true => format!("{crate_name}-{}", self.identity()),
            false => crate_name.clone(),
        };
        let rmeta = || Product {
            file: format!("lib{stem}.rmeta"),
            kind: ProductKind::Rmeta,
            uplifted: None,
        };
        match self.mode {
            Mode::RunCustomBuild | Mode::Doctest => Vec::new(),
            Mode::Check | Mode::CheckTest => vec![rmeta()],
            Mode::Test => {
                let name = self.platform().file_name(CrateType::Bin);
                let test = name.map(|name| Product {
                    file: name.around(&stem),
                    kind: ProductKind::Executable,
                    uplifted: None,
                });
                test.into_iter().collect()
            }
            Mode::Build => {
                let types = made(&self.target().crate_types);
                let product = |t| built(self, t, &stem, &crate_name);
                let mut products: Vec<Product> = types.into_iter().filter_map(product).collect();
                if !self.requires_upstream_objects() {
                    products.push(rmeta());
                }
                products
            }
        }
    }
}

/// The crate types of which rustc makes different files.
fn made(types: &[CrateType]) -> Vec<CrateType> {
    let mut made = Vec::new();
    for crate_type in types.iter().map(|t| t.made()) {
        if !made.contains(&crate_type) {
            made.push(crate_type);
        }
    }
    made
}

/// The files that are built of a crate type; none if the platform cannot produce it.
fn built(
    unit: UnitRef<'_>,
    crate_type: CrateType,
    stem: &str,
    crate_name: &str,
) -> Option<Product> {
    let name = unit.platform().file_name(crate_type)?;
    let target = unit.target();
    let kind = ProductKind::of(crate_type);
    let uplifted = is_uplifted(unit, kind).then(|| {
        let dir = match target.kind {
            TargetKind::Example => "examples/",
            _ => "",
        };
        // rustc writes programs with underscores, cargo shows them with dashes.
        let shown = match kind {
            ProductKind::Executable => &target.name,
            _ => crate_name,
        };
        format!("{dir}{}", name.around(shown))
    });
    Some(Product {
        file: name.around(stem),
        kind,
        uplifted,
    })
}

/// Programs and dylibs are always shown to the user, everything else if it was asked for.
fn is_uplifted(unit: UnitRef<'_>, kind: ProductKind) -> bool {
    match unit.target().kind {
        TargetKind::CustomBuild => false,
        TargetKind::Bin => true,
        _ => kind == ProductKind::Dylib || unit.is_root(),
    }
}
