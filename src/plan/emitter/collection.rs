//! A stage: the one derivation whose outputs are a layer's derivations.
//!
//! A derivation of the Nix language has a fixed number of outputs of one method.
//! A derivation that is written as a text can have any number, of both methods:
//! text for derivations and the index, trees for sources. It is content-addressed
//! like them, so the stage is run again only if it would emit something else.
//!
//! What the outputs hold stands in the plan, which is an input of the stage: Nix
//! searches all that a derivation says for a placeholder of each of its outputs,
//! which for hundreds of outputs and megabytes of text would take longer than all
//! the rest.
//!
//! Inside the texts, siblings are named by their *final* paths while they are
//! collected, since those decide the texts' own paths and order. In the contents
//! they are replaced by the placeholders of the stage's outputs, and these by the
//! stage itself with the paths that it builds to, which Nix replaces by the final ones.

use super::tree::Tree;
use crate::drv::{
    DerivationBuilder, FLOATING_TEXT, FLOATING_TREE, StorePath, StructuredAttrs,
    ValidatedDerivation, hash_part, placeholder, tree_path,
};
use crate::graph::Identity;
use crate::plan::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The store name of a stage's derivation, and so the prefix of all its outputs.
/// It is constant: a prefix that changed would change the name of everything.
pub const NAME: &str = "crate";

/// The file of a plan with its [`Head`].
pub const HEAD: &str = "stage.json";

/// The file of a plan with its [`Contents`].
pub const CONTENTS: &str = "contents.json";

/// The output that lists the layer's units.
pub const INDEX: &str = "index";

/// What a stage is to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Texts by output; siblings are named by the placeholders of their outputs.
    pub texts: BTreeMap<String, String>,
    /// Trees by output.
    pub trees: BTreeMap<String, Tree>,
}

/// Where a stage finds what it is to write, as its structured attributes tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The plan.
    pub plan: String,
    /// The directory that the trees' files are taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A plan: what a stage is, and what it is to write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the stage is.
    pub head: Head,
    /// What it is to write. All that it mentions is a reference of the plan.
    pub contents: Contents,
}

/// What a stage is, without its contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The system that the stage is built on.
    system: String,
    /// The store path with `bin/dyndrv`.
    tool: String,
    /// The outputs that are texts.
    texts: BTreeSet<String>,
    /// The outputs that are trees.
    trees: BTreeSet<String>,
    /// The directory that the trees' files are taken from.
    source: Option<String>,
    /// The store object of that directory.
    source_object: Option<String>,
}

impl Head {
    /// The stage's derivation; `plan` is the plan's store path.
    ///
    /// # Errors
    ///
    /// If the head names something that is not a store path.
    pub fn derivation(&self, plan: &StorePath) -> Result<ValidatedDerivation, Error> {
        let parse = |path: &String| {
            path.parse().map_err(|source| Error::NotAStorePath {
                what: "an input of the stage".to_owned(),
                path: path.clone(),
                source,
            })
        };
        let tool = format!("{}/bin/dyndrv", self.tool);
        let mut derivation = DerivationBuilder::new(NAME, &self.system, tool).argument("emit");
        // The plan brings along what its contents mention.
        *derivation.input_sources_mut() = [&self.tool]
            .into_iter()
            .chain(&self.source_object)
            .map(parse)
            .chain([Ok(plan.clone())])
            .collect::<Result<_, _>>()?;
        let text = |output: &String| (output.clone(), FLOATING_TEXT);
        let tree = |output: &String| (output.clone(), FLOATING_TREE);
        let outputs = derivation.outputs_mut();
        outputs.extend(self.texts.iter().map(text));
        outputs.extend(self.trees.iter().map(tree));
        // What users have in their sources may look like a reference.
        let discarded: BTreeMap<_, _> = self.trees.iter().map(|output| (output, true)).collect();
        let attributes = serde_json::json!({
            "name": NAME,
            "stage": Places { plan: plan.to_string(), source: self.source.clone() },
            "unsafeDiscardReferences": discarded,
            "preferLocalBuild": true,
            "allowSubstitutes": false,
        });
        let finished = StructuredAttrs::from_json_bytes(attributes.to_string())
            .and_then(|attributes| derivation.structured_attrs(attributes).build());
        finished.map_err(Error::derivation("the stage"))
    }
}

/// The units of a layer: the paths of their derivations by unit identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// By identity.
    pub units: BTreeMap<Identity, String>,
}

/// Collects the outputs of a stage.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    contents: Contents,
    source: Option<String>,
    source_object: Option<String>,
    /// The final paths of all outputs but the index.
    paths: BTreeMap<String, StorePath>,
    index: Index,
}

impl Stage {
    /// The directory that trees are copied from, a store object or below one.
    pub fn set_source(&mut self, path: &str, object: &StorePath) {
        self.source = Some(path.to_owned());
        self.source_object = Some(object.to_string());
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
        let output = format!("src-{package}-{}", tree.digest()?);
        if let Some(path) = self.paths.get(&output) {
            return Ok(path.clone());
        }
        let hash = tree.nar_hash(root)?;
        let path =
            tree_path(&format!("{NAME}-{output}"), &hash, &BTreeSet::new()).map_err(|source| {
                Error::Name {
                    unit: output.clone(),
                    source,
                }
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
    /// If its text is not UTF-8.
    pub fn add_derivation(
        &mut self,
        name: &str,
        id: Option<Identity>,
        derivation: &ValidatedDerivation,
    ) -> Result<StorePath, Error> {
        let output = format!("{name}.drv");
        let path = derivation.drv_path();
        if let Some(id) = id {
            self.index.units.insert(id, path.to_string());
        }
        let text = String::from_utf8(derivation.to_aterm_bytes());
        let text = text.map_err(|_| Error::NotText {
            unit: name.to_owned(),
        })?;
        self.contents.texts.insert(output.clone(), text);
        self.paths.insert(output, path.clone());
        Ok(path)
    }

    /// The final paths of the derivations and trees, by output.
    pub fn paths(&self) -> &BTreeMap<String, StorePath> {
        &self.paths
    }

    /// The plan of all that was added. `tool` is the store path with `bin/dyndrv`.
    ///
    /// # Errors
    ///
    /// If the index cannot be written as JSON.
    pub fn finish(mut self, system: &str, tool: &StorePath) -> Result<Plan, Error> {
        let siblings = self.siblings();
        let index = serde_json::to_string(&self.index).map_err(Error::json("the index"))?;
        self.contents.texts.insert(INDEX.to_owned(), index);
        for text in self.contents.texts.values_mut() {
            *text = substitute(text, &siblings);
        }
        Ok(Plan {
            head: Head {
                system: system.to_owned(),
                tool: tool.to_string(),
                texts: self.contents.texts.keys().cloned().collect(),
                trees: self.contents.trees.keys().cloned().collect(),
                source: self.source,
                source_object: self.source_object,
            },
            contents: self.contents,
        })
    }

    /// The hash parts of the outputs' final paths, with the paths and the
    /// placeholders that stand for them while the stage is built.
    fn siblings(&self) -> BTreeMap<String, (String, String)> {
        self.paths
            .iter()
            .map(|(output, path)| {
                (
                    hash_part(path),
                    (path.to_string(), placeholder::output(output)),
                )
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
            let derivation =
                DerivationBuilder::new(format!("crate-{name}"), "x86_64-linux", "/bin/sh")
                    .output("out", FLOATING_TREE)
                    .build()
                    .unwrap();
            let id = format!("{name:0>16}").parse().unwrap();
            stage.add_derivation(name, Some(id), &derivation).unwrap();
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
        let path = |name| format!("/nix/store/{:0>32}-{name}", "").parse().unwrap();
        let plan = paths(&["a", "b"]).finish("x86_64-linux", &path("dyndrv"));
        let plan = plan.unwrap();
        let stage = plan.head.derivation(&path("plan")).unwrap();
        assert_eq!(stage.outputs()["index"], FLOATING_TEXT);
        for output in ["a.drv", "b.drv"] {
            let placeholder = placeholder::output(output);
            assert!(plan.contents.texts["index"].contains(&placeholder));
            assert_eq!(stage.outputs()[output], FLOATING_TEXT);
        }
        let inputs: Vec<_> = stage.input_sources().iter().cloned().collect();
        assert_eq!(inputs, [path("dyndrv"), path("plan")]);
    }
}
