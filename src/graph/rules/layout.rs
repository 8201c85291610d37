//! Where everything lies that a command line names.

use crate::graph::model::{
    ConfigEnv, ConfigProgram, CrateType, Graph, Location, Package, SrcPath, Target, UnitRef,
};
use dyndrv_builder::spec;

/// The places that command lines and environments name.
///
/// [`SandboxLayout`] has those of a unit's sandbox; the tests have another implementation with
/// those of cargo's target directory.
pub trait Layout {
    /// The source root.
    fn tree(&self) -> String;
    /// The parent of the entries of the vendor directory.
    fn vendor(&self) -> String;
    /// The directory given by `-L dependency=` for units of a platform.
    fn deps(&self, graph: &Graph, platform: Option<&str>) -> String;
    /// cargo itself, for `CARGO`.
    fn cargo(&self) -> String;
    /// The compiler, for `RUSTC` of build scripts.
    fn rustc(&self) -> String;
    /// The documentation tool, for `RUSTDOC` of build scripts.
    fn rustdoc(&self) -> String;
    /// `OUT_DIR` of a build-script run; none if it is set later.
    fn out_dir(&self, run: UnitRef<'_>) -> Option<String>;
    /// The value of `CARGO_BIN_EXE_<name>` for a test; none if it is set later.
    fn executable(&self, test: UnitRef<'_>, name: &str) -> Option<String>;
    /// `CARGO_TARGET_TMPDIR` of a test; none if it is set later.
    fn target_tmpdir(&self, test: UnitRef<'_>) -> Option<String>;

    /// The options that shape rustc's messages.
    fn diagnostics(&self) -> Vec<String> {
        Vec::new()
    }
    /// The value of `--out-dir`; none if it is given later.
    fn products_dir(&self, _unit: UnitRef<'_>) -> Option<String> {
        None
    }
    /// The value of `-C incremental=`, for units whose profile asks for it.
    fn incremental(&self, _unit: UnitRef<'_>) -> Option<String> {
        None
    }
}

/// The layout of a unit's sandbox, which is the same everywhere.
#[derive(Clone, Debug)]
pub struct SandboxLayout {
    /// cargo, an absolute path.
    pub cargo: String,
    /// rustc, an absolute path.
    pub rustc: String,
    /// rustdoc, an absolute path.
    pub rustdoc: String,
}

impl Layout for SandboxLayout {
    fn tree(&self) -> String {
        spec::WORKSPACE.to_owned()
    }
    fn vendor(&self) -> String {
        spec::VENDOR.to_owned()
    }
    fn deps(&self, _graph: &Graph, _platform: Option<&str>) -> String {
        spec::DEPS.to_owned()
    }
    fn cargo(&self) -> String {
        self.cargo.clone()
    }
    fn rustc(&self) -> String {
        self.rustc.clone()
    }
    fn rustdoc(&self) -> String {
        self.rustdoc.clone()
    }
    fn out_dir(&self, _run: UnitRef<'_>) -> Option<String> {
        None
    }
    fn executable(&self, test: UnitRef<'_>, name: &str) -> Option<String> {
        let file = test.platform().file_name(CrateType::Bin)?.around(name);
        Some(format!("{}/{file}", profile_dir(self, test.graph())))
    }
    fn target_tmpdir(&self, test: UnitRef<'_>) -> Option<String> {
        Some(format!("{}/tmp", target_dir(self, test.graph())))
    }
}

/// cargo's target directory, as tests see it: a constant place, in which a test's own unit
/// shows what the test may run.
pub fn target_dir(layout: &dyn Layout, graph: &Graph) -> String {
    join(&workspace_root(layout, graph), "target")
}

/// The directory of programs in [`target_dir`].
pub fn profile_dir(layout: &dyn Layout, graph: &Graph) -> String {
    join(&target_dir(layout, graph), &graph.profile.dir)
}

/// The directory of a package.
pub fn package_dir(layout: &dyn Layout, package: &Package) -> String {
    match &package.location {
        Location::Tree(dir) => join(&layout.tree(), dir),
        Location::Vendor(name) => join(&layout.vendor(), name),
    }
}

/// The workspace root.
pub fn workspace_root(layout: &dyn Layout, graph: &Graph) -> String {
    join(&layout.tree(), &graph.workspace_root)
}

/// The root source file of a unit.
pub fn source_file(layout: &dyn Layout, unit: UnitRef<'_>) -> String {
    source_in_package(layout, unit.package(), unit.target()).unwrap_or_default()
}

/// The root source file of a package's target, unless it lies outside of the source root.
pub fn source_in_package(
    layout: &dyn Layout,
    package: &Package,
    target: &Target,
) -> Option<String> {
    match &target.src {
        SrcPath::Package(path) => Some(join(&package_dir(layout, package), path)),
        SrcPath::Tree(path) => Some(join(&layout.tree(), path)),
        SrcPath::Outside => None,
    }
}

/// The directory of the source tree in which a unit is compiled, as [`source_from_cwd`] has it;
/// none for a third-party package.
pub fn compiled_in(unit: UnitRef<'_>) -> Option<&str> {
    let Location::Tree(dir) = &unit.package().location else {
        return None;
    };
    let root = unit.graph().workspace_root.as_str();
    let source = match &unit.target().src {
        SrcPath::Package(path) => join(dir, path),
        SrcPath::Tree(path) => path.clone(),
        SrcPath::Outside => return None,
    };
    let in_root = root.is_empty() || source.starts_with(&format!("{root}/"));
    Some(if in_root { root } else { dir })
}

/// The working directory of a unit's rustc, and the source file as it is named there.
///
/// A package of the source root is compiled in the workspace's root, with a
/// relative path if the file is below it; all else in the package's directory with an absolute path.
pub fn source_from_cwd(layout: &dyn Layout, unit: UnitRef<'_>) -> (String, String) {
    let source = source_file(layout, unit);
    let root = workspace_root(layout, unit.graph());
    if unit.package().is_local()
        && let Some(relative) = source.strip_prefix(&format!("{root}/"))
    {
        return (root, relative.to_owned());
    }
    (package_dir(layout, unit.package()), source)
}

/// The value of a variable of the configuration.
pub fn config_value(layout: &dyn Layout, variable: &ConfigEnv) -> String {
    match &variable.relative_to {
        // Not `join`: cargo lets an empty value end in a slash.
        Some(dir) => format!("{}/{}", join(&layout.tree(), dir), variable.value),
        None => variable.value.clone(),
    }
}

/// A program of the configuration as a command line names it.
pub fn program(layout: &dyn Layout, program: &ConfigProgram) -> String {
    match program {
        ConfigProgram::Program(name) => name.clone(),
        ConfigProgram::Tree(path) => join(&layout.tree(), path),
    }
}

/// Joins two paths, either of which may be empty.
pub fn join(base: &str, path: &str) -> String {
    match (base, path) {
        (base, "") => base.to_owned(),
        ("", path) => path.to_owned(),
        (base, path) => format!("{base}/{path}"),
    }
}
