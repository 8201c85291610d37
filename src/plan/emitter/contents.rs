//! The contents of one emitter, as a file: an output of the plan.
//!
//! | part | content |
//! |---|---|
//! | first line | the [`Head`] as JSON |
//! | rest | what the outputs hold, in the order of the head, without anything between them |

use crate::plan::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// The head of an emitter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The system that the emitter is built on.
    pub system: String,
    /// The store path with `bin/dyndrv`.
    pub tool: String,
    /// Outputs of other emitters that the texts mention, by [`key`](super::Prepared::key) of the emitter, but for those in the
    /// closure of another one.
    pub others: BTreeMap<String, BTreeSet<String>>,
    /// The other store objects that the texts mention, with the same exception.
    pub sources: BTreeSet<String>,
    /// The files that it writes, sorted by name.
    pub outputs: Vec<Output>,
}

/// An output of an emitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its name in the emitter.
    pub name: String,
    /// Its store path.
    pub path: String,
    /// How much of the file is for it, in bytes.
    pub size: u64,
    /// Its kind.
    pub kind: OutputKind,
}

/// The kind of an emitter's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// The text of a derivation.
    Derivation,
    /// A bundle of source files.
    Sources,
}

/// Writes the file. `write` writes what an output holds.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(
    path: &Path,
    head: &Head,
    mut write: impl FnMut(&Output, &mut BufWriter<File>) -> Result<(), Error>,
) -> Result<(), Error> {
    let cannot = || Error::io("writing", path);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(cannot())?);
    serde_json::to_writer(&mut file, head).map_err(|source| Error::Document {
        path: path.to_owned(),
        source,
    })?;
    file.write_all(b"\n").map_err(cannot())?;
    for output in &head.outputs {
        write(output, &mut file)?;
    }
    file.flush().map_err(cannot())
}

/// Reads the head, and gives what follows it.
///
/// # Errors
///
/// If it cannot be read.
pub fn open(path: &Path) -> Result<(Head, BufReader<File>), Error> {
    let cannot = || Error::io("reading", path);
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(cannot())?);
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line).map_err(cannot())?;
    let head = serde_json::from_slice(&line).map_err(|source| Error::Document {
        path: path.to_owned(),
        source,
    })?;
    Ok((head, file))
}
