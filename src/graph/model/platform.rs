//! Compilation platforms, and what cargo's configuration says for them.

use super::CrateType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One compilation platform, as rustc and the configuration describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// The triple.
    pub triple: String,
    /// The user's flags for every unit of this platform.
    pub rustflags: Vec<String>,
    /// The user's flags for rustdoc.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rustdocflags: Vec<String>,
    /// The linker that the configuration names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linker: Option<ConfigProgram>,
    /// The program that starts test executables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Runner>,
    /// `rustc --print=cfg` with these flags, line by line in rustc's order.
    pub cfg: Vec<String>,
    /// `rustc --print=split-debuginfo`: the values that this platform supports.
    pub split_debuginfo: Vec<String>,
    /// How rustc names what it makes, by crate type; `lib` is an `rlib`. What the platform
    /// cannot produce is absent.
    pub file_names: BTreeMap<CrateType, FileName>,
}

impl Platform {
    /// How rustc names what it makes of a crate type; none if the platform cannot produce it.
    pub fn file_name(&self, crate_type: CrateType) -> Option<&FileName> {
        self.file_names.get(&crate_type.made())
    }
}

/// The name of a file that rustc makes: a prefix and a suffix around the crate's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileName(pub String, pub String);

impl FileName {
    /// The name with this between prefix and suffix.
    pub fn around(&self, stem: &str) -> String {
        format!("{}{stem}{}", self.0, self.1)
    }
}

/// The `runner` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// The program.
    pub program: ConfigProgram,
    /// Its arguments, before the executable and what that is given.
    pub args: Vec<String>,
}

/// A program that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum ConfigProgram {
    /// A name to look up in `PATH`, or an absolute path.
    Program(String),
    /// A file of the source root.
    Tree(String),
}

/// A path of the configuration, relative to the source root without `.` and `..`; none if it
/// leads out of it.
pub(in crate::graph) fn below_root(dir: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in dir.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A variable of the configuration's `[env]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigEnv {
    /// Its name.
    pub name: String,
    /// Its value as it is written.
    pub value: String,
    /// Whether it overrides a variable of the surrounding environment.
    pub force: bool,
    /// The directory that the value is relative to, relative itself to the
    /// source root; none if the value is no path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_to: Option<String>,
}
