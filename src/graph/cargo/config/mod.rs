//! cargo's configuration, as far as it concerns compilers and their environment.
//!
//! | source of rustflags and rustdocflags, the first that is set | |
//! |---|---|
//! | the request | wins even if empty; rustflags only |
//! | `target.<triple>.rustflags`, and those of all matching `target.'cfg(…)'`, together | if not empty |
//! | `build.rustflags` | |
//!
//! Without `--target` they hold for all units; with it, host units have none.

mod origins;

use super::Places;
use super::process::Tools;
use crate::graph::error::{Error, Result};
use crate::graph::model::below_root;
use crate::graph::model::{ConfigEnv, ConfigProgram, Runner};
use cargo_platform::{Cfg, CfgExpr};
use origins::Origins;
use semver::Version;
use serde_json::{Map, Value};
use std::path::Path;
use std::str::FromStr;

/// Wrappers of rustc that only keep what it has made.
const CACHES: [&str; 3] = ["sccache", "cachepot", "ccache"];

/// cargo's merged configuration.
#[derive(Debug)]
pub(super) struct Config {
    root: Map<String, Value>,
    pub env: Vec<ConfigEnv>,
    origins: Origins,
    /// Warnings for the user: parts of it that have no effect here.
    pub warnings: Vec<String>,
}

/// Which of the compilers flags are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flags {
    Rustc,
    Rustdoc {
        /// Whether those of `target.'cfg(…)'` count.
        of_cfg: bool,
    },
}

impl Flags {
    fn key(self) -> &'static str {
        match self {
            Self::Rustc => "rustflags",
            Self::Rustdoc { .. } => "rustdocflags",
        }
    }

    /// rustdoc's flags for the cargo of a release; 1.96 was the first to read those of `cfg(…)`.
    pub fn rustdoc(release: &Version) -> Self {
        Self::Rustdoc {
            of_cfg: (release.major, release.minor) >= (1, 96),
        }
    }
}

/// Reads the configuration that holds where cargo is started.
pub(super) fn read(tools: &Tools, places: &Places) -> Result<Config> {
    let text = tools.configuration(&["--format", "json"])?;
    parse(&text, &places.source, || {
        tools.configuration(&["--show-origin"])
    })
}

/// Reads what `cargo config get` prints, as JSON and, asked only where it matters, with the origin of each value.
pub(super) fn parse(
    text: &str,
    source: &Path,
    origins: impl FnOnce() -> Result<String>,
) -> Result<Config> {
    let value: Value = serde_json::from_str(text).map_err(|error| Error::UnknownOutput {
        what: "cargo's configuration".to_owned(),
        reason: error.to_string(),
    })?;
    let Value::Object(root) = value else {
        return Err(Error::UnknownOutput {
            what: "cargo's configuration".to_owned(),
            reason: "it is not a table".to_owned(),
        });
    };
    refuse(&root)?;
    let warnings = passed_over(&root)?;
    // Asked only where a path can be relative to its file, because each question takes its time.
    let has_paths = ["\"relative\":true", "\"linker\":", "\"runner\":"];
    let origins = match has_paths.iter().any(|sign| text.contains(sign)) {
        true => origins()?,
        false => String::new(),
    };
    let origins = Origins::read(source, &origins);
    let env = environment(&root, &origins)?;
    Ok(Config {
        root,
        env,
        origins,
        warnings,
    })
}

/// Refuses what would change units in a way that is not reproduced here.
fn refuse(root: &Map<String, Value>) -> Result<()> {
    let refused = [
        (
            "build",
            "rustc",
            "the toolchain is an argument of the build",
        ),
        ("host", "linker", "remove the table `host`"),
        ("host", "rustflags", "remove the table `host`"),
    ];
    for (table, key, advice) in refused {
        if set(root, table, key).is_some() {
            return Err(Error::UnsupportedConfig {
                feature: format!("`{table}.{key}`"),
                advice: advice.to_owned(),
            });
        }
    }
    for key in ["build-std", "host-config", "target-applies-to-host"] {
        if root
            .get("unstable")
            .and_then(|table| table.get(key))
            .is_some()
        {
            return Err(Error::UnsupportedConfig {
                feature: format!("`unstable.{key}`"),
                advice: "remove it: it has no effect in a stable cargo either".to_owned(),
            });
        }
    }
    Ok(())
}

/// Passes over wrappers of rustc that only remember what it has made, and refuses all others,
/// because they may change it.
fn passed_over(root: &Map<String, Value>) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for key in ["rustc-wrapper", "rustc-workspace-wrapper"] {
        let Some(value) = set(root, "build", key) else {
            continue;
        };
        let wrapper = value.as_str().unwrap_or_default();
        let name = wrapper.rsplit('/').next().unwrap_or_default();
        if !CACHES.contains(&name) {
            return Err(Error::UnsupportedConfig {
                feature: format!("`build.{key}` = {value}"),
                advice: format!(
                    "it may change what rustc does. If it need not run here, take it out of the \
                     sources: into the configuration of your home directory, or the variable {}",
                    key.to_uppercase().replace('-', "_")
                ),
            });
        }
        warnings.push(format!(
            "cargo's configuration: `build.{key}` = {value} has no effect; Nix keeps what rustc has made"
        ));
    }
    Ok(warnings)
}

/// The value of a key that is set to something.
fn set<'a>(root: &'a Map<String, Value>, table: &str, key: &str) -> Option<&'a Value> {
    let value = root.get(table)?.get(key)?;
    (value.as_str() != Some("")).then_some(value)
}

fn environment(root: &Map<String, Value>, origins: &Origins) -> Result<Vec<ConfigEnv>> {
    let Some(Value::Object(table)) = root.get("env") else {
        return Ok(Vec::new());
    };
    let mut variables = Vec::new();
    for (name, entry) in table {
        let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
        let value = match entry {
            Value::String(value) => Some(value.as_str()),
            entry => entry.get("value").and_then(Value::as_str),
        };
        let value = value.ok_or_else(|| Error::UnsupportedConfig {
            feature: format!("`env.{name}` without a value"),
            advice: "give it a string, or a table with `value`".to_owned(),
        })?;
        // An absolute path stays what it is.
        let relative_to = match flag("relative") && !value.starts_with('/') {
            true => Some(origins.directory(&["env", name, "value"])?),
            false => None,
        };
        let value = value.to_owned();
        variables.push(ConfigEnv {
            name: name.clone(),
            value,
            force: flag("force"),
            relative_to,
        });
    }
    Ok(variables)
}

impl Config {
    /// The flags of `[target]` and `[build]` for a triple with these cfgs.
    pub fn flags(&self, kind: Flags, triple: &str, cfg: &[Cfg]) -> Result<Vec<String>> {
        let key = kind.key();
        let mut flags = Vec::new();
        if let Some(value) = self.target(triple).and_then(|table| table.get(key)) {
            flags.extend(words(value));
        }
        let of_cfg = !matches!(kind, Flags::Rustdoc { of_cfg: false });
        for (_, table) in self.matching(cfg)?.into_iter().filter(|_| of_cfg) {
            flags.extend(table.get(key).into_iter().flat_map(words));
        }
        if flags.is_empty() {
            let build = self.root.get("build").and_then(|build| build.get(key));
            flags.extend(build.into_iter().flat_map(words));
        }
        Ok(flags)
    }

    /// The linker for a triple with these cfgs.
    pub fn linker(&self, triple: &str, cfg: &[Cfg]) -> Result<Option<ConfigProgram>> {
        let Some((key, value)) = self.of_one_table("linker", triple, cfg)? else {
            return Ok(None);
        };
        let linker = value.as_str().ok_or_else(|| Error::UnsupportedConfig {
            feature: format!("`target.'{key}'.linker` = {value}"),
            advice: "give it a string".to_owned(),
        })?;
        self.program(linker, &["target", key, "linker"]).map(Some)
    }

    /// The runner of test executables for a triple with these cfgs.
    pub fn runner(&self, triple: &str, cfg: &[Cfg]) -> Result<Option<Runner>> {
        let Some((key, value)) = self.of_one_table("runner", triple, cfg)? else {
            return Ok(None);
        };
        let mut words = words(value).into_iter();
        let Some(program) = words.next() else {
            return Ok(None);
        };
        Ok(Some(Runner {
            program: self.program(&program, &["target", key, "runner"])?,
            args: words.collect(),
        }))
    }

    /// A key of the triple's table, or of the one matching table that has it.
    fn of_one_table(&self, key: &str, triple: &str, cfg: &[Cfg]) -> Result<Option<(&str, &Value)>> {
        let targets = self.root.get("target").and_then(Value::as_object);
        if let Some((name, table)) = targets.and_then(|targets| targets.get_key_value(triple))
            && let Some(value) = table.get(key)
        {
            return Ok(Some((name, value)));
        }
        let mut matching = self
            .matching(cfg)?
            .into_iter()
            .filter_map(|(name, table)| Some((name, table.get(key)?)));
        let first = matching.next();
        if let (Some((name, _)), Some((other, _))) = (first, matching.next()) {
            return Err(Error::UnsupportedConfig {
                feature: format!("a {key} in both `target.'{name}'` and `target.'{other}'`"),
                advice: "keep one of them, as cargo demands".to_owned(),
            });
        }
        Ok(first)
    }

    /// A program that the value of a key names. A name without a slash is looked up in PATH;
    /// all else is relative to the file.
    fn program(&self, name: &str, key: &[&str]) -> Result<ConfigProgram> {
        if !name.contains('/') || name.starts_with('/') {
            return Ok(ConfigProgram::Program(name.to_owned()));
        }
        let dir = self.origins.directory(key)?;
        let path = below_root(&dir, name).ok_or_else(|| Error::UnsupportedConfig {
            feature: format!("`{name}`, a program outside of the source root"),
            advice: "move it below the source root, or name one to look up in PATH".to_owned(),
        })?;
        Ok(ConfigProgram::Tree(path))
    }

    /// The instructions that replace the build script of the package with this `links` key, sorted
    /// by key, as cargo takes them from `[target.<triple>.<links>]`.
    pub fn overridden(&self, triple: &str, links: &str) -> Option<Vec<(String, String)>> {
        let table = self.target(triple)?.get(links)?.as_object()?;
        let mut instructions = Vec::new();
        for (key, value) in table {
            let mut add = |value: String| instructions.push((key.clone(), value));
            match value {
                Value::String(text) => add(text.clone()),
                Value::Array(list) => {
                    list.iter()
                        .filter_map(Value::as_str)
                        .for_each(|text| add(text.to_owned()));
                }
                Value::Object(variables) => {
                    for (name, value) in variables {
                        add(format!("{name}={}", value.as_str().unwrap_or_default()));
                    }
                }
                value => add(value.to_string()),
            }
        }
        Some(instructions)
    }

    /// The profile that a custom profile of the configuration inherits.
    pub fn inherits(&self, profile: &str) -> Option<&str> {
        self.root
            .get("profile")?
            .get(profile)?
            .get("inherits")?
            .as_str()
    }

    fn target(&self, triple: &str) -> Option<&Value> {
        self.root.get("target")?.get(triple)
    }

    fn matching(&self, cfg: &[Cfg]) -> Result<Vec<(&str, &Value)>> {
        let targets = self.root.get("target").and_then(Value::as_object);
        let mut matching = Vec::new();
        for (key, table) in targets.into_iter().flatten() {
            let expression = key
                .strip_prefix("cfg(")
                .and_then(|rest| rest.strip_suffix(')'));
            let Some(expression) = expression else {
                continue;
            };
            let parsed =
                CfgExpr::from_str(expression).map_err(|error| Error::UnsupportedConfig {
                    feature: format!("`target.'{key}'`"),
                    advice: format!("correct it: {error}"),
                })?;
            if parsed.matches(cfg) {
                matching.push((key.as_str(), table));
            }
        }
        Ok(matching)
    }
}

/// Flags as a list, or as one string that is split at white space.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
