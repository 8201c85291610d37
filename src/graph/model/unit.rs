//! Units, and what is resolved for each of them.

use super::{Identity, PackageId, UnitId};
use serde::{Deserialize, Serialize};

/// One compilation, or one run of a build script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its name in every document, unique among all units.
    pub identity: Identity,
    /// Its package.
    pub package: PackageId,
    /// The place of its target among those of its package.
    pub(in crate::graph) target: usize,
    /// The action on the target.
    pub mode: Mode,
    /// The triple it is built for; `None` for the host, and for everything if no `--target` was given.
    pub platform: Option<String>,
    /// The profile that holds for it.
    pub profile: Profile,
    /// Its active features, sorted.
    pub features: Vec<String>,
    /// Its part in link-time optimisation.
    pub lto: Lto,
    /// Its dependencies, in the order of `--extern`.
    pub dependencies: Vec<Dependency>,
    /// For a build-script run that the configuration replaces
    /// (`[target.<triple>.<links>]`): its instructions, as key and value.
    /// Nothing is compiled or run then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Vec<(String, String)>>,
}

/// An action on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is compiled.
    Build,
    /// It is compiled as a test.
    Test,
    /// It is type-checked.
    Check,
    /// It is type-checked as a test.
    CheckTest,
    /// It is a build script, and is run.
    RunCustomBuild,
    /// The tests in its documentation are compiled and run.
    Doctest,
}

impl Mode {
    /// Whether it is type-checked only.
    pub fn is_check(self) -> bool {
        matches!(self, Self::Check | Self::CheckTest)
    }

    /// Whether the target's own tests are compiled.
    pub fn is_test(self) -> bool {
        matches!(self, Self::Test | Self::CheckTest)
    }
}

/// An edge of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The unit that is needed.
    pub unit: UnitId,
    /// The name by which the dependent knows it.
    pub extern_crate_name: String,
    /// `public` dependency (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// Not in the prelude (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub noprelude: bool,
    /// Not to be reported as unused (unstable in cargo).
    #[serde(default, skip_serializing_if = "is_false")]
    pub nounused: bool,
}

/// A resolved profile: cargo has applied inheritance and overrides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that was asked for.
    pub name: String,
    /// `opt-level`.
    pub opt_level: String,
    /// `lto` as it is written: `false`, `true`, `off`, `thin`, `fat`.
    pub lto: String,
    /// `codegen-backend` (unstable in cargo).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codegen_backend: Option<String>,
    /// `codegen-units`; none for rustc's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codegen_units: Option<u32>,
    /// `debug`: `0`, `1`, `2`, `line-tables-only` or `line-directives-only`.
    pub debuginfo: String,
    /// `split-debuginfo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_debuginfo: Option<String>,
    /// `debug-assertions`.
    pub debug_assertions: bool,
    /// `overflow-checks`.
    pub overflow_checks: bool,
    /// `rpath`.
    pub rpath: bool,
    /// `incremental`, as cargo has decided it: never for packages from elsewhere. It counts if the graph says so.
    pub incremental: bool,
    /// `panic`.
    pub panic: String,
    /// `strip`, none if nothing is stripped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<String>,
    /// `rustflags` (unstable in cargo).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rustflags: Vec<String>,
}

/// A unit's part in link-time optimisation; see [`lto`](crate::graph::rules::lto).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lto {
    /// It is run here, `-C lto`, with the value if there is one.
    Run(Option<String>),
    /// Not even within the crate.
    Off,
    /// The unit yields bitcode alone.
    OnlyBitcode,
    /// The unit yields both.
    ObjectAndBitcode,
    /// The unit yields objects alone.
    OnlyObject,
}

fn is_false(value: &bool) -> bool {
    !value
}
