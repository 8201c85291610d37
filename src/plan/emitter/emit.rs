//! The stage at work: it writes what its attributes hold.

use super::collection::{CONTENTS, Contents, Places};
use crate::drv::placeholder;
use crate::plan::Error;
use crate::plan::settings::{attributes, read_json};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Attributes {
    stage: Places,
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
    let contents: Contents = read_json(&Path::new(&stage.plan).join(CONTENTS))?;
    let paths: BTreeMap<String, &Path> = outputs
        .iter()
        .map(|(output, path)| (placeholder::output(output), path.as_path()))
        .collect();
    for (output, text) in &contents.texts {
        let path = place(output)?;
        fs::write(&path, with_paths(text, &paths)).map_err(Error::io("writing", &path))?;
    }
    let source = PathBuf::from(stage.source.unwrap_or_default());
    for (output, tree) in &contents.trees {
        tree.copy(&source, &place(output)?)?;
    }
    Ok(())
}

/// Replaces the placeholders of outputs by their paths, in one pass.
fn with_paths(text: &str, paths: &BTreeMap<String, &Path>) -> String {
    const LENGTH: usize = 53;
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        let (before, from) = rest.split_at(start);
        result.push_str(before);
        let path = from
            .get(..LENGTH)
            .and_then(|candidate| paths.get(candidate));
        let length = match path {
            Some(path) => {
                result.push_str(&path.to_string_lossy());
                LENGTH
            }
            None => {
                result.push('/');
                1
            }
        };
        rest = &from[length..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_outputs_become_their_paths() {
        let a = placeholder::output("a.drv");
        let paths = [(a.clone(), Path::new("/nix/store/x-a.drv"))].into();
        let other = placeholder::output("b.drv");
        assert_eq!(
            with_paths(&format!("{a} /{a}/x {other} /"), &paths),
            format!("/nix/store/x-a.drv //nix/store/x-a.drv/x {other} /")
        );
    }
}
