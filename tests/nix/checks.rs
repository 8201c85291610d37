//! Checks through real Nix: what is run, what is not run again, and how what is
//! wrong is reported.

use crate::agreement::{Cargo, tests_of};
use crate::project::{self, Build, Project};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Appended to files so that no earlier run has built the same.
fn fresh() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_nanos().to_string()
}

fn checked(project: &Project, check: &str) -> Build {
    project
        .build_attribute(&format!("checks.{check}"))
        .unwrap_or_else(|log| panic!("{check} failed:\n{log}"))
}

fn refused(project: &Project, check: &str) -> String {
    match project.build_attribute(&format!("checks.{check}")) {
        Ok(build) => panic!("{check} succeeded: {:?}", build.out),
        Err(log) => log,
    }
}

/// The test executables that were run.
fn runs(build: &Build) -> Vec<&str> {
    let units = build.units.iter();
    units.filter_map(|unit| unit.strip_suffix("-run")).collect()
}

/// Applies each edit to the example `workspace`, and compares the checks' units that are
/// built: those whose label ends with the suffix.
fn rebuilds(check: &str, suffix: &str, table: &[(&str, &str, &[&str])]) {
    let project = Project::example("workspace");
    checked(&project, check);
    let mut failures = Vec::new();
    for (file, text, expected) in table {
        let original = project.read(file);
        project.write(
            file,
            &format!("{original}{}", text.replace("NONCE", &fresh())),
        );
        let build = checked(&project, check);
        let units = build.units.iter();
        let units: Vec<&str> = units.filter_map(|unit| unit.strip_suffix(suffix)).collect();
        if units != *expected {
            failures.push(format!("{file}: ran {units:?}, expected {expected:?}"));
        }
        project.write(file, &original);
    }
    let again = checked(&project, check);
    if !again.units.is_empty() {
        failures.push(format!("the second run built {:?}", again.units));
    }
    assert!(failures.is_empty(), "{check}:\n{}", failures.join("\n"));
}

#[test]
fn an_edit_runs_the_tests_that_it_can_change() {
    // Something that the linker keeps, so that whatever links it is another program.
    const KEPT: &str = "\n#[used]\nstatic WHEN: &str = \"NONCE\";\n";
    rebuilds(
        "test",
        "-run",
        &[
            ("README.md", "\nNONCE\n", &[]),
            ("crates/report/README.md", "\nNONCE\n", &[]),
            ("Cargo.toml", "\n# NONCE\n", &[]),
            ("crates/report/Cargo.toml", "\n# NONCE\n", &[]),
            ("crates/report/benches/render.rs", "\n// NONCE\n", &[]),
            // Only a comment: the executables come out the same, but a test can read its own source.
            (
                "crates/report/tests/page.rs",
                "\n// NONCE\n",
                &["report-0.3.0-test-page"],
            ),
            (
                "crates/report/src/lib.rs",
                "\n// NONCE\n",
                &["report-0.3.0-lib-test"],
            ),
            (
                "crates/report/tests/page.rs",
                "\n#[test]\nfn when() {\n    assert_ne!(\"NONCE\", \"\");\n}\n",
                &["report-0.3.0-test-page"],
            ),
            (
                "tools/stock-tools/src/bin/stock-check.rs",
                KEPT,
                &[
                    "stock-tools-0.3.0-bin-stock-check-test",
                    "stock-tools-0.3.0-test-stock",
                ],
            ),
            (
                "crates/report/src/lib.rs",
                KEPT,
                &[
                    "report-0.3.0-lib-test",
                    "report-0.3.0-test-page",
                    "stock-tools-0.3.0-bin-stock-test",
                    "stock-tools-0.3.0-test-stock",
                ],
            ),
        ],
    );
}

#[test]
fn an_edit_lints_formats_and_documents_what_it_is_in() {
    rebuilds(
        "fmt",
        "-fmt",
        &[
            ("README.md", "\nNONCE\n", &[]),
            (
                "crates/report/tests/page.rs",
                "// NONCE\n",
                &["report-0.3.0"],
            ),
        ],
    );
    rebuilds(
        "clippy",
        "-clippy",
        &[
            ("README.md", "\nNONCE\n", &[]),
            (
                "crates/report/tests/page.rs",
                "\n// NONCE\n",
                &["report-0.3.0-test-page"],
            ),
            (
                "tools/labels/src/main.rs",
                "\n// NONCE\n",
                &["labels-0.3.0-bin-labels", "labels-0.3.0-bin-labels-test"],
            ),
        ],
    );
    rebuilds(
        "doc",
        "-doc",
        &[(
            "tools/labels/src/main.rs",
            "\n// NONCE\n",
            &["labels-0.3.0-bin-labels"],
        )],
    );
}

const LIB: &str = "\
//! Adds.
//!
//! ```
//! assert_eq!(several::add(1, 2), 3);
//! ```

/// Adds.
///
/// ```should_panic
/// several::add(u8::MAX, 1);
/// ```
///
/// ```compile_fail
/// several::add(\"\", 1);
/// ```
///
/// ```ignore
/// nothing
/// ```
pub fn add(a: u8, b: u8) -> u8 {
    a.checked_add(b).unwrap()
}

#[test]
fn adds() {
    assert_eq!(add(1, 2), 3);
}
";

const MANIFEST: &str = "\
[package]
name = \"several\"
version = \"1.0.0\"
edition = \"2024\"

[[test]]
name = \"custom\"
harness = false
";

const LOCK: &str = "\
version = 4

[[package]]
name = \"several\"
version = \"1.0.0\"
";

/// A package with a test of each kind, and one more.
fn several(name: &str, text: &str) -> Project {
    let mut project = Project::of(&[
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", LOCK),
        ("src/lib.rs", LIB),
        (
            "tests/custom.rs",
            "fn main() {\n    println!(\"custom {:?}\", std::env::args());\n}\n",
        ),
        ("tests/words.txt", "a b c"),
        (name, text),
    ]);
    project.args = serde_json::json!({ "checks": { "testTimeout": 20 } });
    project
}

#[test]
fn a_test_sees_what_cargo_shows_it() {
    let project = several(
        "tests/sees.rs",
        "use std::{env, fs, path::Path, process::Command};

#[test]
fn data_files_of_the_package() {
    assert_eq!(fs::read_to_string(\"tests/words.txt\").unwrap(), \"a b c\");
    let dir = env::var(\"CARGO_MANIFEST_DIR\").unwrap();
    assert_eq!(env!(\"CARGO_MANIFEST_DIR\"), dir);
    assert_eq!(env::current_dir().unwrap(), Path::new(&dir));
}

#[test]
fn places_to_write_to() {
    for dir in [env!(\"CARGO_TARGET_TMPDIR\"), env::temp_dir().to_str().unwrap(), \"tests\"] {
        fs::write(Path::new(dir).join(\"x\"), \"\").unwrap();
    }
}

#[test]
fn programs_of_the_package() {
    let program = env!(\"CARGO_BIN_EXE_several-tool\");
    let output = Command::new(program).output().unwrap();
    assert_eq!(output.stdout, b\"tool\\n\");
    let beside = env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    assert_eq!(beside.join(\"several-tool\"), Path::new(program));
}

#[test]
fn a_program_knows_its_place() {
    let program = env!(\"CARGO_BIN_EXE_several-tool\");
    let output = Command::new(program).arg(\"place\").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), program);
}
",
    );
    project.write(
        "src/bin/several-tool.rs",
        "fn main() {
    match std::env::args().nth(1) {
        Some(_) => print!(\"{}\", std::env::current_exe().unwrap().display()),
        None => println!(\"tool\"),
    }
}
",
    );
    let build = checked(&project, "test-several");
    // With the one that has no harness.
    let ours = tests_of(&build, false);
    assert_eq!(ours.tests.len(), 6, "{ours:?}");
    let log = fs::read_to_string(build.out.join("logs/several-1.0.0-test-custom.txt")).unwrap();
    assert!(log.starts_with("custom "), "{log}");
    let mut all = tests_of(&checked(&project, "doctest"), true);
    assert_eq!(all.tests.len(), 4);
    all.extend(ours);
    let target = tempfile::tempdir().unwrap();
    let cargo = Cargo::new(&project, Some(target.path()));
    assert_eq!(all.tests, cargo.tests(None).unwrap().tests);
}

#[test]
fn a_failure_names_the_tests_and_poisons_nothing() {
    const FAILING: &str = "\
#[test]
fn good() {}
#[test]
fn bad() {
    assert_eq!(1 + 1, 3, \"arithmetic\");
}
";
    let project = several("tests/failing.rs", FAILING);
    let log = refused(&project, "test");
    assert!(log.contains("arithmetic"), "{log}");
    let line = log
        .lines()
        .find(|line| line.starts_with("error: package several 1.0.0, target test failing"))
        .unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("1 of 2 tests failed: bad"), "{line}");
    // What no earlier run of this test has built.
    let mended = FAILING.replace("+ 1", "+ 2");
    let mended = mended.replace("arithmetic", &format!("arithmetic {}", project::fresh()));
    project.write("tests/failing.rs", &mended);
    let build = checked(&project, "test");
    assert_eq!(runs(&build), ["several-1.0.0-test-failing"]);
}

#[test]
fn a_test_reads_files_outside_of_its_package() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"root\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\nmembers = [\"crates/*\"]\n",
        ),
        ("README.md", ""),
        (
            "src/lib.rs",
            "#[test]\nfn of_a_member() {\n    assert_eq!(std::fs::read_to_string(\"crates/reader/data.txt\").unwrap(), \"3\");\n}\n",
        ),
        ("crates/reader/data.txt", "3"),
        ("fixtures/by-name.txt", "1"),
        ("golden/by-parent.txt", "2"),
        (
            "crates/reader/Cargo.toml",
            "[package]\nname = \"reader\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        ),
        (
            "crates/reader/src/lib.rs",
            "#[test]\nfn by_name() {\n    assert_eq!(std::fs::read_to_string(\"../../fixtures/by-name.txt\").unwrap(), \"1\");\n}\n",
        ),
        (
            "crates/reader/tests/golden.rs",
            "#[test]\nfn by_parent() {
                let package = std::path::Path::new(env!(\"CARGO_MANIFEST_DIR\"));
                let root = package.parent().unwrap().parent().unwrap();
                let text = std::fs::read_to_string(root.join(\"golden\").join(\"by-parent.txt\"));
                assert_eq!(text.unwrap(), \"2\");
            }\n",
        ),
    ])
    .locked();
    checked(&project, "test");
    project.write("README.md", "edited");
    assert!(checked(&project, "test").units.is_empty());
}

/// The number behind `NOW` in a log.
fn now_of(log: &str) -> &str {
    let (_, after) = log.split_once("NOW ").unwrap_or_else(|| panic!("{log}"));
    after.split_whitespace().next().unwrap()
}

#[test]
fn a_report_has_the_failures_that_the_check_does_not_keep() {
    const FAILING: &str = "\
#[test]
fn good() {}
#[test]
fn bad() {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    panic!(\"NOW {now} & <so on>\");
}
";
    let mut project = several("tests/failing.rs", FAILING);
    project.write(
        "tests/aborts.rs",
        "#[test]\nfn early() {}\n#[test]\nfn late() {\n    \
         std::thread::sleep(std::time::Duration::from_secs(1));\n    std::process::abort();\n}\n",
    );
    project.write(
        "tests/custom.rs",
        "fn main() {\n    std::process::exit(3);\n}\n",
    );
    // No earlier report has runs that saw this file.
    project.write("tests/words.txt", &project::fresh().to_string());
    let report = checked(&project, "test.report");
    assert_eq!(runs(&report).len(), 4, "{:?}", report.units);
    let table = fs::read_to_string(report.out.join("summary.txt")).unwrap();
    for row in [
        "\nseveral 1.0.0 test failing: 1 of 2 tests failed: bad\n",
        "\nseveral 1.0.0 test aborts: the test executable failed (killed by signal 6 (SIGABRT))\n",
        "\n  without a result: late\n",
        "\nseveral 1.0.0 test custom: the test failed (exit status: 3)\n",
        "\n4 executables, 3 failed ",
    ] {
        assert!(table.contains(row), "no {row:?} in:\n{table}");
    }
    let junit = fs::read_to_string(report.out.join("junit.xml")).unwrap();
    for part in [
        "<testcase name=\"good\" classname=\"several 1.0.0 test failing\"/>",
        "<failure message=\"failed\">",
        " &amp; &lt;so on&gt;",
        "<error message=\"the test executable failed",
        "<failure message=\"the test failed (exit status: 3)\">",
    ] {
        assert!(junit.contains(part), "no {part:?} in:\n{junit}");
    }
    let log = fs::read_to_string(report.out.join("logs/several-1.0.0-test-failing.txt")).unwrap();
    // The report keeps its runs, until it is told to try again.
    assert!(checked(&project, "test.report").units.is_empty());
    project.args = serde_json::json!({ "checks": { "testTimeout": 20, "reportAttempt": 1 } });
    let again = checked(&project, "test.report");
    let again = fs::read_to_string(again.out.join("logs/several-1.0.0-test-failing.txt")).unwrap();
    assert_ne!(now_of(&log), now_of(&again));
    // The check fails, and runs each time what has failed.
    project.remove("tests/aborts.rs");
    project.write("tests/custom.rs", "fn main() {}\n");
    let first = refused(&project, "test");
    let second = refused(&project, "test");
    assert!(first.contains("the attribute `report`"), "{first}");
    assert_ne!(now_of(&first), now_of(&second));
}

#[test]
fn a_report_has_failed_documentation_tests() {
    let wrong = LIB.replace("several::add(1, 2), 3", "several::add(1, 2), 4");
    let project = several("src/lib.rs", &wrong);
    refused(&project, "doctest");
    let report = checked(&project, "doctest-several.report");
    let junit = fs::read_to_string(report.out.join("junit.xml")).unwrap();
    assert!(
        junit.contains("<testcase name=\"src/lib.rs - (line 3)\"")
            && junit.contains("<failure message=\"failed\">"),
        "{junit}"
    );
    assert!(
        junit.contains("skipped=\"1\" errors=\"0\" failures=\"1\""),
        "{junit}"
    );
}

#[test]
fn documentation_tests_are_linked_with_link_time_optimisation() {
    let mut project = several(
        "Cargo.toml",
        &format!("{MANIFEST}\n[profile.whole]\ninherits = \"dev\"\nlto = true\n"),
    );
    project.args = serde_json::json!({ "checks": { "profile": "whole" } });
    let doctests = tests_of(&checked(&project, "doctest"), true);
    assert_eq!(doctests.tests.len(), 4);
}

#[test]
fn a_test_that_hangs_is_ended_and_reported() {
    let mut project = several(
        "tests/hangs.rs",
        "#[test]\nfn hangs() {\n    std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n",
    );
    project.args = serde_json::json!({ "checks": { "testTimeout": 2 } });
    let log = refused(&project, "test");
    assert!(log.contains("target test hangs"), "{log}");
    assert!(log.contains("killed after 2 s"), "{log}");
    assert!(log.contains("without a result: hangs"), "{log}");
}

#[test]
fn a_test_that_kills_its_process_is_reported() {
    let project = several(
        "tests/aborts.rs",
        "#[test]\nfn aborts() {\n    std::process::abort();\n}\n",
    );
    let log = refused(&project, "test");
    assert!(log.contains("target test aborts"), "{log}");
    assert!(log.contains("signal 6 (SIGABRT)"), "{log}");
    project.write(
        "tests/aborts.rs",
        "#[test]\nfn aborts() {\n    std::process::exit(0);\n}\n",
    );
    let log = refused(&project, "test");
    assert!(log.contains("ended before its tests did"), "{log}");
}

#[test]
fn a_test_without_harness_fails_by_its_status() {
    let project = several(
        "tests/custom.rs",
        "fn main() {\n    std::process::exit(3);\n}\n",
    );
    let log = refused(&project, "test");
    assert!(log.contains("target test custom"), "{log}");
    assert!(log.contains("exit status: 3"), "{log}");
}

#[test]
fn warnings_are_kept_and_fail_on_request() {
    let mut project = several("clippy.toml", "too-many-arguments-threshold = 1\n");
    project.write(
        "tests/lint.rs",
        "fn two(_a: u8, _b: u8) {}\n\n#[test]\nfn lint() {\n    two(1, 2);\n}\n",
    );
    let build = checked(&project, "clippy");
    let text = fs::read_to_string(build.out.join("warnings.txt")).unwrap();
    // In `two`, and not in `add`, which is linted twice and has two as well.
    assert_eq!(text.matches("too many arguments").count(), 2, "{text}");
    assert!(text.contains("tests/lint.rs:1:1"), "{text}");
    let json = fs::read_to_string(build.out.join("warnings.json")).unwrap();
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["code"]["code"], "clippy::too_many_arguments");
    project.args = serde_json::json!({ "checks": { "denyWarnings": true } });
    let log = refused(&project, "clippy");
    assert!(log.contains("clippy failed"), "{log}");
}

#[test]
fn sources_that_are_not_formatted_are_shown() {
    let project = several("src/lib.rs", "pub fn f() { }\n");
    let log = refused(&project, "fmt");
    assert!(log.contains("not formatted"), "{log}");
}

#[test]
fn documentation_is_one_tree_with_links_and_search() {
    let project = Project::example("workspace");
    let build = checked(&project, "doc");
    let page = fs::read_to_string(build.out.join("doc/report/fn.render.html")).unwrap();
    assert!(
        page.contains("href=\"../inventory/part/struct.Part.html\""),
        "{page}"
    );
    assert!(
        build
            .out
            .join("doc/inventory/part/struct.Part.html")
            .exists()
    );
    let crates = fs::read_to_string(build.out.join("doc/crates.js")).unwrap();
    for name in ["ident", "inventory", "report", "labels", "stock_check"] {
        assert!(crates.contains(&format!("\"{name}\"")), "{crates}");
        assert!(build.out.join("doc/src").join(name).exists());
    }
    assert!(build.out.join("doc/search.index").exists());
    for page in ["index.html", "help.html", "settings.html"] {
        assert!(build.out.join("doc").join(page).exists(), "{page}");
    }
}

/// rustdoc sets `cfg(doc)`, clippy `cfg(clippy)`, and rustfmt follows modules whatever their cfg.
#[test]
fn each_tool_has_the_files_that_it_reads() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"lab\"]\nresolver = \"3\"\n",
        ),
        (
            "lab/Cargo.toml",
            "[package]\nname = \"lab\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        (
            "lab/src/lib.rs",
            "#![cfg_attr(doc, doc = include_str!(\"../README.md\"))]\n\
             #[cfg(doc)]\npub mod guide;\n#[cfg(clippy)]\nmod linted;\n\
             #[path = \"../../shared/x.rs\"]\npub mod x;\n\n\
             /// Adds.\n/// ```\n/// assert_eq!(lab::add(1), 2);\n/// ```\n\
             pub fn add(x: u8) -> u8 {\n    x + 1\n}\n",
        ),
        ("lab/src/guide.rs", "//! Guide.\n"),
        ("lab/src/linted.rs", "//! Linted.\n"),
        ("lab/README.md", "# Lab\n"),
        (
            "shared/x.rs",
            "//! Shared.\n\n/// Two.\npub const X: u8 = 2;\n",
        ),
        (
            "lab/tests/walk.rs",
            "#[test]\nfn hidden_fixtures() {\n    \
             assert!(std::path::Path::new(\"tests/repo/.ignore\").exists());\n}\n",
        ),
        ("lab/tests/repo/.ignore", "x\n"),
    ])
    .locked();
    for check in ["doc", "doctest", "clippy", "fmt", "test"] {
        checked(&project, check);
    }
}
