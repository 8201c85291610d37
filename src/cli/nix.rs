//! Calls of the user's `nix`, as the build and its intermediate steps need them.

use super::error::Error;
use clap::Args;
use dyndrv::drv::Derivation;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A build, and how Nix is to be called for it.
#[derive(Args)]
pub struct Build {
    /// A build: a flake output that `build` of the library returned,
    /// or with `-- --file FILE` an attribute (empty for the file's value)
    #[arg(default_value = ".#default")]
    installable: String,
    /// Further arguments for `nix build`, such as `--override-input nixpkgs …`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// A derivation with the store paths of its outputs, as `nix build --json` prints it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Built {
    /// The store path of the derivation.
    pub drv_path: String,
    /// The store paths of the outputs, by their names.
    pub outputs: BTreeMap<String, String>,
}

impl Build {
    /// The installable of an attribute; the build itself for an empty one.
    pub fn attribute(&self, attribute: &str) -> String {
        match self.installable.as_str() {
            "" => attribute.to_owned(),
            named if attribute.is_empty() => named.to_owned(),
            named => format!("{named}.{attribute}"),
        }
    }

    /// Builds the installables, and returns the derivation of each.
    ///
    /// # Errors
    ///
    /// If Nix fails.
    pub fn built(&self, installables: &[String]) -> Result<Vec<Built>, Error> {
        let mut command = Command::new("nix");
        command
            .args(["build", "--no-link", "--json"])
            .args(&self.arguments)
            .args(installables);
        parse(&run(&mut command)?)
    }

    /// The names in a set of attributes.
    ///
    /// # Errors
    ///
    /// If Nix fails.
    pub fn names(&self, set: &str) -> Result<Vec<String>, Error> {
        let mut command = Command::new("nix");
        command
            .args(["eval", "--json", "--apply", "builtins.attrNames"])
            .args(&self.arguments)
            .arg(self.attribute(set));
        parse(&run(&mut command)?)
    }

    /// Builds the installable of an attribute, and returns its store path.
    ///
    /// # Errors
    ///
    /// If Nix fails.
    pub fn path(&self, attribute: &str) -> Result<String, Error> {
        let mut command = Command::new("nix");
        command
            .args(["build", "--no-link", "--print-out-paths"])
            .args(&self.arguments)
            .arg(self.attribute(attribute));
        Ok(run(&mut command)?.trim().to_owned())
    }
}

/// Builds all outputs of these derivations, which are in the store.
///
/// # Errors
///
/// If Nix fails.
pub fn outputs(drvs: &[String]) -> Result<Vec<Built>, Error> {
    if drvs.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = Command::new("nix");
    command.args(["build", "--no-link", "--json"]);
    parse(&run(
        command.args(drvs.iter().map(|drv| format!("{drv}^*")))
    )?)
}

/// Reads a derivation.
///
/// # Errors
///
/// If the file cannot be read, or is no derivation.
pub fn derivation(drv: &Path) -> Result<Derivation, Error> {
    let text = std::fs::read(drv).map_err(Error::io("reading", drv))?;
    let name = drv.file_stem().unwrap_or_default();
    Derivation::from_aterm_bytes(&text, &OsStr::to_string_lossy(name)).map_err(|source| {
        Error::NotADerivation {
            path: drv.to_owned(),
            source,
        }
    })
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|source| Error::NixOutput { source })
}

fn run(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::io("running", "nix"))?;
    if !output.status.success() {
        return Err(Error::Nix {
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
