//! What `nix/desk.nix` writes down: the attributes of the planning steps.
//!
//! ```text
//! desk-settings.json ─► desk-third-party.json    attributes of the plan of the third-party units
//!                    ─► desk-workspace.json      attributes of the plan of the workspace's units
//!                    ─► desk-checks.json         attributes of the plan of the checks
//! ```

use crate::graph::Profile;
use crate::plan::checks::ChecksSettings;
use crate::plan::selection::Selection;
use crate::plan::settings::{Settings, WorkspaceSettings};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Attributes, and the store objects that a step with these attributes sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded<T> {
    /// The attributes.
    pub attributes: T,
    /// Store paths.
    pub objects: Vec<String>,
}

/// Where a project is, and the derivation of its [`Desk`]: the attribute `passthru.desk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// The derivation that writes down the rest.
    pub drv: String,
    /// The source tree, in the store.
    pub src: String,
    /// The directory that users have written, before filters.
    pub origin: String,
}

/// The document with the rest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Desk {
    /// What cargo is asked with.
    pub places: Places,
    /// The units that the flake builds.
    pub selection: Selection,
    /// The file with [`ThirdParty`].
    pub third_party: PathBuf,
    /// The file with [`Workspace`].
    pub workspace: PathBuf,
    /// The file with [`Checks`].
    pub checks: PathBuf,
    /// The units that the flake checks.
    pub checks_selection: Selection,
}

/// What cargo is asked with, beside the skeleton.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Places {
    /// The third-party packages.
    pub vendor: PathBuf,
    /// The store path with `bin/rustc`.
    pub rustc: PathBuf,
    /// The store path with `bin/cargo`.
    pub cargo: PathBuf,
    /// Where cargo is started, relative to the source root.
    pub workspace: String,
    /// Where the workspace is, relative to the source root.
    pub root: String,
    /// A lock file in place of the workspace's own.
    pub lock_file: Option<PathBuf>,
}

/// The attributes of the plan of the third-party units.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThirdParty {
    /// As every plan has them, without a graph.
    pub settings: Settings,
    /// The third-party packages.
    pub vendor: PathBuf,
}

/// The attributes of the plan of the workspace's units.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// As every plan has them, without a graph.
    pub settings: Settings,
    /// Without the source tree and the index.
    pub workspace: WorkspaceSettings,
}

/// The attributes of the plan of the checks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// As every plan has them, without a graph.
    pub settings: Settings,
    /// Without the source tree and the index.
    pub workspace: WorkspaceSettings,
    /// What is checked, and how.
    pub checks: ChecksSettings,
}

/// A profile in the words of cargo's last line.
pub fn describe(profile: &Profile) -> String {
    let optimized = match profile.opt_level.as_str() {
        "0" => "unoptimized",
        _ => "optimized",
    };
    match profile.debuginfo.as_str() {
        "0" => optimized.to_owned(),
        _ => format!("{optimized} + debuginfo"),
    }
}
