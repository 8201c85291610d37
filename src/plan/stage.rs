//! A stage: the one derivation whose outputs are a layer's derivations.
//!
//! A derivation of the Nix language has a fixed number of outputs of one method.
//! A derivation that is written as a text can have any number, of both methods:
//! text for derivations and the index, trees for sources. It is content-addressed
//! like them, so the stage is run again only if it would emit something else.
//!
//! Inside the texts, siblings are named by their *final* paths while they are
//! collected, since those decide the texts' own paths and order. In the stage
//! they are replaced by the placeholders of its own outputs, for which Nix
//! substitutes the paths that it builds to, and afterwards the final ones.

use super::Error;
use super::tree::Tree;
use crate::drv::derivation::{Derivation, Output};
use crate::drv::placeholder;
use crate::drv::store_path::StorePath;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The store name of a stage's derivation, and so the prefix of all its outputs.
/// It is constant: a prefix that changed would change the name of everything.
pub const NAME: &str = "crate";

/// The output that lists the layer's units.
pub const INDEX: &str = "index";

/// What a stage is to write, as its structured attributes tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Texts by output.
    pub texts: BTreeMap<String, String>,
    /// Trees by output.
    pub trees: BTreeMap<String, Tree>,
    /// The directory that the trees' files are taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The units of a layer: the paths of their derivations by unit identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// By identity.
    pub units: BTreeMap<String, String>,
}

/// Collects the outputs of a stage.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    contents: Contents,
    /// The final paths of all outputs but the index.
    paths: BTreeMap<String, StorePath>,
    inputs: BTreeSet<StorePath>,
    index: Index,
}

impl Stage {
    /// Declares a store object that emitted texts mention.
    pub fn add_input(&mut self, path: StorePath) {
        self.inputs.insert(path);
    }

    /// The directory that trees are copied from, which is also an input.
    pub fn set_source(&mut self, path: &str) {
        self.contents.source = Some(path.to_owned());
    }

    /// Adds a source tree and gives its final path. Equal trees share one output.
    ///
    /// # Errors
    ///
    /// If the package's name cannot be part of a store path, or a file cannot be read.
    pub fn add_tree(
        &mut self,
        package: &str,
        tree: Tree,
        root: &std::path::Path,
    ) -> Result<StorePath, Error> {
        let output = format!("src-{package}-{}", tree.digest());
        if let Some(path) = self.paths.get(&output) {
            return Ok(path.clone());
        }
        let hash = tree.nar_hash(root)?;
        let path = StorePath::source(&format!("{NAME}-{output}"), &hash, &BTreeSet::new())
            .map_err(|source| Error::Name {
                unit: output.clone(),
                source,
            })?;
        self.contents.trees.insert(output.clone(), tree);
        self.paths.insert(output, path.clone());
        Ok(path)
    }

    /// Adds a derivation and gives its final path.
    ///
    /// `id` is the unit's identity, or none if later layers do not need it.
    ///
    /// # Errors
    ///
    /// If the name is not one for the store.
    pub fn add_derivation(
        &mut self,
        name: &str,
        id: Option<&str>,
        derivation: &Derivation,
    ) -> Result<StorePath, Error> {
        let output = format!("{name}.drv");
        let path = derivation
            .store_path(&format!("{NAME}-{name}"))
            .map_err(|source| Error::Name {
                unit: name.to_owned(),
                source,
            })?;
        if let Some(id) = id {
            self.index.units.insert(id.to_owned(), path.to_string());
        }
        self.inputs.extend(derivation.input_srcs.iter().cloned());
        self.inputs.extend(derivation.input_drvs.keys().cloned());
        self.contents
            .texts
            .insert(output.clone(), derivation.to_aterm());
        self.paths.insert(output, path.clone());
        Ok(path)
    }

    /// The final paths of the derivations and trees, by output.
    pub fn paths(&self) -> &BTreeMap<String, StorePath> {
        &self.paths
    }

    /// The stage's derivation. `tool` is the store path with `bin/dyndrv`.
    ///
    /// # Errors
    ///
    /// If `tool` is not a store path.
    pub fn into_derivation(mut self, system: &str, tool: &StorePath) -> Result<Derivation, Error> {
        let siblings = self.siblings();
        self.contents.texts.insert(
            INDEX.to_owned(),
            serde_json::to_string(&self.index).unwrap_or_default(),
        );
        for text in self.contents.texts.values_mut() {
            *text = substitute(text, &siblings);
        }
        let own: BTreeSet<_> = self.paths.values().collect();
        let mut derivation = Derivation {
            input_srcs: self
                .inputs
                .iter()
                .filter(|path| !own.contains(path))
                .cloned()
                .chain([tool.clone()])
                .collect(),
            system: system.to_owned(),
            builder: format!("{tool}/bin/dyndrv"),
            args: vec!["emit".to_owned()],
            ..Derivation::default()
        };
        let text = |output: &String| (output.clone(), Output::FloatingText);
        let tree = |output: &String| (output.clone(), Output::FloatingNar);
        derivation.outputs = self.contents.texts.keys().map(text).collect();
        derivation
            .outputs
            .extend(self.contents.trees.keys().map(tree));
        derivation.set_structured_attributes(self.attributes())?;
        Ok(derivation)
    }

    fn attributes(&self) -> serde_json::Value {
        // What users have in their sources may look like a reference.
        let discarded: BTreeMap<_, _> = self.contents.trees.keys().map(|o| (o, true)).collect();
        serde_json::json!({
            "name": NAME,
            "stage": self.contents,
            "unsafeDiscardReferences": discarded,
            "preferLocalBuild": true,
            "allowSubstitutes": false,
        })
    }

    /// The hash parts of the outputs' final paths, with the paths and the
    /// placeholders that stand for them while the stage is built.
    fn siblings(&self) -> BTreeMap<String, (String, String)> {
        self.paths
            .iter()
            .map(|(output, path)| {
                let hash = path.hash_part().to_owned();
                (hash, (path.to_string(), placeholder::output(output)))
            })
            .collect()
    }
}

/// Replaces the paths of siblings by their placeholders.
///
/// One pass over the text, whatever the number of siblings.
fn substitute(text: &str, siblings: &BTreeMap<String, (String, String)>) -> String {
    const PREFIX: &str = "/nix/store/";
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let (before, path) = rest.split_at(start);
        result.push_str(before);
        let hash = path.get(PREFIX.len()..PREFIX.len() + 32);
        match hash.and_then(|hash| siblings.get(hash)) {
            Some((sibling, placeholder)) if path.starts_with(sibling) => {
                result.push_str(placeholder);
                rest = &path[sibling.len()..];
            }
            _ => {
                result.push_str(PREFIX);
                rest = &path[PREFIX.len()..];
            }
        }
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Stage {
        let mut stage = Stage::default();
        for name in names {
            let derivation = Derivation {
                builder: format!("/bin/{name}"),
                ..Derivation::default()
            };
            stage.add_derivation(name, Some(name), &derivation).unwrap();
        }
        stage
    }

    #[test]
    fn siblings_are_named_by_placeholder_and_others_by_path() {
        let stage = paths(&["a", "b"]);
        let a = stage.paths()["a.drv"].to_string();
        let stranger = "/nix/store/00000000000000000000000000000000-zlib/lib";
        let text = format!("x {a} {stranger} {a}");
        let placeholder = placeholder::output("a.drv");
        assert_eq!(
            substitute(&text, &stage.siblings()),
            format!("x {placeholder} {stranger} {placeholder}")
        );
    }

    #[test]
    fn the_index_is_an_output_that_names_every_unit() {
        let tool = StorePath::parse("/nix/store/00000000000000000000000000000000-dyndrv").unwrap();
        let drv = paths(&["a", "b"])
            .into_derivation("x86_64-linux", &tool)
            .unwrap();
        assert_eq!(drv.outputs["index"], Output::FloatingText);
        let json = &drv.env["__json"];
        for output in ["a.drv", "b.drv"] {
            assert!(json.contains(&placeholder::output(output)), "{json}");
        }
    }
}
