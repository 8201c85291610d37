//! Comparing records with predictions.
//!
//! cargo's hashes are not ours. A record is compared once all hashes in it that belong to other
//! units are known: these are replaced by our identities, its own are learned from an equal
//! prediction that has no record yet. So the records are matched from the leaves up, and an edge
//! to the wrong one of two similar units is a difference.

use super::Outcome;
use super::command::CargoCommand;
use super::layout::CargoLayout;
use super::record::{Place, record};
use super::standin::{Record, directives, probe_file};
use super::toolchain::Toolchain;
use dyndrv::graph::command::{Invocation, build_script_invocation, envify, rustc_invocation};
use dyndrv::graph::layout::{Layout, package_dir};
use dyndrv::graph::linkage::Linkage;
use dyndrv::graph::{Graph, Mode, Request, skeleton};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// Compares one cargo command.
///
/// A failure of cargo, or of ours, is a difference too, and does not keep the others from running.
pub fn compare(name: &str, toolchain: &Toolchain, place: &Place, run: &CargoCommand) -> Outcome {
    let attempt = || compare_or_panic(name, toolchain, place, run);
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Outcome {
        name: format!("{name}: {}", run.text),
        rustc: 0,
        scripts: 0,
        differences: vec!["it failed, see above".to_owned()],
    })
}

fn compare_or_panic(
    name: &str,
    toolchain: &Toolchain,
    place: &Place,
    run: &CargoCommand,
) -> Outcome {
    let graph = ask(toolchain, place, run);
    let layout = CargoLayout { toolchain, place };
    let linkage = Linkage::new(&graph);
    let run_units = (0..graph.units.len()).filter(|&unit| graph.units[unit].overridden.is_none());
    let predictions = run_units
        .map(|unit| predict(&linkage, unit, &layout))
        .collect();
    let records = record(toolchain, place, run);
    let scripts = records.iter().filter(|record| record.is_script()).count();
    Outcome {
        name: format!("{name}: {}", run.text),
        rustc: records.len() - scripts,
        scripts,
        differences: Matching {
            predictions,
            hashes: foreign_hashes(),
            overridden: overridden(&graph),
        }
        .differences(records),
    }
}

/// The stand-in's own name has a hash, which stands for itself.
fn foreign_hashes() -> BTreeMap<String, String> {
    let itself = std::env::current_exe().unwrap();
    let hash = next_hash(itself.to_str().unwrap()).map(|(_, hash, _)| hash.to_owned());
    hash.into_iter().map(|hash| (hash.clone(), hash)).collect()
}

/// The end of the path, up to the hash, and our identity of each build script that is replaced.
fn overridden(graph: &Graph) -> BTreeMap<String, String> {
    let runs = (0..graph.units.len()).filter(|&unit| graph.units[unit].overridden.is_some());
    let path = |run: usize| format!("/build/{}-", graph.package(run).name);
    runs.map(|run| (path(run), graph.units[run].id.clone()))
        .collect()
}

/// Our graph, from a skeleton and not from the sources, as it is in real use.
pub fn ask(toolchain: &Toolchain, place: &Place, run: &CargoCommand) -> Graph {
    let scratch = place.scratch.join("ask");
    let source = scratch.join("skeleton");
    let _ = fs::remove_dir_all(&scratch);
    skeleton::write(&place.source, &source).unwrap();
    let request = Request {
        cargo_home: None,
        source,
        manifest_dir: place.dir.clone(),
        vendor: place.vendor.clone(),
        cargo: toolchain.cargo.clone(),
        rustc: toolchain.rustc.clone(),
        scratch,
        selection: run.selection.clone(),
        rustflags: run.rustflags.clone(),
    };
    let graph = dyndrv::graph::ask(&request).unwrap_or_else(|error| panic!("{error}"));
    let text = serde_json::to_string(&graph).unwrap();
    assert!(
        !text.contains(place.scratch.to_str().unwrap()),
        "an absolute path in the graph"
    );
    assert_eq!(serde_json::from_str::<Graph>(&text).unwrap(), graph);
    graph
}

/// What a process is expected to be, with our identities.
struct Prediction {
    label: String,
    id: String,
    invocation: Invocation,
}

fn predict(linkage: &Linkage<'_>, unit: usize, layout: &CargoLayout<'_>) -> Prediction {
    let graph = linkage.graph();
    let mut invocation = match graph.units[unit].mode {
        Mode::RunCustomBuild => build_script_invocation(linkage, unit, layout),
        _ => rustc_invocation(linkage, unit, layout),
    };
    match graph.units[unit].mode {
        Mode::RunCustomBuild => {
            for (run, links) in linkage.dep_metadata(unit) {
                for (key, value) in answers(graph, run, layout).metadata {
                    let name = format!("DEP_{}_{}", envify(links), envify(&key));
                    invocation.env.insert(name, value);
                }
            }
            let script = graph.script_of(unit).unwrap();
            let program = &graph.target(unit).name;
            invocation.args = vec![format!("{}/{program}", layout.build_dir(graph, script))];
        }
        _ => add_answers(linkage, unit, layout, &mut invocation),
    }
    Prediction {
        label: format!("{} {}", graph.label(unit), graph.units[unit].id),
        id: graph.units[unit].id.clone(),
        invocation,
    }
}

/// What the stand-in's build scripts say.
#[derive(Default)]
struct Answers {
    own_search: Vec<String>,
    search: Vec<String>,
    libs: Vec<String>,
    link_args: Vec<(String, String)>,
    cfgs: Vec<String>,
    check_cfgs: Vec<String>,
    env: Vec<(String, String)>,
    metadata: Vec<(String, String)>,
}

fn answers(graph: &Graph, run: usize, layout: &CargoLayout<'_>) -> Answers {
    let dir = package_dir(layout, graph, graph.units[run].package);
    let out_dir = layout.out_dir(graph, run).unwrap();
    let extra = fs::read_to_string(probe_file(&dir)).unwrap_or_default();
    let text = match &graph.units[run].overridden {
        None => directives(&graph.package(run).name, &out_dir, &extra),
        Some(list) => list
            .iter()
            .map(|(key, value)| format!("cargo:{key}={value}\n"))
            .collect(),
    };
    let mut answers = Answers::default();
    for line in text.lines() {
        let (key, value) = line.trim_start_matches("cargo:").split_once('=').unwrap();
        let value = value.to_owned();
        match key {
            "rustc-link-search" if value.contains(&out_dir) => answers.own_search.push(value),
            "rustc-link-search" => answers.search.push(value),
            "rustc-link-lib" => answers.libs.push(value),
            "rustc-link-arg" => answers.link_args.push(("all".to_owned(), value)),
            "rustc-link-arg-bin" => {
                let (bin, value) = value.split_once('=').unwrap();
                answers
                    .link_args
                    .push((format!("bin:{bin}"), value.to_owned()));
            }
            "rustc-cfg" => answers.cfgs.push(value),
            "rustc-check-cfg" => answers.check_cfgs.push(value),
            "rustc-env" => {
                let (name, value) = value.split_once('=').unwrap();
                answers.env.push((name.to_owned(), value.to_owned()));
            }
            key => match key.strip_prefix("rustc-link-arg-") {
                Some(kind) => answers.link_args.push((kind.to_owned(), value)),
                None => answers.metadata.push((key.to_owned(), value)),
            },
        }
    }
    answers
}

/// What build scripts add to a command line; in real use, the builder does this.
fn add_answers(
    linkage: &Linkage<'_>,
    unit: usize,
    layout: &CargoLayout<'_>,
    invocation: &mut Invocation,
) {
    let scripts: Vec<_> = linkage
        .scripts(unit)
        .into_iter()
        .map(|script| (answers(linkage.graph(), script.run, layout), script))
        .collect();
    let args = &mut invocation.args;
    let mut push = |option: &str, value: String| args.extend([option.to_owned(), value]);
    for (answers, _) in &scripts {
        answers
            .own_search
            .iter()
            .for_each(|dir| push("-L", dir.clone()));
    }
    for (answers, _) in &scripts {
        answers
            .search
            .iter()
            .for_each(|dir| push("-L", dir.clone()));
    }
    for (answers, script) in &scripts {
        if script.libs {
            answers.libs.iter().for_each(|lib| push("-l", lib.clone()));
        }
        for (kind, arg) in &answers.link_args {
            if script.link_args.contains(kind) {
                push("-C", format!("link-arg={arg}"));
            }
        }
    }
    for (answers, _) in scripts.iter().filter(|(_, script)| script.own) {
        answers
            .cfgs
            .iter()
            .for_each(|cfg| push("--cfg", cfg.clone()));
        answers
            .check_cfgs
            .iter()
            .for_each(|cfg| push("--check-cfg", cfg.clone()));
        invocation.env.extend(answers.env.iter().cloned());
    }
}

struct Matching {
    predictions: Vec<Prediction>,
    /// Our identity for each of cargo's hashes.
    hashes: BTreeMap<String, String>,
    /// Our identity for each replaced build script, by the end of its path.
    overridden: BTreeMap<String, String>,
}

impl Matching {
    fn differences(mut self, mut records: Vec<Record>) -> Vec<String> {
        let mut open: BTreeSet<usize> = (0..self.predictions.len()).collect();
        loop {
            let before = records.len();
            records.retain(|record| !self.match_record(record, &mut open));
            if records.len() == before {
                break;
            }
        }
        let mut differences: Vec<String> = records
            .iter()
            .map(|record| self.explain(record, &mut open))
            .collect();
        differences.extend(
            open.iter()
                .map(|&i| format!("never run by cargo: {}", self.predictions[i].label)),
        );
        differences
    }

    /// Whether an open prediction equals the record; if so, learns its hash.
    fn match_record(&mut self, record: &Record, open: &mut BTreeSet<usize>) -> bool {
        let Some((seen, hash)) = self.normalize(record) else {
            return false;
        };
        let found = open.iter().copied().find(|&index| {
            let prediction = &self.predictions[index];
            seen == hide(&prediction.invocation, &prediction.id)
        });
        if let Some(index) = found {
            open.remove(&index);
            self.hashes.insert(hash, self.predictions[index].id.clone());
        }
        found.is_some()
    }

    /// The record in our terms, and its own hash; none while a hash in it is unknown.
    fn normalize(&self, record: &Record) -> Option<(Invocation, String)> {
        let own = own_hash(record);
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
        let mut unknown = false;
        each_text(&mut invocation, |text| {
            let mut result = String::new();
            let mut rest = text.as_str();
            while let Some((before, hash, after)) = next_hash(rest) {
                result.push_str(before);
                match self.hashes.get(hash) {
                    _ if hash == own => result.push_str(OWN),
                    Some(id) => result.push_str(id),
                    None if self.never_run(before).is_some() => {
                        result.push_str(self.never_run(before).unwrap());
                    }
                    None => {
                        unknown = true;
                        result.push_str(hash);
                    }
                }
                rest = after;
            }
            result.push_str(rest);
            *text = result;
        });
        hide_metadata(&mut invocation);
        (!unknown).then_some((invocation, own))
    }

    /// The identity of a replaced build script, which has no record, by the path before its hash.
    fn never_run(&self, path: &str) -> Option<&String> {
        let runs = self.overridden.iter();
        runs.filter(|(prefix, _)| path.ends_with(prefix.as_str()))
            .map(|(_, id)| id)
            .next()
    }

    /// Why a record has no equal: its difference to the prediction that is most like it.
    fn explain(&self, record: &Record, open: &mut BTreeSet<usize>) -> String {
        let crate_name = |args: &[String]| args.get(1).cloned();
        let plain = |text: &str| text.to_owned();
        let record_lines = {
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
            let own = own_hash(record);
            each_text(&mut invocation, |text| {
                for (hash, id) in &self.hashes {
                    if text.contains(hash.as_str()) {
                        *text = text.replace(hash.as_str(), id);
                    }
                }
                *text = text.replace(&own, OWN);
            });
            hide_metadata(&mut invocation);
            lines(&invocation)
        };
        let nearest = open
            .iter()
            .copied()
            .filter(|&index| {
                let prediction = &self.predictions[index].invocation;
                record.is_script() == (prediction.args.len() == 1)
                    && (record.is_script()
                        || crate_name(&prediction.args) == crate_name(&record.args))
                    && prediction.env["CARGO_PKG_NAME"] == record.env["CARGO_PKG_NAME"]
            })
            .map(|index| {
                let prediction = &self.predictions[index];
                let predicted = lines(&hide(&prediction.invocation, &prediction.id));
                (index, difference(&record_lines, &predicted))
            })
            .min_by_key(|(_, difference)| difference.len());
        match nearest {
            Some((index, difference)) => {
                open.remove(&index);
                format!(
                    "--- cargo\n+++ {}\n{}",
                    self.predictions[index].label,
                    difference.join("\n")
                )
            }
            None => format!(
                "not predicted: {:?}",
                record.args.iter().map(|a| plain(a)).collect::<Vec<_>>()
            ),
        }
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
