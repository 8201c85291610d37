//! A short run of every target of `fuzz/`: real inputs, and thousands of changed ones.
//!
//! The changes come from a small generator with a fixed start, so that a failure can be repeated. `dev/soak fuzz` runs
//! the same targets for longer, from the same inputs, with libFuzzer, guided by what they cover.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::fs;
use std::panic;
use std::path::Path;
use std::process::Command;
use targets::{SEPARATOR, TARGETS};

/// Executions of each target; those that write files take longer.
const RUNS: usize = 4000;
const RUNS_WITH_FILES: usize = 400;

/// Texts that mean something in one format or another.
const WORDS: [&str; 40] = [
    "\"",
    "\\",
    "\n",
    "\r\n",
    "\0",
    " ",
    "/",
    "..",
    "../",
    ".",
    "=",
    ":",
    "::",
    "#",
    "#!",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    "cfg(",
    "not(",
    "cargo::",
    "cargo:",
    "metadata=",
    "rustc-flags=-L",
    "0",
    "-1",
    "18446744073709551615",
    "null",
    "true",
    "{}",
    "[]",
    "ü",
    "\u{feff}",
    "include!(\"a\")",
    "macro_rules! m {",
    "/nix/store/",
];

/// xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// A changed input.
    fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(6) {
            let start = self.below(input.len() + 1);
            let end = start + self.below((input.len() - start).min(64) + 1);
            match self.below(7) {
                0 => input.truncate(start),
                1 => drop(input.drain(start..end)),
                2 => {
                    let part = input[start..end].to_vec();
                    input.splice(start..start, part);
                }
                3 if start < input.len() => input[start] = self.below(256) as u8,
                4 => {
                    let word = WORDS[self.below(WORDS.len())].bytes();
                    input.splice(start..start, word);
                }
                5 => {
                    let number = [0, 1, u64::MAX, u64::MAX / 2, 1 << 32][self.below(5)];
                    input.splice(start..end, number.to_le_bytes());
                }
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    let to = from + self.below((other.len() - from).min(256) + 1);
                    let part = other[from..to].to_vec();
                    input.splice(start..end, part);
                }
            }
        }
        input
    }
}

/// The files of a directory of this repository.
fn files(directory: &str, extension: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let walk = walkdir::WalkDir::new(directory).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    let chosen = entries.filter(|entry| {
        entry.file_type().is_file() && entry.path().to_string_lossy().ends_with(extension)
    });
    chosen
        .map(|entry| fs::read(entry.path()).unwrap())
        .collect()
}

fn parts(first: &str, second: &str) -> Vec<u8> {
    format!("{first}{SEPARATOR}{second}").into_bytes()
}

/// What cargo prints in a package that is the one of the target `graph`, with its directory as `@`.
fn documents() -> Vec<u8> {
    let temp = tempfile::tempdir().unwrap();
    let directory = fs::canonicalize(temp.path()).unwrap();
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlinks = \"z\"\n\
                    [features]\ndefault = [\"b\"]\nb = []\n[[bin]]\nname = \"c\"\npath = \"src/main.rs\"\n";
    fs::create_dir(directory.join("src")).unwrap();
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    for file in ["src/lib.rs", "src/main.rs", "build.rs"] {
        fs::write(directory.join(file), "fn main() {}\n").unwrap();
    }
    let cargo = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "-Zunstable-options"])
            .current_dir(&directory)
            .env("__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS", "nightly")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.replace(&*directory.to_string_lossy(), "@")
    };
    let units = cargo(&["build", "--unit-graph"]);
    let metadata = cargo(&["metadata", "--format-version", "1"]);
    let input = parts(&units, &metadata);
    let there = |text: String| text.replace('@', &directory.to_string_lossy());
    let graph = dyndrv::graph::fuzzing::graph(&directory, &there(units), &there(metadata));
    assert_eq!(graph.unwrap().units().count(), 4);
    input
}

/// An archive with a file, links and a long name.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &str, kind: tar::EntryType, target: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        if target.is_empty() {
            builder
                .append_data(&mut header, path, text.as_bytes())
                .unwrap();
        } else {
            builder.append_link(&mut header, path, target).unwrap();
        }
    };
    let long = format!("a-1/{}/x", "l".repeat(120));
    add("a-1/Cargo.toml", tar::EntryType::Regular, "", "[package]\n");
    add("a-1/src", tar::EntryType::Directory, "", "");
    add("a-1/src/lib.rs", tar::EntryType::Regular, "", "");
    add(&long, tar::EntryType::Regular, "", "long\n");
    add("a-1/src/link", tar::EntryType::Symlink, "../Cargo.toml", "");
    add("a-1/hard", tar::EntryType::Link, "a-1/Cargo.toml", "");
    builder.into_inner().unwrap()
}

/// A daemon that says yes, and tells of a build.
fn daemon() -> Vec<u8> {
    let mut answers: Vec<u8> = Vec::new();
    let number = |answers: &mut Vec<u8>, number: u64| answers.extend(number.to_le_bytes());
    let text = |answers: &mut Vec<u8>, text: &str| {
        answers.extend((text.len() as u64).to_le_bytes());
        answers.extend(text.bytes());
        answers.resize(answers.len().next_multiple_of(8), 0);
    };
    const LAST: u64 = 0x616c_7473;
    const START: u64 = 0x5354_5254;
    const RESULT: u64 = 0x5253_4c54;
    const STOP: u64 = 0x5354_4f50;
    const NEXT: u64 = 0x6f6c_6d67;
    for value in [0x6478_696f, 0x123] {
        number(&mut answers, value);
    }
    text(&mut answers, "2.34.8");
    for value in [1, LAST, LAST, LAST, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "/nix/store/a");
    number(&mut answers, LAST);
    text(&mut answers, "/nix/store/b");
    text(&mut answers, "");
    text(&mut answers, "sha256:x");
    for value in [0, 7, 5, 1, 0] {
        number(&mut answers, value);
    }
    text(&mut answers, "text:sha256:x");
    for value in [START, 1, 3, 105] {
        number(&mut answers, value);
    }
    text(&mut answers, "building");
    for value in [2, 0, 9, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "/nix/store/a.drv");
    for value in [0, RESULT, 1, 101, 1, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "a line");
    number(&mut answers, NEXT);
    text(&mut answers, "a message");
    for value in [STOP, 1, LAST, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "/nix/store/a.drv!out");
    number(&mut answers, 0);
    text(&mut answers, "");
    for value in [1, 0, 1, 2, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "sha256:x!out");
    text(&mut answers, "{}");
    for value in [LAST, 1] {
        number(&mut answers, value);
    }
    text(&mut answers, "out");
    text(&mut answers, "/nix/store/c");
    for value in [LAST, 1] {
        number(&mut answers, value);
    }
    answers
}

/// Real inputs of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match target {
        "archive" => vec![archive()],
        "bundle" => texts(&[
            "dyndrv bundle 1\n[{\"path\":\"a/b.rs\",\"size\":3},{\"path\":\"c\",\"target\":\"a/b.rs\"},\
             {\"path\":\"d\",\"directory\":null},{\"path\":\"e\",\"size\":2,\"executable\":true}]\nabcde",
        ]),
        "configuration" => vec![parts(
            "{\"build\":{\"rustflags\":[\"-O\"],\"rustc-wrapper\":\"sccache\"},\"env\":{\"A\":{\"value\":\"x\",\
             \"relative\":true},\"B\":\"y\"},\"target\":{\"cfg(all(unix, not(windows)))\":{\"linker\":\"scripts/ld\",\
             \"rustflags\":\"-C opt-level=1\"},\"x86_64-unknown-linux-gnu\":{\"runner\":[\"run\",\"-v\"],\"z\":\
             {\"rustc-link-lib\":[\"z\"],\"rustc-env\":{\"C\":\"d\"}}}},\"profile\":{\"a\":{\"inherits\":\"dev\"}}}",
            "env.A.value = \"x\" # /source/.cargo/config.toml\ntarget.'cfg(unix)'.runner = [\n    \"scripts/run\", \
             # /source/.cargo/config.toml\n]\ntarget.\"cfg(all(unix, not(windows)))\".linker = \"scripts/ld\" \
             # /source/.cargo/config.toml\n",
        )],
        "daemon" => vec![daemon()],
        "dep_info" => texts(&[
            "/x/liba.rlib: src/lib.rs src/with\\ space.rs /nix/store/a-b/c\n\nsrc/lib.rs:\n\n# env-dep:A=b\n",
        ]),
        "derivation" | "store_path" => files("tests/fixtures/drv", ".drv"),
        "graph" => vec![documents()],
        "instructions" => texts(&[
            "cargo::rustc-cfg=a=\"b\"\ncargo:rustc-flags=-lx -L /y\ncargo::metadata=k=v\ncargo:root=/z\n\
             cargo::rustc-env=A=b=c\ncargo::rustc-link-arg=-x\ncargo:rustc-link-search=native=/z\nnews\n\
             cargo::rustc-check-cfg=cfg(a, values(any()))\ncargo::warning=w\ncargo::rerun-if-changed=a\n",
        ]),
        "lock_file" => vec![
            parts(
                include_str!("../Cargo.lock"),
                "[source.crates-io]\nreplace-with = \"vendored-sources\"\n[source.vendored-sources]\n\
                 directory = \"vendor\"\n",
            ),
            parts(
                "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                 source = \"git+https://example.org/a?branch=b%2Fc#0123\"\n[[package]]\nname = \"d\"\n\
                 version = \"1.0.0\"\nsource = \"sparse+https://example.org/index/\"\n",
                "[source.mine]\ngit = \"https://example.org/a\"\nbranch = \"b/c\"\n",
            ),
        ],
        "manifest" => {
            let configuration =
                "include = [\"../b.toml\", { path = \"c.toml\", optional = true }]\n";
            let manifests = files("examples", "Cargo.toml");
            let manifests = manifests.iter().map(|text| String::from_utf8_lossy(text));
            manifests.map(|text| parts(&text, configuration)).collect()
        }
        "scan" => files("builder/src", ".rs"),
        other => panic!("the target `{other}` has no inputs"),
    }
}

#[test]
fn every_target_takes_real_and_changed_inputs() {
    let mut failures = Vec::new();
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name}");
        let runs = match name {
            "archive" | "bundle" | "scan" => RUNS_WITH_FILES,
            _ => RUNS,
        };
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let changed = (0..runs).map(|_| random.changed(&seeds));
        for input in seeds.iter().cloned().chain(changed) {
            if panic::catch_unwind(|| target(&input)).is_err() {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
                fs::write(&file, &input).unwrap();
                failures.push(format!("{name}: {}", file.display()));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
#[ignore = "writes the inputs that `dev/soak fuzz` starts from into DYNDRV_FUZZ_CORPUS"]
fn write_corpus() {
    let corpus = std::env::var_os("DYNDRV_FUZZ_CORPUS").expect("DYNDRV_FUZZ_CORPUS");
    for (name, _) in TARGETS {
        let directory = Path::new(&corpus).join(name);
        fs::create_dir_all(&directory).unwrap();
        for (number, input) in seeds(name).iter().enumerate() {
            fs::write(directory.join(format!("seed-{number}")), input).unwrap();
        }
    }
}
