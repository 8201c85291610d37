//! The tables of what is supported, and what is refused: whatever a row says it is checked by
//! exists, every error is one of the sources', and nothing that is checked is left out.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The document with the tables.
const DOCUMENT: &str = "README.md";

/// One check of a row: its kind, and its name.
type Check = (String, String);

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of the rows between `<!-- NAME -->` and `<!-- end -->`.
fn rows(name: &str) -> Vec<Vec<String>> {
    let document = read(DOCUMENT);
    let (_, after) = document
        .split_once(&format!("<!-- {name} -->\n"))
        .unwrap_or_else(|| panic!("{DOCUMENT} has no table `{name}`"));
    let (table, _) = after.split_once("<!-- end -->").expect("the table's end");
    let rows = table.lines().skip(2);
    let rows: Vec<_> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim))
        .map(|cells| cells.map(str::to_owned).collect())
        .collect();
    assert!(rows.len() > 5, "the table `{name}` has hardly a row");
    rows
}

/// ``KIND `NAME`, KIND `NAME` `` of the last cell.
fn checks(row: &[String]) -> Vec<Check> {
    let cell = row.last().unwrap();
    let parts = cell.split(", ").filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let check = part.split_once(" `").and_then(|(kind, name)| {
                Some((kind.to_owned(), name.strip_suffix('`')?.to_owned()))
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

/// Whether `FILE::…::NAME` is a function of `directory/FILE.rs` that is a test.
fn is_test(directory: &str, name: &str) -> bool {
    let (file, function) = (name.split("::").next(), name.rsplit("::").next());
    let text = read(&format!("{directory}/{}.rs", file.unwrap()));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let start = format!("fn {}(", function.unwrap());
    lines
        .windows(2)
        .any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&start))
}

fn exists((kind, name): &Check) -> bool {
    match kind.as_str() {
        "workspace" => workspaces().contains(name),
        "program" => programs().contains(name),
        "published" => published().contains(name),
        "nix" => is_test("tests/nix", name),
        "test" => is_test("tests", name),
        _ => false,
    }
}

/// All text below the directories that errors come from.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pending: Vec<PathBuf> = vec![root.join("src"), root.join("nix")];
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
    let tables = [rows("supported"), rows("refused")].concat();
    let checks: Vec<Check> = tables.iter().flat_map(|row| checks(row)).collect();
    let missing: Vec<&Check> = checks.iter().filter(|check| !exists(check)).collect();
    assert!(missing.is_empty(), "no such check: {missing:?}");
}

#[test]
fn whatever_is_supported_is_checked() {
    for row in rows("supported") {
        assert!(!checks(&row).is_empty(), "nothing checks: {}", row[0]);
    }
}

#[test]
fn every_synthetic_workspace_is_in_the_table() {
    let named: BTreeSet<String> = rows("supported")
        .iter()
        .flat_map(|row| checks(row))
        .filter(|(kind, _)| kind == "workspace")
        .map(|(_, name)| name)
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
