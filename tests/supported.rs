//! The book's tables of what is supported, what is refused, and what once differed from cargo.
//!
//! The last cell of a row lists what `dev/test` checks, and behind `by hand:` what somebody has to
//! run. Each check exists and stands on its side, every error is one of the sources', and nothing
//! that is checked is left out.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The tables, and the document that each is in.
const TABLES: [(&str, &str); 3] = [
    ("supported", "docs/src/supported.md"),
    ("refused", "docs/src/supported.md"),
    ("agreement", "docs/src/agreement.md"),
];

/// What parts the checks of a row.
const BY_HAND: &str = "by hand: ";

/// One check of a row.
#[derive(Debug)]
struct Check {
    kind: String,
    name: String,
    /// Whether the row says that somebody has to run it.
    by_hand: bool,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of the rows between `<!-- NAME -->` and `<!-- end -->`.
fn rows(name: &str) -> Vec<Vec<String>> {
    let (_, document) = TABLES.iter().find(|(table, _)| *table == name).unwrap();
    let text = read(document);
    let (_, after) = text
        .split_once(&format!("<!-- {name} -->\n"))
        .unwrap_or_else(|| panic!("{document} has no table `{name}`"));
    let (table, _) = after.split_once("<!-- end -->").expect("the table's end");
    let rows = table.lines().skip(2);
    let rows: Vec<_> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim))
        .map(|cells| cells.map(str::to_owned).collect())
        .collect();
    assert!(rows.len() > 5, "the table `{name}` has hardly a row");
    rows
}

/// ``KIND `NAME`, KIND `NAME`; by hand: KIND `NAME` `` of the last cell.
fn checks(row: &[String]) -> Vec<Check> {
    let cell = row.last().unwrap();
    let sides: Vec<(bool, &str)> =
        match (cell.strip_prefix(BY_HAND), cell.split_once("; by hand: ")) {
            (Some(hand), _) => vec![(true, hand)],
            (None, Some((test, hand))) => vec![(false, test), (true, hand)],
            (None, None) => vec![(false, cell)],
        };
    let parts = sides
        .into_iter()
        .flat_map(|(by_hand, side)| side.split(", ").map(move |part| (by_hand, part)));
    parts
        .map(|(by_hand, part)| {
            let check = part.split_once(" `").and_then(|(kind, name)| {
                Some(Check {
                    kind: kind.to_owned(),
                    name: name.strip_suffix('`')?.to_owned(),
                    by_hand,
                })
            });
            check.unwrap_or_else(|| panic!("`{part}` is not: kind `name`"))
        })
        .collect()
}

/// The published packages of the differential test.
fn published() -> BTreeSet<String> {
    let text = read("tests/oracle/corpus.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| Some(line.split_once('@')?.0.to_owned()))
        .collect()
}

/// The programs that `dev/corpus` builds by default.
fn programs() -> BTreeSet<String> {
    let text = read("dev/corpus");
    let (_, list) = text.split_once("programs=(").expect("the list");
    let (list, _) = list.split_once("\n)").expect("the list's end");
    let names = list
        .lines()
        .flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    names
        .map(|name| name.strip_suffix("-dev").unwrap_or(name).to_owned())
        .collect()
}

/// The synthetic workspaces of the differential test.
fn workspaces() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/workspaces");
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| file.unwrap().path())
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Whether `MODULE::…::NAME` is a test of that module of `directory`, and if so, whether it is ignored.
fn is_ignored(directory: &str, name: &str) -> Option<bool> {
    let (modules, function) = name.rsplit_once("::")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A module is a file, or lies in the file of the one around it.
    let parents = modules.rmatch_indices("::").map(|(at, _)| &modules[..at]);
    let mut files = std::iter::once(modules).chain(parents).flat_map(|path| {
        let path = path.replace("::", "/");
        [".rs", "/mod.rs", "/main.rs"].map(|end| format!("{directory}/{path}{end}"))
    });
    let text = read(&files.find(|file| root.join(file).exists())?);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let start = format!("fn {function}(");
    let at = lines.iter().position(|line| line.starts_with(&start))?;
    let attributes: Vec<&&str> = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#["))
        .collect();
    let has = |attribute: &str| attributes.iter().any(|line| line.starts_with(attribute));
    has("#[test]").then(|| has("#[ignore"))
}

/// Whether it exists, and `dev/test` runs it if the row says so, and only then.
fn exists(check: &Check) -> bool {
    let Check {
        kind,
        name,
        by_hand,
    } = check;
    match (kind.as_str(), by_hand) {
        ("workspace", false) => workspaces().contains(name),
        ("program", true) => programs().contains(name),
        ("published", true) => published().contains(name),
        ("nix", false) => is_ignored("tests/nix", name) == Some(false),
        ("test", false) => is_ignored("tests", name) == Some(false),
        ("packages", true) => is_ignored("tests/nix", name) == Some(true),
        _ => false,
    }
}

/// All text below the directories that errors come from.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pending: Vec<PathBuf> = ["src", "nix", "builder/src"]
        .map(|dir| root.join(dir))
        .into();
    let mut text = String::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn every_check_of_the_tables_exists() {
    let tables = TABLES.map(|(name, _)| rows(name)).concat();
    let checks: Vec<Check> = tables.iter().flat_map(|row| checks(row)).collect();
    let wrong: Vec<&Check> = checks.iter().filter(|check| !exists(check)).collect();
    assert!(
        wrong.is_empty(),
        "no such check, or on the wrong side: {wrong:?}"
    );
}

#[test]
fn no_cell_is_empty() {
    for row in TABLES.map(|(name, _)| rows(name)).concat() {
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn every_synthetic_workspace_is_in_the_table() {
    let named: BTreeSet<String> = rows("supported")
        .iter()
        .flat_map(|row| checks(row))
        .filter(|check| check.kind == "workspace")
        .map(|check| check.name)
        .collect();
    let unnamed: Vec<String> = workspaces().difference(&named).cloned().collect();
    assert!(unnamed.is_empty(), "add rows for {unnamed:?}");
}

#[test]
fn every_error_of_the_table_is_one_of_the_sources() {
    let sources = sources();
    for row in rows("refused") {
        let error = row[1].trim_matches('`');
        assert!(sources.contains(error), "no source says: {error}");
    }
}

#[test]
fn every_program_that_is_built_has_a_version() {
    let unpinned: Vec<String> = programs().difference(&published()).cloned().collect();
    assert!(
        unpinned.is_empty(),
        "{unpinned:?} are not in tests/oracle/corpus.txt"
    );
}
