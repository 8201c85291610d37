//! A scan for people and for programs.

use super::lists::{EntryKind, Listed, Scan, UnitFiles, Width};
use super::request::{Request, Unit, UnitKind};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A unit's list as a tree: under each file those that it brings in, with the line and the
/// construct that does.
///
/// ```text
/// ripgrep: bin rg
///   crates/core/main.rs
///     crates/core/flags/mod.rs (line 12: mod flags;)
/// ```
pub fn text(request: &Request, scan: &Scan) -> String {
    let mut out = String::new();
    for (unit, files) in request.units.iter().zip(&scan.units) {
        unit_text(&mut out, request, unit, files);
    }
    out
}

fn unit_text(out: &mut String, request: &Request, unit: &Unit, files: &UnitFiles) {
    let package = request
        .packages
        .get(unit.package)
        .map_or("", |package| &package.name);
    let count = files.files.len();
    let plural = if count == 1 { "" } else { "s" };
    put(
        out,
        0,
        &format!(
            "{package}: {} {} ({count} file{plural})",
            kind_name(unit),
            unit.name
        ),
    );
    for fallback in &files.fallbacks {
        let place = fallback
            .at
            .as_ref()
            .map_or(String::new(), |at| format!(" ({}:{})", at.file, at.line));
        let known = fallback
            .known_from
            .as_ref()
            .map_or(String::new(), |source| format!(", as in {source}"));
        let to = match &fallback.to {
            Width::Directory { dir, suffix } => format!("{dir}/**{suffix}"),
            Width::Package => "the whole package".to_owned(),
            Width::Workspace => "the whole workspace".to_owned(),
        };
        put(
            out,
            1,
            &format!("! widened to {to}: {}{place}{known}", fallback.what),
        );
    }
    for absent in &files.absent {
        put(
            out,
            1,
            &format!(
                "? not there: {} ({}:{})",
                absent.what, absent.at.file, absent.at.line
            ),
        );
    }
    tree_text(out, files);
}

/// Walks the reasons as a tree, without recursion: chains of modules can be long.
fn tree_text(out: &mut String, files: &UnitFiles) {
    let mut children: BTreeMap<&str, Vec<(u32, &str)>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (path, listed) in &files.files {
        match &listed.reason.at {
            Some(at) if files.files.contains_key(&at.file) && at.file != *path => {
                children.entry(&at.file).or_default().push((at.line, path));
            }
            _ => roots.push(path.as_str()),
        }
    }
    let mut shown = BTreeSet::new();
    let mut todo: Vec<(usize, &str)> = roots.into_iter().rev().map(|root| (1, root)).collect();
    while let Some((depth, path)) = todo.pop() {
        if !shown.insert(path) {
            continue;
        }
        if let Some(listed) = files.files.get(path) {
            put(out, depth, &format!("{path}{}", note(listed)));
        }
        let mut below = children.remove(path).unwrap_or_default();
        below.sort_unstable();
        todo.extend(below.into_iter().rev().map(|(_, child)| (depth + 1, child)));
    }
}

fn note(listed: &Listed) -> String {
    let link = match &listed.kind {
        EntryKind::File => String::new(),
        EntryKind::Symlink(target) => format!(" -> {target}"),
        EntryKind::Directory => "/".to_owned(),
    };
    let reason = &listed.reason;
    match &reason.at {
        Some(at) => format!("{link} (line {}: {})", at.line, reason.what),
        None => format!("{link} ({})", reason.what),
    }
}

fn put(out: &mut String, depth: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:width$}{line}", "", width = depth * 2);
}

fn kind_name(unit: &Unit) -> &'static str {
    use UnitKind::*;
    match unit.kind {
        Lib => "library",
        Bin => "binary",
        Test => "test",
        Bench => "benchmark",
        Example => "example",
        BuildScript => "build script",
        RunBuildScript => "run of build script",
    }
}

#[derive(Serialize)]
struct JsonUnit<'a> {
    package: &'a str,
    target: &'a str,
    kind: UnitKind,
    crate_root: &'a str,
    #[serde(flatten)]
    files: &'a UnitFiles,
}

/// The lists as JSON: an array with one object per unit, in the order of the request.
pub fn json(request: &Request, scan: &Scan) -> serde_json::Result<String> {
    let units: Vec<_> = request
        .units
        .iter()
        .zip(&scan.units)
        .map(|(unit, files)| JsonUnit {
            package: request
                .packages
                .get(unit.package)
                .map_or("", |package| &package.name),
            target: &unit.name,
            kind: unit.kind,
            crate_root: &unit.crate_root,
            files,
        })
        .collect();
    serde_json::to_string_pretty(&units)
}
