//! An emitter at work: it writes what its contents say.

use super::contents::{self, Head, Output, OutputKind};
use super::derivation;
use crate::plan::Error;
use crate::plan::settings::attributes;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Attributes {
    emitter: derivation::Attributes,
    outputs: BTreeMap<String, PathBuf>,
}

/// Writes all outputs of the emitter that this process builds.
///
/// # Errors
///
/// If the attributes are not an emitter's, or a file cannot be read or written.
pub fn run() -> Result<(), Error> {
    let Attributes { emitter, outputs } = attributes("emit")?;
    write(Path::new(&emitter.contents), &outputs)
}

fn write(contents: &Path, places: &BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let (head, mut file) = contents::open(contents)?;
    if head.outputs.is_empty() {
        // Its derivation has one output all the same, as every derivation must.
        for place in places.values() {
            fs::create_dir(place).map_err(Error::io("creating", place))?;
        }
    }
    let siblings = Siblings::of(&head, places)?;
    for output in &head.outputs {
        let place = place(places, output)?;
        let mut holds = file.by_ref().take(output.size);
        match output.kind {
            OutputKind::Derivation => {
                let mut text = String::new();
                holds
                    .read_to_string(&mut text)
                    .map_err(Error::io("reading", contents))?;
                fs::write(place, siblings.replaced(&text)).map_err(Error::io("writing", place))?;
            }
            OutputKind::Sources => {
                File::create(place)
                    .and_then(|mut out| io::copy(&mut holds, &mut out))
                    .map_err(Error::io("writing", place))?;
            }
        }
        if holds.limit() > 0 {
            return Err(Error::Truncated {
                path: contents.to_owned(),
            });
        }
    }
    Ok(())
}

fn place<'a>(places: &'a BTreeMap<String, PathBuf>, output: &Output) -> Result<&'a Path, Error> {
    let place = places.get(&output.name).map(PathBuf::as_path);
    place.ok_or_else(|| Error::NoOutput {
        output: output.name.clone(),
    })
}

/// The outputs of an emitter: their final paths, and where they are while it runs.
struct Siblings<'a> {
    /// By the hash part of the final path.
    outputs: BTreeMap<&'a str, (&'a str, String)>,
}

const STORE: &str = "/nix/store/";
const HASH_LENGTH: usize = 32;

impl<'a> Siblings<'a> {
    fn of(head: &'a Head, places: &BTreeMap<String, PathBuf>) -> Result<Self, Error> {
        let mut outputs = BTreeMap::new();
        for output in &head.outputs {
            let place = place(places, output)?.to_string_lossy().into_owned();
            let hash = output.path.get(STORE.len()..STORE.len() + HASH_LENGTH);
            outputs.insert(hash.unwrap_or_default(), (output.path.as_str(), place));
        }
        Ok(Self { outputs })
    }

    /// The text with the final paths replaced by the places.
    ///
    /// One pass over the text, whatever the number of siblings.
    fn replaced(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(STORE) {
            let (before, path) = rest.split_at(start);
            result.push_str(before);
            let hash = path.get(STORE.len()..STORE.len() + HASH_LENGTH);
            let length = match hash.and_then(|hash| self.outputs.get(hash)) {
                Some((sibling, place)) if path.starts_with(sibling) => {
                    result.push_str(place);
                    sibling.len()
                }
                _ => {
                    result.push_str(STORE);
                    STORE.len()
                }
            };
            rest = &path[length..];
        }
        result.push_str(rest);
        result
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    fn path(digit: char, name: &str) -> String {
        format!("{STORE}{}-{name}", digit.to_string().repeat(HASH_LENGTH))
    }

    #[test]
    fn siblings_are_named_by_their_places_and_others_by_their_paths() {
        let temp = tempfile::tempdir().unwrap();
        let (a, src, stranger) = (
            path('1', "crate-a.drv"),
            path('2', "crate-src-a"),
            path('3', "zlib/lib"),
        );
        let text = format!("x {a} {stranger} {src}{a}");
        // Only texts are changed.
        let sources = format!("a bundle that mentions {a}");
        let output = |name: &str, path: &str, holds: &str, kind| Output {
            name: name.to_owned(),
            path: path.to_owned(),
            size: holds.len() as u64,
            kind,
        };
        let head = Head {
            outputs: vec![
                output("a.drv", &a, &text, OutputKind::Derivation),
                output("src-a", &src, &sources, OutputKind::Sources),
            ],
            ..Head::default()
        };
        let contents = temp.path().join("contents");
        contents::write(&contents, &head, |output, file| {
            let holds = if output.name == "a.drv" {
                &text
            } else {
                &sources
            };
            file.write_all(holds.as_bytes())
                .map_err(Error::io("writing", "contents"))
        })
        .unwrap();
        let at = |name: &str| temp.path().join(name);
        let places = ["a.drv", "src-a"].map(|name| (name.to_owned(), at(name)));
        write(&contents, &places.into()).unwrap();
        let (a, src_a) = (at("a.drv"), at("src-a"));
        assert_eq!(
            fs::read_to_string(&a).unwrap(),
            format!(
                "x {} {stranger} {}{}",
                a.display(),
                src_a.display(),
                a.display()
            )
        );
        assert_eq!(fs::read_to_string(src_a).unwrap(), sources);
    }

    #[test]
    fn contents_that_end_early_are_an_error() {
        let temp = tempfile::tempdir().unwrap();
        let contents = temp.path().join("contents");
        let head = Head {
            outputs: vec![Output {
                name: "a.drv".to_owned(),
                path: path('1', "crate-a.drv"),
                size: 3,
                kind: OutputKind::Derivation,
            }],
            ..Head::default()
        };
        contents::write(&contents, &head, |_, file| {
            file.write_all(b"ab")
                .map_err(Error::io("writing", "contents"))
        })
        .unwrap();
        let places = [("a.drv".to_owned(), temp.path().join("a.drv"))].into();
        let error = write(&contents, &places).unwrap_err().to_string();
        assert!(error.contains("ends early"), "{error}");
    }
}
