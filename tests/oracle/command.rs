//! Cargo commands as they are written in a shell, such as
//! `RUSTFLAGS='--cfg x' cargo build --release -p one`.

use dyndrv::graph::{Command, Selection};

pub struct CargoCommand {
    pub text: String,
    pub selection: Selection,
    pub rustflags: Option<Vec<String>>,
}

impl CargoCommand {
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let (flags, words) = text.split_once("cargo ").expect("a cargo command");
        let rustflags = flags.trim().strip_prefix("RUSTFLAGS=").map(|value| {
            value
                .trim_matches('\'')
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        });
        let mut words = words.split_whitespace();
        let command = match words.next() {
            Some("build") => Command::Build,
            Some("test") => Command::Test,
            Some("bench") => Command::Bench,
            Some("check") => Command::Check,
            other => panic!("unknown command {other:?}"),
        };
        let mut selection = Selection {
            command,
            ..Selection::default()
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value").to_owned();
            match word {
                "-p" => selection.packages.push(value()),
                "--workspace" => selection.workspace = true,
                "--exclude" => selection.exclude.push(value()),
                "--lib" => selection.lib = true,
                "--bins" => selection.all_bins = true,
                "--bin" => selection.bins.push(value()),
                "--examples" => selection.all_examples = true,
                "--example" => selection.examples.push(value()),
                "--test" => selection.tests.push(value()),
                "--all-targets" => selection.all_targets = true,
                "--features" => selection.features.push(value()),
                "--all-features" => selection.all_features = true,
                "--no-default-features" => selection.no_default_features = true,
                "--release" => selection.profile = Some("release".to_owned()),
                "--profile" => selection.profile = Some(value()),
                "--target" => selection.target = Some(value()),
                other => panic!("unknown option {other}"),
            }
        }
        Self {
            text: text.to_owned(),
            selection,
            rustflags,
        }
    }
}
