//! Reads what Nix hands over: the structured attributes of the derivation.

use super::placeholder;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where Nix says which file holds the structured attributes.
const ATTRIBUTES: &str = "NIX_ATTRS_JSON_FILE";

/// The derivation's name, its specification and its outputs. `S` is the type of the
/// specification: [`Spec`](super::Spec) for this program.
#[derive(Debug, Clone, Deserialize)]
pub struct Task<S> {
    /// The derivation's name.
    pub name: String,
    /// The unit.
    pub unit: S,
    /// Where the outputs go.
    pub outputs: Outputs,
}

/// The paths of the derivation's outputs by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Outputs(BTreeMap<String, PathBuf>);

impl Outputs {
    /// The path of the output `name`.
    pub fn get(&self, name: &str) -> Result<&Path> {
        self.0.get(name).map(PathBuf::as_path).ok_or_else(|| {
            Error::new(format!(
                "the derivation has no output `{name}`, but the unit needs one"
            ))
        })
    }

    /// The same outputs, but for those that are in the store already, which have a place below
    /// `scratch`.
    ///
    /// If one output of a derivation was collected, Nix builds all of them again, gives those that it
    /// still has their registered paths, and passes them over afterwards. Such a path is there, and
    /// read-only, if it is an input as well: a unit that is compiled against a base can have an output
    /// that is the base's.
    #[must_use]
    pub fn without_registered(&self, scratch: &Path) -> Self {
        let place = |(name, path): (&str, &Path)| match path.symlink_metadata() {
            Ok(_) => (name.to_owned(), scratch.join("registered").join(name)),
            Err(_) => (name.to_owned(), path.to_owned()),
        };
        self.named().map(place).collect()
    }

    /// All names and paths, in the order of the names.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0
            .iter()
            .map(|(name, path)| (name.as_str(), path.as_path()))
    }

    /// All paths, in the order of their names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.values().map(PathBuf::as_path)
    }
}

impl<N: Into<String>, P: Into<PathBuf>> FromIterator<(N, P)> for Outputs {
    fn from_iter<I: IntoIterator<Item = (N, P)>>(entries: I) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(name, path)| (name.into(), path.into()))
                .collect(),
        )
    }
}

impl<S: DeserializeOwned> Task<S> {
    /// Reads the file that `NIX_ATTRS_JSON_FILE` names.
    ///
    /// # Errors
    ///
    /// If this is no build of Nix, or the attributes are not of this version.
    pub fn of_this_build() -> Result<Self> {
        let file = std::env::var_os(ATTRIBUTES).ok_or_else(|| {
            Error::new(format!("{ATTRIBUTES} is not set"))
                .note("this program is the builder of derivations that dyndrv plans; Nix runs it")
        })?;
        let file = Path::new(&file);
        let text = std::fs::read_to_string(file).map_err(|e| Error::io("cannot read", file, e))?;
        Self::parse(&text)
    }

    /// Parses structured attributes, and refuses those with a placeholder left.
    pub fn parse(text: &str) -> Result<Self> {
        let attributes: Value = serde_json::from_str(text).map_err(|e| malformed(&e))?;
        if let Some(unit) = attributes.get("unit") {
            placeholder::refuse("unit", unit)?;
        }
        serde_json::from_value(attributes).map_err(|e| malformed(&e))
    }
}

fn malformed(source: &serde_json::Error) -> Error {
    Error::new(format!(
        "the structured attributes do not fit this builder: {source}"
    ))
    .note("planner and builder must come from the same version of dyndrv")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn outputs_that_are_in_the_store_already_are_written_elsewhere() {
        let temp = tempfile::tempdir().unwrap();
        let (there, missing) = (temp.path().join("there"), temp.path().join("missing"));
        std::fs::create_dir(&there).unwrap();
        let outputs = Outputs::from_iter([("out", &missing), ("rmeta", &there)]);
        let outputs = outputs.without_registered(Path::new("/build/tmp"));
        assert_eq!(outputs.get("out").unwrap(), missing);
        let elsewhere = Path::new("/build/tmp/registered/rmeta");
        assert_eq!(outputs.get("rmeta").unwrap(), elsewhere);
    }

    #[test]
    fn attributes_of_nix_are_ignored() {
        let task = Task::<Spec>::parse(
            r#"{"name": "crate-x", "builder": "b", "system": "s", "outputs": {"out": "/o"},
                "unit": {"run": "assemble", "parts": ["/p"]}}"#,
        )
        .unwrap();
        assert_eq!(task.name, "crate-x");
        assert_eq!(task.outputs.get("out").unwrap(), Path::new("/o"));
        assert!(task.outputs.get("meta").is_err());
    }

    #[test]
    fn unknown_keys_of_the_unit_are_refused() {
        let message = Task::<Spec>::parse(
            r#"{"name": "x", "outputs": {}, "unit": {"run": "assemble", "parts": [], "new": 1}}"#,
        )
        .unwrap_err()
        .to_string();
        assert!(message.contains("`new`"), "{message}");
    }
}
