//! The stage at work: it writes what its attributes hold.

use super::Error;
use super::settings::{attributes, read_json};
use super::stage::Contents;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Attributes {
    stage: Contents,
    outputs: BTreeMap<String, PathBuf>,
}

/// Writes all outputs of the stage that this process builds.
///
/// # Errors
///
/// If the attributes are not a stage's, or a file cannot be read or written.
pub fn run() -> Result<(), Error> {
    let Attributes { stage, outputs } = attributes("emit")?;
    let place = |output: &str| {
        outputs.get(output).cloned().ok_or_else(|| Error::NoOutput {
            output: output.to_owned(),
        })
    };
    for (output, text) in &stage.texts {
        let path = place(output)?;
        fs::write(&path, text).map_err(Error::io("writing", &path))?;
    }
    let source = PathBuf::from(stage.source.unwrap_or_default());
    for (output, tree) in &stage.trees {
        tree.copy(&source, &place(output)?)?;
    }
    Ok(())
}

/// Where a planning step writes its one output, from its attributes.
///
/// # Errors
///
/// If the attributes cannot be read.
pub fn output(attributes: &Path) -> Result<PathBuf, Error> {
    #[derive(Deserialize)]
    struct Outputs {
        outputs: Out,
    }
    #[derive(Deserialize)]
    struct Out {
        out: PathBuf,
    }
    Ok(read_json::<Outputs>(attributes)?.outputs.out)
}
