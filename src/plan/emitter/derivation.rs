//! An emitter as a derivation.

use super::NAME;
use super::contents::{Head, OutputKind};
use crate::drv::{
    DerivationBuilder, FLOATING_TEXT, FLOATING_TREE, InputDerivation, StorePath, StructuredAttrs,
    ValidatedDerivation,
};
use crate::plan::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The structured attributes of an emitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// The file with what it writes: see [`contents`](super::contents).
    pub contents: String,
}

/// The derivation of an emitter.
///
/// `contents` is the file whose head this is; `others` are the derivations of earlier emitters by
/// [`key`](super::Prepared::key).
///
/// # Errors
///
/// If an emitter that is mentioned is not among the others, or a path is not a store path.
pub fn of(
    head: &Head,
    contents: &StorePath,
    others: &BTreeMap<String, StorePath>,
) -> Result<ValidatedDerivation, Error> {
    let tool = format!("{}/bin/dyndrv", head.tool);
    let mut emitter = DerivationBuilder::new(NAME, &head.system, tool).argument("emit");
    for path in head.sources.iter().chain([&head.tool]) {
        let path = path.parse().map_err(|source| Error::NotAStorePath {
            what: "an input of an emitter".to_owned(),
            path: path.clone(),
            source,
        })?;
        emitter.input_sources_mut().insert(path);
    }
    emitter.input_sources_mut().insert(contents.clone());
    for (key, outputs) in &head.others {
        let other = others.get(key).ok_or_else(|| Error::NoEmitter {
            emitter: key.clone(),
        })?;
        let outputs = InputDerivation::new(outputs);
        emitter
            .input_derivations_mut()
            .insert(other.clone(), outputs);
    }
    let mut discarded: BTreeMap<&String, bool> = BTreeMap::new();
    for output in &head.outputs {
        let method = match output.kind {
            OutputKind::Derivation => FLOATING_TEXT,
            OutputKind::Sources => {
                // What users have in their sources may look like a reference.
                discarded.insert(&output.name, true);
                FLOATING_TREE
            }
        };
        emitter.outputs_mut().insert(output.name.clone(), method);
    }
    if head.outputs.is_empty() {
        // Nothing refers to an emitter that has nothing to write, but it must be a derivation.
        emitter
            .outputs_mut()
            .insert("out".to_owned(), FLOATING_TREE);
    }
    let attributes = Attributes {
        contents: contents.to_string(),
    };
    let attributes = serde_json::json!({
        // Nix does not tell derivations apart by the name of their file.
        "name": NAME,
        "emitter": attributes,
        "unsafeDiscardReferences": discarded,
        "preferLocalBuild": true,
        "allowSubstitutes": false,
    });
    StructuredAttrs::from_json_bytes(attributes.to_string())
        .and_then(|attributes| emitter.structured_attrs(attributes).build())
        .map_err(Error::derivation("an emitter"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::contents;
    use super::*;

    fn path(name: &str) -> StorePath {
        format!("/nix/store/{:0>32}-{name}", "").parse().unwrap()
    }

    fn output(name: &str, kind: OutputKind) -> contents::Output {
        contents::Output {
            name: name.to_owned(),
            path: path(&format!("{NAME}-{name}")).to_string(),
            size: 0,
            kind,
        }
    }

    #[test]
    fn an_emitter_has_what_its_texts_mention_as_inputs() {
        let head = Head {
            system: "x86_64-linux".to_owned(),
            tool: path("dyndrv").to_string(),
            others: [("deps-0".to_owned(), ["a.drv".to_owned()].into())].into(),
            sources: [path("rustc").to_string()].into(),
            outputs: vec![
                output("b.drv", OutputKind::Derivation),
                output("src-b-1", OutputKind::Sources),
            ],
        };
        let others = [("deps-0".to_owned(), path("crate.drv"))].into();
        let emitter = of(&head, &path("contents"), &others).unwrap();
        assert_eq!(emitter.outputs()["b.drv"], FLOATING_TEXT);
        assert_eq!(emitter.outputs()["src-b-1"], FLOATING_TREE);
        assert_eq!(
            emitter.input_derivations()[&path("crate.drv")],
            InputDerivation::new(["a.drv"])
        );
        for name in ["contents", "dyndrv", "rustc"] {
            assert!(emitter.input_sources().contains(&path(name)), "{name}");
        }

        let error = of(&head, &path("contents"), &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("deps-0"), "{error}");
    }
}
