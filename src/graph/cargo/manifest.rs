//! Facts from manifests that neither the unit graph nor the metadata has.
//!
//! | from | rule |
//! |---|---|
//! | `[lints.TOOL]`, not `cargo` | `--LEVEL=NAME`, or `--LEVEL=TOOL::NAME`; by priority ascending, then name descending |
//! | `lints.rust.unexpected_cfgs.check-cfg` | `--check-cfg X` each, after these |
//! | `lints.workspace = true` | the same of `[workspace.lints]` in the root manifest |
//! | `harness = false` of a target table | by name and kind |
//! | `inherits` of a profile | down to `dev` or `release` |

use super::config::Config;
use super::paths::normalize;
use crate::graph::error::{Error, Result, io};
use crate::graph::model::TargetKind;
use std::cmp::Reverse;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// A manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    root: Table,
    name: String,
}

impl Manifest {
    /// Reads a manifest; `source` shortens its name in messages.
    pub fn read(path: &Path, source: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(io("read", path))?;
        let name = path
            .strip_prefix(source)
            .unwrap_or(path)
            .display()
            .to_string();
        match text.parse() {
            Ok(root) => Ok(Self { root, name }),
            Err(error) => Err(Error::Manifest {
                path: name,
                reason: error.to_string(),
            }),
        }
    }

    /// Its place, relative to the source root if it is below it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The flags that `[lints]` comes to.
    pub fn lint_flags(&self, path: &Path, source: &Path) -> Result<Vec<String>> {
        let Some(Value::Table(lints)) = self.root.get("lints") else {
            return Ok(Vec::new());
        };
        if lints.get("workspace").and_then(Value::as_bool) != Some(true) {
            return Ok(lint_flags(lints));
        }
        let root = self.workspace_manifest(path, source)?;
        let lints = root
            .root
            .get("workspace")
            .and_then(|workspace| workspace.get("lints"));
        Ok(lints
            .and_then(Value::as_table)
            .map(lint_flags)
            .unwrap_or_default())
    }

    /// The manifest of the workspace that this one belongs to.
    fn workspace_manifest(&self, path: &Path, source: &Path) -> Result<Manifest> {
        if self.root.contains_key("workspace") {
            return Manifest::read(path, source);
        }
        let dir = path.parent().unwrap_or(path);
        if let Some(root) = self.package("workspace").and_then(Value::as_str) {
            return Manifest::read(&normalize(&dir.join(root)).join("Cargo.toml"), source);
        }
        for ancestor in dir.ancestors().skip(1) {
            let candidate = ancestor.join("Cargo.toml");
            if candidate.is_file() {
                let manifest = Manifest::read(&candidate, source)?;
                if manifest.root.contains_key("workspace") {
                    return Ok(manifest);
                }
            }
        }
        Err(Error::Manifest {
            path: self.name.clone(),
            reason: "`lints.workspace` is set, but no workspace root is above it".to_owned(),
        })
    }

    /// Whether rustc's test harness runs the tests of a target.
    pub fn harness(&self, kind: TargetKind, name: &str) -> bool {
        self.target_flag(kind, name, "harness") != Some(false)
    }

    /// Whether a target is said to be a procedural macro.
    pub fn claims_proc_macro(&self, kind: TargetKind, name: &str) -> bool {
        self.target_flag(kind, name, "proc-macro") == Some(true)
            || self.target_flag(kind, name, "proc_macro") == Some(true)
    }

    fn target_flag(&self, kind: TargetKind, name: &str, key: &str) -> Option<bool> {
        let table = match kind {
            TargetKind::Lib => self.root.get("lib"),
            TargetKind::Bin => self.target("bin", name),
            TargetKind::Example => self.target("example", name),
            TargetKind::Test => self.target("test", name),
            TargetKind::Bench => self.target("bench", name),
            TargetKind::CustomBuild => None,
        };
        table?.get(key)?.as_bool()
    }

    /// Unstable features of cargo that the manifest asks for.
    pub fn cargo_features(&self) -> Vec<&str> {
        let list = self.root.get("cargo-features").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// `debug` or `release`: what a profile comes down to.
    pub fn profile_root(&self, profile: &str, config: &Config) -> Result<&'static str> {
        let mut name = profile;
        // A chain that is longer than this is a cycle, which cargo has refused.
        for _ in 0..64 {
            match name {
                "dev" | "test" | "doc" => return Ok("debug"),
                "release" | "bench" => return Ok("release"),
                _ => {}
            }
            let own = || {
                let profile = self
                    .root
                    .get("profile")
                    .and_then(|profiles| profiles.get(name));
                profile
                    .and_then(|profile| profile.get("inherits"))
                    .and_then(Value::as_str)
            };
            match config.inherits(name).or_else(own) {
                Some(parent) => name = parent,
                None => break,
            }
        }
        Err(Error::Manifest {
            path: self.name.clone(),
            reason: format!(
                "the profile `{profile}` does not inherit from `dev` or `release`; add `inherits`"
            ),
        })
    }

    fn package(&self, key: &str) -> Option<&Value> {
        self.root
            .get("package")
            .or_else(|| self.root.get("project"))?
            .get(key)
    }

    fn target(&self, kind: &str, name: &str) -> Option<&Value> {
        let list = self.root.get(kind)?.as_array()?;
        list.iter()
            .find(|table| table.get("name").and_then(Value::as_str) == Some(name))
    }
}

fn lint_flags(lints: &Table) -> Vec<String> {
    let mut flags = Vec::new();
    for (tool, table) in lints.iter().filter(|(tool, _)| tool.as_str() != "cargo") {
        for (name, config) in table.as_table().into_iter().flatten() {
            let level = config.as_str().or_else(|| config.get("level")?.as_str());
            let priority = config
                .get("priority")
                .and_then(Value::as_integer)
                .unwrap_or(0);
            let Some(level) = level else {
                continue;
            };
            let flag = match tool.as_str() {
                "rust" => format!("--{level}={name}"),
                tool => format!("--{level}={tool}::{name}"),
            };
            flags.push((priority, Reverse(name), flag));
        }
    }
    flags.sort();
    let mut flags: Vec<String> = flags.into_iter().map(|(_, _, flag)| flag).collect();
    let cfgs = lints
        .get("rust")
        .and_then(|rust| rust.get("unexpected_cfgs")?.get("check-cfg")?.as_array());
    for cfg in cfgs.into_iter().flatten().filter_map(Value::as_str) {
        flags.extend(["--check-cfg".to_owned(), cfg.to_owned()]);
    }
    flags
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lints_come_by_priority_and_then_backwards_by_name() {
        let lints: Table = r#"
            [rust]
            unsafe_code = "forbid"
            unexpected_cfgs = { level = "warn", check-cfg = ["cfg(loom)"] }
            future = { level = "deny", priority = -1 }
            [clippy]
            all = { level = "warn", priority = -1 }
            [cargo]
            x = "warn"
        "#
        .parse()
        .unwrap();
        assert_eq!(
            lint_flags(&lints),
            [
                "--deny=future",
                "--warn=clippy::all",
                "--forbid=unsafe_code",
                "--warn=unexpected_cfgs",
                "--check-cfg",
                "cfg(loom)",
            ]
        );
    }
}
