//! This edit builds exactly these units.

use crate::project::Project;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

/// How a file is edited. `NONCE` in a text is replaced by something that no
/// earlier run of the test has built.
enum Edit {
    /// The text is put at the end.
    Append(&'static str),
    /// The first occurrence of one text is replaced by another.
    Replace(&'static str, &'static str),
}

use Edit::{Append, Replace};

struct Row {
    file: &'static str,
    edit: Edit,
    units: &'static [&'static str],
}

const fn row(file: &'static str, edit: Edit, units: &'static [&'static str]) -> Row {
    Row { file, edit, units }
}

/// Applies each edit to the example as it is, builds, and undoes it.
fn check(example: &str, table: &[Row]) {
    let project = Project::example(example);
    project.build();
    let mut failures = Vec::new();
    for row in table {
        let original = project.read(row.file);
        project.write(row.file, &edited(&original, &row.edit));
        let build = project.build();
        let expected: BTreeSet<String> = row.units.iter().map(|&u| u.to_owned()).collect();
        if build.units != expected {
            failures.push(format!(
                "{}: built {:?}, expected {:?}",
                row.file, build.units, expected
            ));
        }
        project.write(row.file, &original);
        let undone = project.build().units;
        if !undone.is_empty() {
            failures.push(format!("{}: undoing built {undone:?}", row.file));
        }
    }
    assert!(failures.is_empty(), "{example}:\n{}", failures.join("\n"));
}

fn edited(original: &str, edit: &Edit) -> String {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let fresh = |text: &str| text.replace("NONCE", &nanos.to_string());
    match edit {
        Append(text) => format!("{original}{}", fresh(text)),
        Replace(from, to) => {
            assert!(original.contains(from), "nothing to edit: {from}");
            original.replacen(from, &fresh(to), 1)
        }
    }
}

const COMMENT: Edit = Append("\n// NONCE\n");
const LINE: Edit = Append("\nNONCE\n");
const HASH: Edit = Append("\n# NONCE\n");

#[test]
fn hello() {
    check(
        "hello",
        &[
            row("README.md", LINE, &[]),
            row("tests/hello.rs", COMMENT, &[]),
            row("Cargo.toml", HASH, &[]),
            row("src/greeting.rs", COMMENT, &["hello-0.1.0-bin-hello"]),
            row("src/main.rs", COMMENT, &["hello-0.1.0-bin-hello"]),
        ],
    );
}
