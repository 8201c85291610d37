//! Compares the scanner with what rustc and build scripts really read, over the corpus that
//! `bench/scan-corpus` makes. Run by `bench/scan`; needs that corpus, so it is ignored
//! otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod evaluation;
mod records;
mod runs;

use evaluation::Evaluation;
use records::{Graph, Record, host, load, source_root};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
#[ignore = "needs the corpus of bench/scan-corpus"]
fn corpus_against_rustc() {
    let records = load();
    let graph = Graph::of(&records);
    let host = host();
    let mut projects: BTreeMap<PathBuf, Vec<&Record>> = BTreeMap::new();
    for record in &records {
        projects
            .entry(source_root(record))
            .or_default()
            .push(record);
    }
    let mut evaluation = Evaluation {
        verbose: std::env::var_os("DYNDRV_VERBOSE").is_some(),
        ..Evaluation::default()
    };
    let only = std::env::var("DYNDRV_ONLY").unwrap_or_default();
    for (root, records) in &projects {
        if root.to_string_lossy().ends_with(&only) {
            evaluation.project(root, records, &graph, &host);
        }
    }
    evaluation.finish();
    if only.is_empty() {
        evaluation.goals();
    }
}

#[test]
#[ignore = "needs the corpus of bench/scan-corpus, and strace"]
fn runs_of_build_scripts_against_strace() {
    let records = load();
    let graph = Graph::of(&records);
    let host = host();
    let mut totals = runs::Totals::default();
    let only = std::env::var("DYNDRV_ONLY").unwrap_or_default();
    for record in &records {
        if source_root(record).to_string_lossy().ends_with(&only) {
            totals.script(record, &records, &graph, &host);
        }
    }
    totals.finish();
}
