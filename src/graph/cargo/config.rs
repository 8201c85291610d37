//! What cargo's configuration says about compilers and their environment.
//!
//! | source of rustflags, the first that is set | |
//! |---|---|
//! | the request | wins even if empty |
//! | `target.<triple>.rustflags` and those of all matching `target.'cfg(…)'`, together | if not empty |
//! | `build.rustflags` | |
//!
//! Without `--target` they hold for all units; with it, host units have none.

use super::Places;
use super::process::Tools;
use crate::graph::error::{Error, Result};
use crate::graph::model::{ConfigEnv, Linker};
use crate::graph::rules::layout;
use cargo_platform::{Cfg, CfgExpr};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// cargo's merged configuration.
#[derive(Debug)]
pub(super) struct Config {
    root: Map<String, Value>,
    pub env: Vec<ConfigEnv>,
    origins: Origins,
}

/// Which file each value comes from, for values that are relative to it.
#[derive(Debug, Default)]
struct Origins {
    source: PathBuf,
    /// Lines of `key = value # file`.
    lines: Vec<String>,
}

/// Reads the configuration that holds where cargo is started.
pub(super) fn read(tools: &Tools, places: &Places) -> Result<Config> {
    let text = tools.configuration(&["--format", "json"])?;
    let value: Value = serde_json::from_str(&text).map_err(|error| Error::Answer {
        what: "cargo's configuration".to_owned(),
        reason: error.to_string(),
    })?;
    let Value::Object(root) = value else {
        return Err(Error::Answer {
            what: "cargo's configuration".to_owned(),
            reason: "it is not a table".to_owned(),
        });
    };
    refuse(&root)?;
    // Asked only where a path can be relative to its file, because each question takes its time.
    let has_paths = text.contains("\"relative\":true") || text.contains("\"linker\":");
    let origins = match has_paths {
        true => tools.configuration(&["--show-origin"])?,
        false => String::new(),
    };
    let origins = Origins {
        source: places.source.clone(),
        lines: origins.lines().map(str::to_owned).collect(),
    };
    let env = environment(&root, &origins)?;
    Ok(Config { root, env, origins })
}

/// Refuses what would change units in a way that is not reproduced here.
fn refuse(root: &Map<String, Value>) -> Result<()> {
    let refused = [
        (
            "build",
            "rustc-wrapper",
            "remove it, or set `RUSTC_WRAPPER` where you want it",
        ),
        (
            "build",
            "rustc-workspace-wrapper",
            "remove it, or set the variable where you want it",
        ),
        (
            "build",
            "rustc",
            "the toolchain is an argument of the build",
        ),
        ("host", "linker", "remove the table `host`"),
        ("host", "rustflags", "remove the table `host`"),
    ];
    for (table, key, advice) in refused {
        let value = root.get(table).and_then(|table| table.get(key));
        if value.is_some_and(|value| value.as_str() != Some("")) {
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
    pub fn rustflags(&self, triple: &str, cfg: &[Cfg]) -> Result<Vec<String>> {
        let mut flags = Vec::new();
        if let Some(value) = self.target(triple).and_then(|table| table.get("rustflags")) {
            flags.extend(words(value));
        }
        for (_, table) in self.matching(cfg)? {
            flags.extend(table.get("rustflags").into_iter().flat_map(words));
        }
        if flags.is_empty() {
            let build = self
                .root
                .get("build")
                .and_then(|build| build.get("rustflags"));
            flags.extend(build.into_iter().flat_map(words));
        }
        Ok(flags)
    }

    /// The linker for a triple with these cfgs.
    pub fn linker(&self, triple: &str, cfg: &[Cfg]) -> Result<Option<Linker>> {
        let text = |table: &Value| {
            table
                .get("linker")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let mut key = triple.to_owned();
        let mut linker = self.target(triple).and_then(text);
        if linker.is_none() {
            let mut matching = self
                .matching(cfg)?
                .into_iter()
                .filter_map(|(key, table)| Some((key.to_owned(), text(table)?)));
            if let Some((name, value)) = matching.next() {
                if let Some((other, _)) = matching.next() {
                    return Err(Error::UnsupportedConfig {
                        feature: format!(
                            "a linker in both `target.'{name}'` and `target.'{other}'`"
                        ),
                        advice: "keep one of them, as cargo demands".to_owned(),
                    });
                }
                (key, linker) = (name, Some(value));
            }
        }
        let Some(linker) = linker else {
            return Ok(None);
        };
        // A name without a slash is looked up in PATH; all else is relative to the file.
        if !linker.contains('/') || linker.starts_with('/') {
            return Ok(Some(Linker::Program(linker)));
        }
        let dir = self.origins.directory(&["target", &key, "linker"])?;
        Ok(Some(Linker::Tree(layout::join(&dir, &linker))))
    }

    /// What replaces the build script of the package with this `links` key: directives, sorted
    /// by key, as cargo takes them from `[target.<triple>.<links>]`.
    pub fn overridden(&self, triple: &str, links: &str) -> Option<Vec<(String, String)>> {
        let table = self.target(triple)?.get(links)?.as_object()?;
        let mut directives = Vec::new();
        for (key, value) in table {
            let mut add = |value: String| directives.push((key.clone(), value));
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
        Some(directives)
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

impl Origins {
    /// The directory that a path of the configuration is relative to: the parent of the
    /// directory `.cargo` in whose file it stands. It is given relative to the source root.
    fn directory(&self, key: &[&str]) -> Result<String> {
        let unknown = |reason: &str| Error::UnsupportedConfig {
            feature: format!("the relative path in `{}`, {reason}", key.join(".")),
            advice: "use an absolute path, or a file below the source root".to_owned(),
        };
        let file = self
            .file(key)
            .ok_or_else(|| unknown("whose file is not known"))?;
        let base = file
            .parent()
            .and_then(Path::parent)
            .unwrap_or(Path::new("/"));
        let relative = base.strip_prefix(&self.source);
        let relative = relative.map_err(|_| unknown("whose file is not below the source root"))?;
        relative
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| unknown("which is not UTF-8"))
    }

    fn file(&self, key: &[&str]) -> Option<&Path> {
        // Keys with other characters than these are quoted.
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let quote = |part: &&str| match part.chars().all(bare) {
            true => part.to_string(),
            false => format!("\"{part}\""),
        };
        let key = key.iter().map(quote).collect::<Vec<_>>().join(".");
        let prefix = format!("{key} = ");
        let line = self.lines.iter().find(|line| line.starts_with(&prefix))?;
        line.rsplit_once(" # ").map(|(_, file)| Path::new(file))
    }
}
