//! Which units of a project are built, in the attributes of the steps.

use crate::graph;
use serde::Deserialize;

/// The selection, as `nix/dyndrv.nix` names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// Names of packages; none for cargo's default.
    pub packages: Vec<String>,
    /// Names of programs; none for all.
    pub bins: Vec<String>,
    /// Features to activate.
    pub features: Vec<String>,
    /// Whether all features are active.
    pub all_features: bool,
    /// Whether the default features are left out.
    pub no_default_features: bool,
    /// The profile.
    pub profile: String,
    /// The triple to build for.
    pub target: Option<String>,
    /// The linker for it.
    pub target_linker: Option<String>,
    /// The variable `RUSTFLAGS`.
    pub rustflags: Option<Vec<String>>,
    /// Whether packages are built that ask for a newer rustc.
    pub ignore_rust_version: bool,
    /// Whether units whose profile asks for it are compiled incrementally.
    #[serde(default)]
    pub incremental: bool,
    /// Whether units are checked and not built.
    #[serde(default)]
    pub check: bool,
    /// All packages of the workspace.
    #[serde(default)]
    pub workspace: bool,
    /// All targets of the packages, tests and benchmarks among them.
    #[serde(default)]
    pub all_targets: bool,
    /// Some targets of the packages.
    #[serde(default)]
    pub targets: Targets,
}

/// Kinds and names of targets, as `cargo test` chooses them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Targets {
    /// The library.
    pub lib: bool,
    /// All programs.
    pub bins: bool,
    /// Integration tests, by name.
    pub tests: Vec<String>,
}

impl From<Selection> for graph::Selection {
    fn from(selection: Selection) -> Self {
        // `--lib` and `--bins` are no tests but with `cargo test`.
        let command = match (selection.check, selection.targets == Targets::default()) {
            (true, _) => graph::Command::Check,
            (false, true) => graph::Command::Build,
            (false, false) => graph::Command::Test,
        };
        Self {
            command,
            packages: selection.packages,
            bins: selection.bins,
            features: selection.features,
            all_features: selection.all_features,
            no_default_features: selection.no_default_features,
            profile: Some(selection.profile),
            target: selection.target,
            target_linker: selection.target_linker,
            ignore_rust_version: selection.ignore_rust_version,
            workspace: selection.workspace,
            all_targets: selection.all_targets,
            lib: selection.targets.lib,
            all_bins: selection.targets.bins,
            tests: selection.targets.tests,
            ..Self::default()
        }
    }
}
