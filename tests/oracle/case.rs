//! What the graph says of a workspace.

use super::record::{Place, cargo};
use super::toolchain::Toolchain;
use super::workspace;
use dyndrv::causes::with_causes;
use dyndrv::graph::{Graph, Outcome, Request, Selection, skeleton};
use dyndrv_builder::sandbox::bundle::Bundle;
use std::fs;

/// A workspace of its own directory, about which cargo is asked.
pub struct Case {
    pub place: Place,
    pub selection: Selection,
    pub incremental: bool,
    _dir: tempfile::TempDir,
}

impl Case {
    pub fn new(files: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scratch = fs::canonicalize(dir.path()).unwrap();
        let (place, _) = workspace::unpack(files, &scratch);
        Self {
            place,
            selection: Selection::default(),
            incremental: false,
            _dir: dir,
        }
    }

    pub fn locked(self) -> Self {
        workspace::lock(&Toolchain::find(), &self.place);
        self
    }

    pub fn ask(&self) -> Result<Graph, String> {
        self.outcome().map(|outcome| outcome.graph)
    }

    pub fn outcome(&self) -> Result<Outcome, String> {
        let toolchain = Toolchain::find();
        let scratch = self.place.scratch.join("ask");
        let source = scratch.join("skeleton");
        let _ = fs::remove_dir_all(&scratch);
        let mut bundle = Vec::new();
        skeleton::write(&self.place.source.clone().into(), None, &mut bundle).unwrap();
        Bundle::read(&bundle[..]).unwrap().unpack(&source).unwrap();
        let request = Request {
            cargo_home: None,
            source,
            manifest_dir: self.place.dir.clone(),
            vendor: self.place.vendor.clone(),
            cargo: toolchain.cargo,
            rustc: toolchain.rustc,
            scratch,
            selection: self.selection.clone(),
            rustflags: None,
            incremental: self.incremental,
        };
        dyndrv::graph::ask(&request).map_err(|error| with_causes(&error))
    }

    /// Fails, with all of these words in the message.
    pub fn fails_with(&self, words: &[&str]) {
        let message = self.ask().unwrap_err();
        for word in words {
            assert!(message.contains(word), "no `{word}` in:\n{message}");
        }
    }

    /// The words of the first command with `sign` that cargo says it runs.
    pub fn words_of_cargo(&self, arguments: &[&str], sign: &str) -> Vec<String> {
        let toolchain = Toolchain::find();
        let output = cargo(&toolchain, &self.place)
            .args(arguments)
            .env("RUSTC", &toolchain.rustc)
            .env("RUSTDOC", toolchain.rustc.with_file_name("rustdoc"))
            .output()
            .unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        let line = log
            .lines()
            .find(|line| line.contains("Running") && line.contains(sign));
        let words = line
            .unwrap_or_else(|| panic!("no `{sign}` in:\n{log}"))
            .split(' ');
        words
            .map(|word| word.trim_matches(['`', '\'']).to_owned())
            .collect()
    }
}
