//! The inputs of a derivation, found in its finished text.
//!
//! | the text has | the derivation depends on |
//! |---|---|
//! | the hash part of a known store object, anywhere | the object |
//! | the placeholder of a known output | that output of its derivation |
//!
//! The first line is Nix's own rule: when an emitter registers the text, Nix gives it a
//! reference to each object of the emitter's closure whose hash part occurs in it. The
//! references enter the path of the text, so a derivation that declared more or fewer
//! inputs would have another path than the one predicted.
//!
//! The known objects are therefore the closure of what the plan is made from. Inside
//! the sandbox of a planning derivation these are the entries of the store directory.

use crate::drv::references::Objects;
use crate::drv::{InputDerivation, STORE_DIR, StorePath, placeholder};
use crate::plan::Error;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

/// The objects that the derivations of a plan can depend on.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    objects: Objects,
    /// Outputs by their placeholders.
    outputs: HashMap<String, (StorePath, &'static str)>,
}

/// The placeholders of a derivation's outputs, by their names.
pub type Outputs = BTreeMap<&'static str, String>;

/// The inputs of a derivation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Outputs of other derivations.
    pub derivations: BTreeMap<StorePath, InputDerivation>,
    /// Store objects.
    pub sources: BTreeSet<StorePath>,
}

/// The objects that this process sees in the store directory.
///
/// In the sandbox of a derivation these are the closure of its inputs.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn visible_objects() -> Result<Objects, Error> {
    let entries = fs::read_dir(STORE_DIR).map_err(Error::io("reading", STORE_DIR))?;
    let mut objects = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("reading", STORE_DIR))?.file_name();
        // Nix keeps some files of its own there, such as `.links`.
        objects.extend(StorePath::from_basename(name.as_encoded_bytes()).ok());
    }
    Ok(objects.into_iter().collect())
}

impl Candidates {
    /// The candidates of a plan before anything is planned: `objects` are all store
    /// objects in the closure of what it is made from.
    pub fn new(objects: Objects) -> Self {
        Self {
            objects,
            outputs: HashMap::new(),
        }
    }

    /// Adds objects that the plan emits.
    pub fn add_objects<'a>(&mut self, objects: impl IntoIterator<Item = &'a StorePath>) {
        for object in objects {
            self.objects.insert(object);
        }
    }

    /// Adds the outputs of a derivation, and gives the placeholders.
    ///
    /// # Errors
    ///
    /// If the path is not a derivation's.
    pub fn add_outputs(
        &mut self,
        drv: &StorePath,
        names: &[&'static str],
    ) -> Result<Outputs, Error> {
        let mut outputs = Outputs::new();
        for &name in names {
            let placeholder = placeholder::upstream(drv, name);
            let placeholder = placeholder.map_err(|source| Error::NotAStorePath {
                what: "the derivation of a unit".to_owned(),
                path: drv.to_string(),
                source,
            })?;
            self.outputs
                .insert(placeholder.clone(), (drv.clone(), name));
            outputs.insert(name, placeholder);
        }
        Ok(outputs)
    }

    /// The inputs of a derivation with this text.
    pub fn inputs_of(&self, text: &str) -> Inputs {
        /// Of a placeholder: a slash and 52 digits.
        const LENGTH: usize = 53;
        let sources = self.objects.mentioned_in(text);
        let mut inputs = Inputs {
            sources: sources.into_iter().cloned().collect(),
            ..Inputs::default()
        };
        for (start, _) in text.match_indices('/') {
            let candidate = text.get(start..start + LENGTH);
            if let Some((drv, output)) = candidate.and_then(|text| self.outputs.get(text)) {
                let input = inputs.derivations.entry(drv.clone());
                input.or_default().insert_output(*output);
            }
        }
        inputs
    }

    /// The first path in a text that has the form of a store path and is no candidate.
    pub fn unknown_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.objects.unknown_in(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn path(digit: &str, name: &str) -> StorePath {
        let hash = digit.repeat(32);
        format!("{STORE_DIR}/{hash}-{name}").parse().unwrap()
    }

    #[test]
    fn inputs_are_what_the_text_has() {
        let (zlib, cc) = (path("0", "zlib"), path("1", "cc"));
        let (one, two) = (path("2", "one.drv"), path("3", "two.drv"));
        let mut candidates = Candidates::new([zlib.clone(), cc].into_iter().collect());
        let outputs = candidates.add_outputs(&one, &["out", "rmeta"]).unwrap();
        candidates.add_outputs(&two, &["out"]).unwrap();

        let text = format!("-L{zlib}/lib -L {}/x.rmeta /y", outputs["rmeta"]);
        let inputs = candidates.inputs_of(&text);
        assert_eq!(inputs.sources, [zlib].into());
        let expected = InputDerivation::new(["rmeta"]);
        assert_eq!(inputs.derivations, [(one, expected)].into());
    }

    #[test]
    fn several_outputs_of_a_derivation_are_one_input() {
        let drv = path("2", "one.drv");
        let mut candidates = Candidates::default();
        let outputs = candidates.add_outputs(&drv, &["cfg", "link", "out"]);
        let outputs = outputs.unwrap();
        let text = format!("{}{}", outputs["out"], outputs["cfg"]);
        let expected = InputDerivation::new(["cfg", "out"]);
        let derivations = candidates.inputs_of(&text).derivations;
        assert_eq!(derivations, [(drv, expected)].into());
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_none() {
        let digits = "0".repeat(52);
        let text = format!("https://cache.nixos.org/nar/{digits}.nar.xz /ü");
        assert_eq!(Candidates::default().inputs_of(&text), Inputs::default());
    }

    #[test]
    fn only_derivations_have_outputs() {
        let zlib = path("0", "zlib");
        assert!(Candidates::default().add_outputs(&zlib, &["out"]).is_err());
    }
}
