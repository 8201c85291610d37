//! The environment of a unit's processes.
//!
//! Nothing of the builder's own environment is passed on: a child sees what the
//! specification says, and what is derived here.

use super::recorded_environment;
use super::{Environment, Sandbox};
use crate::error::Result;
use crate::spec::Process;
use std::num::NonZeroUsize;

/// When everything is said to be made, for what asks: the date that nixpkgs' stdenv sets.
pub const SOURCE_DATE_EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "315532800");

/// The environment of `process`.
///
/// # Errors
///
/// If a recorded environment cannot be read.
pub fn of(process: &Process, sandbox: &Sandbox) -> Result<Environment> {
    let mut env = process.env.clone();
    append(&mut env, "PATH", &process.path);
    let tmp = sandbox.tmp().display().to_string();
    let home = sandbox.home().display().to_string();
    let top = sandbox.root().display().to_string();
    for (variable, value) in [
        ("HOME", &home),
        // nixpkgs' compilers leave out search paths outside of it and of the store.
        ("NIX_BUILD_TOP", &top),
        ("TMPDIR", &tmp),
        ("TEMP", &tmp),
        ("TMP", &tmp),
        ("TEMPDIR", &tmp),
    ] {
        env.entry(variable.to_string())
            .or_insert_with(|| value.clone());
    }
    recorded_environment::add(&mut env, &process.environment)?;
    let (variable, date) = SOURCE_DATE_EPOCH;
    env.entry(variable.to_string())
        .or_insert_with(|| date.to_string());
    Ok(env)
}

/// Adds directories behind those that a variable already names.
fn append(env: &mut Environment, variable: &str, directories: &[String]) {
    if directories.is_empty() {
        return;
    }
    let value = env.entry(variable.to_string()).or_default();
    for directory in directories {
        // An empty element would mean the working directory.
        if !value.is_empty() {
            value.push(':');
        }
        value.push_str(directory);
    }
}

/// How many jobs a build script may use: Nix's `cores`, where 0 and nonsense mean
/// all processors. Read at build time, because it must not be part of a plan.
pub fn jobs(nix_build_cores: Option<&str>) -> usize {
    nix_build_cores
        .and_then(|text| text.parse().ok())
        .filter(|&cores| cores > 0)
        .or_else(|| {
            std::thread::available_parallelism()
                .ok()
                .map(NonZeroUsize::get)
        })
        .unwrap_or(1)
}

/// cargo's rule for names in variables: upper case, and `_` for `-`.
pub fn envify(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn given_values_stand_in_front_and_nothing_is_inherited() {
        let process = Process {
            env: [("PKG_CONFIG_PATH", "/mine"), ("PATH", "/tool/bin")]
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .into(),
            path: vec!["/toolchain/bin".to_string()],
            ..Process::default()
        };
        let env = of(&process, &Sandbox::default()).unwrap();
        let expected = [
            ("HOME", "/build/home"),
            ("NIX_BUILD_TOP", "/build"),
            ("PATH", "/tool/bin:/toolchain/bin"),
            ("PKG_CONFIG_PATH", "/mine"),
            ("SOURCE_DATE_EPOCH", "315532800"),
            ("TEMP", "/build/tmp"),
            ("TEMPDIR", "/build/tmp"),
            ("TMP", "/build/tmp"),
            ("TMPDIR", "/build/tmp"),
        ];
        let env: Vec<_> = env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(env, expected);
    }

    #[test]
    fn zero_cores_are_all_cores() {
        assert_eq!(jobs(Some("3")), 3);
        assert_eq!(jobs(Some("0")), jobs(None));
        assert!(jobs(Some("many")) > 0);
    }

    #[test]
    fn names_in_variables() {
        assert_eq!(envify("git2-rs_x"), "GIT2_RS_X");
    }
}
