//! Matching records with predictions.
//!
//! cargo's hashes are not ours. A record is compared once all hashes in it that belong to other
//! units are known: these are replaced by our identities, its own are learned from an equal
//! prediction that has no record yet. So the records are matched from the leaves up, and an edge
//! to the wrong one of two similar units is a difference.

use super::predict::Prediction;
use super::standin::Record;
use dyndrv::graph::rules::command::Invocation;
use dyndrv::graph::{Graph, UnitRef};
use std::collections::BTreeMap;

/// Set by us or by the machine, or of no influence on what is built.
const IGNORED: [&str; 16] = [
    "PATH",
    "HOME",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_TERM_COLOR",
    "DYNDRV_TEST_RECORDS",
    "DYNDRV_TEST_RUSTC",
    "LD_LIBRARY_PATH",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "LLVM_PROFILE_FILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "RUSTFLAGS",
];

/// Stands for a unit's own hash.
const OWN: &str = "<own>";

/// All differences between what cargo did and what was expected.
pub fn differences(
    graph: &Graph,
    predictions: Vec<Prediction>,
    records: Vec<Record>,
) -> Vec<String> {
    let (hashes, overridden) = (foreign_hashes(), overridden(graph));
    let hidden = |prediction: Prediction| {
        let hidden = hide(&prediction.invocation, &prediction.id);
        (prediction, hidden)
    };
    let open = predictions.into_iter().map(hidden).collect();
    Matching {
        open,
        hashes,
        overridden,
    }
    .differences(records)
}

/// The stand-in's own name has a hash, which stands for itself.
fn foreign_hashes() -> BTreeMap<String, String> {
    let itself = std::env::current_exe().unwrap();
    let hash = next_hash(itself.to_str().unwrap()).map(|(_, hash, _)| hash.to_owned());
    hash.into_iter().map(|hash| (hash.clone(), hash)).collect()
}

/// The end of the path, up to the hash, and our identity of each build script that is replaced.
fn overridden(graph: &Graph) -> BTreeMap<String, String> {
    let runs = graph.units().filter(|unit| unit.overridden.is_some());
    let path = |run: UnitRef<'_>| format!("/build/{}-", run.package().name);
    runs.map(|run| (path(run), run.identity().to_string()))
        .collect()
}

struct Matching {
    /// The expected processes that have no record yet, with their own identities hidden.
    open: Vec<(Prediction, Invocation)>,
    /// Our identity for each of cargo's hashes.
    hashes: BTreeMap<String, String>,
    /// Our identity for each replaced build script, by the end of its path.
    overridden: BTreeMap<String, String>,
}

/// A record in our terms.
struct Translated {
    invocation: Invocation,
    own_hash: String,
    /// Whether all hashes of other units are known.
    complete: bool,
}

impl Matching {
    fn differences(mut self, mut records: Vec<Record>) -> Vec<String> {
        loop {
            let before = records.len();
            records.retain(|record| !self.match_record(record));
            if records.len() == before {
                break;
            }
        }
        let mut differences: Vec<String> = records.iter().map(|r| self.explain(r)).collect();
        let never_run = self.open.iter().map(|(prediction, _)| &prediction.label);
        differences.extend(never_run.map(|label| format!("never run by cargo: {label}")));
        differences
    }

    /// Whether an open prediction equals the record; if so, learns its hash.
    fn match_record(&mut self, record: &Record) -> bool {
        let seen = self.translate(record);
        let equal = |(_, hidden): &(Prediction, Invocation)| *hidden == seen.invocation;
        let found = self.open.iter().position(equal).filter(|_| seen.complete);
        if let Some(index) = found {
            let (prediction, _) = self.open.swap_remove(index);
            self.hashes.insert(seen.own_hash, prediction.id);
        }
        found.is_some()
    }

    fn translate(&self, record: &Record) -> Translated {
        let own_hash = own_hash(record);
        let mut invocation = Invocation {
            args: record.args.clone(),
            env: record.env.clone(),
            cwd: record.cwd.clone(),
        };
        if record.is_script() {
            invocation.args = vec![record.program.clone()];
        }
        invocation
            .env
            .retain(|name, _| !IGNORED.contains(&name.as_str()));
        let mut complete = true;
        each_text(&mut invocation, |text| {
            let mut result = String::new();
            let mut rest = text.as_str();
            while let Some((before, hash, after)) = next_hash(rest) {
                let known = self.hashes.get(hash).or_else(|| self.never_run(before));
                complete &= hash == own_hash || known.is_some();
                result.push_str(before);
                result.push_str(match known {
                    _ if hash == own_hash => OWN,
                    Some(id) => id,
                    None => hash,
                });
                rest = after;
            }
            result.push_str(rest);
            *text = result;
        });
        hide_metadata(&mut invocation);
        Translated {
            invocation,
            own_hash,
            complete,
        }
    }

    /// The identity of a replaced build script, which has no record, by the path before its hash.
    fn never_run(&self, path: &str) -> Option<&String> {
        let found = self
            .overridden
            .iter()
            .find(|(prefix, _)| path.ends_with(prefix.as_str()));
        found.map(|(_, id)| id)
    }

    /// Why a record has no equal: its difference to the prediction that is most like it.
    fn explain(&mut self, record: &Record) -> String {
        let seen = lines(&self.translate(record).invocation);
        let similar = |prediction: &Prediction| {
            let Invocation { args, env, .. } = &prediction.invocation;
            record.is_script() == (args.len() == 1)
                && (record.is_script() || args[1] == record.args[1])
                && env["CARGO_PKG_NAME"] == record.env["CARGO_PKG_NAME"]
        };
        let nearest = (self.open.iter().enumerate())
            .filter(|(_, (prediction, _))| similar(prediction))
            .map(|(index, (_, hidden))| (index, difference(&seen, &lines(hidden))))
            .min_by_key(|(_, difference)| difference.len());
        let Some((index, difference)) = nearest else {
            return format!("not predicted: {:?}", record.args);
        };
        let (prediction, _) = self.open.swap_remove(index);
        format!(
            "--- cargo\n+++ {}\n{}",
            prediction.label,
            difference.join("\n")
        )
    }
}

/// A record's own hash in cargo: of its file names, or of its build directory.
fn own_hash(record: &Record) -> String {
    if record.is_script() {
        return next_hash(&record.env["OUT_DIR"])
            .map(|(_, hash, _)| hash)
            .unwrap()
            .to_owned();
    }
    let extra = record
        .args
        .iter()
        .find_map(|arg| arg.strip_prefix("extra-filename=-"));
    extra.unwrap_or("no hash").to_owned()
}

fn hide(invocation: &Invocation, id: &str) -> Invocation {
    let mut hidden = invocation.clone();
    each_text(&mut hidden, |text| {
        if text.contains(id) {
            *text = text.replace(id, OWN);
        }
    });
    hide_metadata(&mut hidden);
    hidden
}

/// cargo has a hash of its own for `-C metadata`.
fn hide_metadata(invocation: &mut Invocation) {
    for arg in &mut invocation.args {
        if arg.starts_with("metadata=") {
            *arg = "metadata=".to_owned();
        }
    }
}

fn each_text(invocation: &mut Invocation, mut change: impl FnMut(&mut String)) {
    invocation
        .args
        .iter_mut()
        .filter(|arg| !arg.starts_with("metadata="))
        .for_each(&mut change);
    invocation.env.values_mut().for_each(&mut change);
}

/// The next `-` with sixteen hexadecimal digits and no more, split off.
fn next_hash(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('-').find_map(|(at, _)| {
        let hash = text.get(at + 1..at + 17)?;
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let end = !text[at + 17..].starts_with(|c: char| c.is_ascii_alphanumeric());
        (hash.chars().all(hex) && end).then(|| (&text[..at + 1], hash, &text[at + 17..]))
    })
}

fn lines(invocation: &Invocation) -> Vec<String> {
    let mut lines = vec![format!("cwd {}", invocation.cwd)];
    lines.extend(invocation.args.iter().map(|arg| format!("arg {arg}")));
    lines.extend(
        invocation
            .env
            .iter()
            .map(|(name, value)| format!("env {name}={value}")),
    );
    lines
}

/// Lines of only one side, and whether what both have is in the same order.
fn difference(cargo: &[String], ours: &[String]) -> Vec<String> {
    let mut difference: Vec<String> = Vec::new();
    let mut left: Vec<&String> = ours.iter().collect();
    for line in cargo {
        match left.iter().position(|other| *other == line) {
            Some(at) => {
                left.remove(at);
            }
            None => difference.push(format!("  - {line}")),
        }
    }
    difference.extend(left.iter().map(|line| format!("  + {line}")));
    if difference.is_empty() {
        let at = cargo
            .iter()
            .zip(ours)
            .position(|(a, b)| a != b)
            .unwrap_or_default();
        difference.push(format!("  another order from {:?} on", cargo.get(at)));
    }
    difference
}
