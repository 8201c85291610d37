//! The structured attributes that `nix/dyndrv.nix` gives to a planning derivation.

use super::Error;
use crate::source_root::SourceRoot;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The settings of both planning derivations.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The system that units are built on, such as `x86_64-linux`.
    pub system: String,
    /// The store path with `bin/dyndrv`, which emitters run.
    pub dyndrv: String,
    /// The store path with `bin/dyndrv-builder`, which units run.
    pub builder: String,
    /// The store path with `bin/rustc`.
    pub rustc: String,
    /// The store path with `bin/cargo`.
    pub cargo: String,
    /// The store path with `bin/cc`.
    pub cc: String,
    /// The tools that compile and link units for another platform.
    pub target_tools: TargetTools,
    /// Store paths whose `bin` build scripts see.
    pub tools: Vec<String>,
    /// The graph document.
    pub graph: PathBuf,
    /// The environment that stdenv's setup records for the toolchain as such: a JSON object of
    /// strings in the store, or the derivation that makes it ([`Recorded`]).
    #[serde(default)]
    pub environment: Option<String>,
    /// Whether that environment belongs to all units, and not only to build-script runs and to
    /// what is linked.
    #[serde(default)]
    pub environment_everywhere: bool,
    /// Where a cargo that a test starts finds the third-party packages: a directory of the store, or the derivation that
    /// makes it as its output `out`, which is then built only if a test needs it. For a cargo that a build script starts, the
    /// archives are unpacked in its sandbox. None if the vendor directory has directories alone.
    #[serde(default)]
    pub vendor_directory: Option<String>,
    /// Environments by `<name>-<version>`, or by name alone.
    pub crate_env: BTreeMap<String, CrateEnv>,
    /// Whether units may be substituted from binary caches.
    pub allow_substitutes: bool,
}

/// The C compiler of a platform other than the host's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetTools {
    /// Store paths whose `bin` linking and build scripts see.
    pub packages: Vec<String>,
    /// Variables for build scripts, such as `CC_<triple>`.
    pub env: BTreeMap<String, String>,
    /// The environment that stdenv's setup records for this platform.
    #[serde(default)]
    pub environment: Option<String>,
}

/// The environment of one third-party or workspace crate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrateEnv {
    /// Variables of all processes of the crate's own units.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The environment that stdenv's setup records with the crate's inputs: see
    /// `environments` for the processes that get it.
    #[serde(default)]
    pub environment: Option<Recorded>,
    /// The same for units of the host, in a build for another platform.
    #[serde(default)]
    pub host_environment: Option<Recorded>,
    /// Arguments for the linker of every program that holds the crate.
    #[serde(default)]
    pub link_args: Vec<String>,
    /// Arguments for the compiler of the crate's own units.
    #[serde(default)]
    pub rustc_args: Vec<String>,
}

/// A recorded environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Recorded {
    /// A file of the store, or the derivation that makes it as its output `out`: then it is
    /// built, and what it mentions is fetched, only if a unit needs it.
    At(String),
    /// There is none, for this reason: no unit of the crate can be built.
    Refused {
        /// The cause and the remedy.
        refused: String,
    },
}

/// The further settings of the plan of the workspace layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceSettings {
    /// The source tree.
    #[serde(default)]
    pub src: SourceRoot,
    /// Globs of files to add to a workspace package's units, by package name.
    #[serde(default)]
    pub extra_sources: BTreeMap<String, Vec<String>>,
    /// The index of the third-party plan.
    #[serde(default)]
    pub index: PathBuf,
    /// How the units of an incremental graph are compiled.
    #[serde(default)]
    pub incremental: IncrementalSettings,
}

/// How the units of an incremental graph are compiled.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncrementalSettings {
    /// Whether units keep rustc's state, as an output of their own.
    #[serde(default)]
    pub keep: bool,
    /// Where the state comes from that units start with.
    #[serde(default)]
    pub base: Option<Base>,
    /// Whether no unit has the derivation that it has in the base, even if its sources are the same. Then each
    /// is copied from the base once, which ends later edits early.
    #[serde(default)]
    pub copy: bool,
    /// A directory of the machine for the state of all units: then nothing is kept, and there is no base.
    #[serde(default)]
    pub directory: Option<String>,
}

/// Units that kept rustc's state.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Base {
    /// Those of another plan of the project, which need not be built yet.
    #[serde(rename_all = "camelCase")]
    Plan {
        /// Its index.
        index: PathBuf,
        /// What its layer is called among the emitters of this plan.
        layer: String,
    },
    /// Those of a list, which are in the store.
    States(PathBuf),
}

/// Reads the attributes of the derivation that this process builds.
///
/// # Errors
///
/// If `NIX_ATTRS_JSON_FILE` is not set, or its file is not of the form `T`.
pub fn attributes<T: DeserializeOwned>(command: &'static str) -> Result<T, Error> {
    let path = std::env::var_os("NIX_ATTRS_JSON_FILE").ok_or(Error::NoAttributes { command })?;
    read_json(Path::new(&path))
}

/// Reads a JSON document.
///
/// # Errors
///
/// If it cannot be read, or is not of the form `T`.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read(path).map_err(Error::io("reading", path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Document {
        path: path.to_owned(),
        source,
    })
}
