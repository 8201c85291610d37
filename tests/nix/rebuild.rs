//! This edit builds exactly these units, and undoing it builds none.
//!
//! A comment at the end of a file changes what rustc writes about its sources
//! into a library's metadata, but no program: what depends on a library is built
//! again, what only runs a program is not.

use crate::project::{self, Build, Project};

/// How a file is edited. `NONCE` in a text is replaced by something that no
/// earlier run of the test has built.
enum Edit {
    /// The text is put at the end.
    Append(&'static str),
    /// The first occurrence of one text is replaced by another.
    Replace(&'static str, &'static str),
}

use Edit::{Append, Replace};

const COMMENT: Edit = Append("\n// NONCE\n");
const C_COMMENT: Edit = Append("\n/* NONCE */\n");
const LINE: Edit = Append("\nNONCE\n");
const HASH: Edit = Append("\n# NONCE\n");

struct Row {
    file: &'static str,
    edit: Edit,
    /// Labels of units, in any order; one that stands for two units twice.
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
        let mut expected = row.units.to_vec();
        expected.sort_unstable();
        if build.units != expected {
            failures.push(format!(
                "{}: built {:?}, expected {expected:?}",
                row.file, build.units
            ));
        }
        failures.extend(excess(row, &build));
        project.write(row.file, &original);
        let undone = project.build();
        if !undone.units.is_empty() {
            failures.push(format!("{}: undoing built {:?}", row.file, undone.units));
        }
    }
    assert!(failures.is_empty(), "{example}:\n{}", failures.join("\n"));
}

/// Planning steps that the edit should not have reached.
fn excess(row: &Row, build: &Build) -> Option<String> {
    let count = |name: &str| build.steps.iter().filter(|step| *step == name).count();
    // cargo looks at manifests only.
    let graphs = usize::from(row.file.ends_with("Cargo.toml"));
    // Of the two layers, the one with the workspace's units, and that only for
    // files that a unit can read.
    let layers = usize::from(!row.units.is_empty());
    let most = [
        // Third-party packages follow from the lock file's text alone.
        ("cargo-vendor-dir", 0),
        ("graph.json", graphs),
        ("crate.drv", layers),
        ("crate", layers),
    ];
    let over = most.into_iter().find(|&(step, most)| count(step) > most);
    over.map(|(step, _)| format!("{}: ran {step} too often: {:?}", row.file, build.steps))
}

fn edited(original: &str, edit: &Edit) -> String {
    let number = project::fresh().to_string();
    let fresh = |text: &str| text.replace("NONCE", &number);
    match edit {
        Append(text) => format!("{original}{}", fresh(text)),
        Replace(from, to) => {
            assert!(original.contains(from), "nothing to edit: {from}");
            original.replacen(from, &fresh(to), 1)
        }
    }
}

const STOCK: &str = "stock-tools-0.3.0-bin-stock";
const STOCK_CHECK: &str = "stock-tools-0.3.0-bin-stock-check";
const LABELS: &str = "labels-0.3.0-bin-labels";
const IDENT: &str = "ident-0.3.0-lib";
const INVENTORY: &str = "inventory-0.3.0-lib";
const REPORT: &str = "report-0.3.0-lib";
const CATALOGUE: &str = "catalogue-0.3.0-lib";
const CATALOGUE_SCRIPT: &str = "catalogue-0.3.0-build-script";
const CATALOGUE_RUN: &str = "catalogue-0.3.0-build-script-run";
const FIELDS_DERIVE: &str = "fields-derive-0.3.0-proc-macro";

const FINGERPRINT: &str = "fingerprint-1.2.0-bin-fingerprint";
const FINGERPRINT_SCRIPT: &str = "fingerprint-1.2.0-build-script";
const FINGERPRINT_RUN: &str = "fingerprint-1.2.0-build-script-run";
const FNV_SYS: &str = "fnv-sys-1.2.0-lib";
const FNV_SYS_SCRIPT: &str = "fnv-sys-1.2.0-build-script";
const FNV_SYS_RUN: &str = "fnv-sys-1.2.0-build-script-run";
const FNV_BULK: &str = "fnv-bulk-1.2.0-lib";
const FNV_BULK_RUN: &str = "fnv-bulk-1.2.0-build-script-run";

const SQUEEZE: &str = "squeeze-0.2.0-bin-squeeze";
const ZLIB: &str = "zlib-binding-0.2.0-lib";
const ZLIB_SCRIPT: &str = "zlib-binding-0.2.0-build-script";
const ZLIB_RUN: &str = "zlib-binding-0.2.0-build-script-run";

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

#[test]
fn workspace() {
    check(
        "workspace",
        &[
            row("README.md", LINE, &[]),
            row("crates/report/README.md", LINE, &[]),
            row("crates/ident/tests/codes.rs", COMMENT, &[]),
            row("crates/report/benches/render.rs", COMMENT, &[]),
            row("crates/report/examples/page.rs", COMMENT, &[]),
            row("Cargo.toml", HASH, &[]),
            row("crates/ident/Cargo.toml", HASH, &[]),
            row("tools/labels/src/main.rs", COMMENT, &[LABELS]),
            row(
                "crates/report/src/lib.rs",
                COMMENT,
                &[REPORT, STOCK, STOCK_CHECK],
            ),
            row(
                "crates/report/templates/report.txt",
                LINE,
                &[REPORT, STOCK, STOCK_CHECK],
            ),
            row(
                "crates/inventory/src/lib.rs",
                COMMENT,
                &[INVENTORY, CATALOGUE, REPORT, STOCK, STOCK_CHECK, LABELS],
            ),
            // Once for itself, and once, as the profile wants it, for the compiler.
            row(
                "crates/fields-derive/src/lib.rs",
                COMMENT,
                &[
                    FIELDS_DERIVE,
                    FIELDS_DERIVE,
                    INVENTORY,
                    CATALOGUE,
                    REPORT,
                    STOCK,
                    STOCK_CHECK,
                    LABELS,
                ],
            ),
            // With the features for the build script, and with those for the others.
            row(
                "crates/ident/src/lib.rs",
                COMMENT,
                &[
                    IDENT,
                    IDENT,
                    CATALOGUE_SCRIPT,
                    INVENTORY,
                    CATALOGUE,
                    REPORT,
                    STOCK,
                    STOCK_CHECK,
                    LABELS,
                ],
            ),
            row(
                "crates/catalogue/build.rs",
                COMMENT,
                &[CATALOGUE_SCRIPT, CATALOGUE_RUN],
            ),
            row(
                "crates/catalogue/build.rs",
                Replace(r"&[\n", r"&[ // NONCE\n"),
                &[
                    CATALOGUE_SCRIPT,
                    CATALOGUE_RUN,
                    CATALOGUE,
                    STOCK,
                    STOCK_CHECK,
                    LABELS,
                ],
            ),
        ],
    );
}

#[test]
fn build_script() {
    check(
        "build-script",
        &[
            row("tests/fingerprint.rs", COMMENT, &[]),
            row("crates/fnv-bulk/tests/bulk.rs", COMMENT, &[]),
            row("build.rs", COMMENT, &[FINGERPRINT_SCRIPT, FINGERPRINT_RUN]),
            // The compiled script is the same, and it does not read its own text.
            row("crates/fnv-sys/build.rs", COMMENT, &[FNV_SYS_SCRIPT]),
        ],
    );
}

#[test]
fn system_library() {
    check(
        "system-library",
        &[
            row("README.md", LINE, &[]),
            row("crates/squeeze/tests/squeeze.rs", COMMENT, &[]),
            row("crates/squeeze/src/main.rs", COMMENT, &[SQUEEZE]),
            row("crates/squeeze/src/sample.txt", LINE, &[SQUEEZE]),
            // Its run sees no file, and the program is the same as before.
            row("crates/zlib-binding/build.rs", COMMENT, &[ZLIB_SCRIPT]),
            row(
                "crates/zlib-binding/build.rs",
                Replace("    println!", "    eprintln!(\"NONCE\");\n    println!"),
                &[ZLIB_SCRIPT, ZLIB_RUN],
            ),
        ],
    );
}

/// Rows for which the files of each unit must be known, not of each package.
mod files_of_units {
    use super::*;

    #[test]
    fn hello() {
        check("hello", &[row("src/greeting/tests.rs", COMMENT, &[])]);
    }

    #[test]
    fn workspace() {
        check(
            "workspace",
            &[
                row("crates/inventory/src/tests.rs", COMMENT, &[]),
                row("crates/report/src/table/tests.rs", COMMENT, &[]),
                // Nobody asks for the feature.
                row("crates/inventory/src/csv.rs", COMMENT, &[]),
                row("crates/report/templates/letter.txt", LINE, &[]),
                // Only the build script's dependency has the feature.
                row(
                    "crates/ident/src/spell.rs",
                    COMMENT,
                    &[IDENT, CATALOGUE_SCRIPT],
                ),
                row("tools/stock-tools/src/main.rs", COMMENT, &[STOCK]),
                row(
                    "tools/stock-tools/src/bin/stock-check.rs",
                    COMMENT,
                    &[STOCK_CHECK],
                ),
                row("crates/catalogue/data/parts.csv", HASH, &[CATALOGUE_RUN]),
                row(
                    "crates/catalogue/data/parts.csv",
                    Replace("hex bolt", "bolt NONCE"),
                    &[CATALOGUE_RUN, CATALOGUE, STOCK, STOCK_CHECK, LABELS],
                ),
            ],
        );
    }

    #[test]
    fn build_script() {
        check(
            "build-script",
            &[
                row("keywords.txt", HASH, &[FINGERPRINT_RUN]),
                // The object file stays the same.
                row("crates/fnv-sys/c/fnv.c", C_COMMENT, &[FNV_SYS_RUN]),
                // The header is copied to OUT_DIR: where `fnv-sys` and what links it find
                // libraries, and what the scripts of both dependents are told.
                row(
                    "crates/fnv-sys/c/fnv.h",
                    C_COMMENT,
                    &[
                        FNV_SYS_RUN,
                        FNV_SYS,
                        FNV_BULK_RUN,
                        FINGERPRINT_RUN,
                        FINGERPRINT,
                    ],
                ),
            ],
        );
    }

    /// The answers would be the same, but the runs need not happen at all where it is
    /// certain that they do not see the file.
    #[test]
    fn beside_a_build_script() {
        check(
            "build-script",
            &[
                row("README.md", LINE, &[]),
                row("Cargo.toml", HASH, &[]),
                row("src/main.rs", COMMENT, &[FINGERPRINT]),
                row("src/keywords.rs", COMMENT, &[FINGERPRINT]),
                row("flake.nix", HASH, &[]),
                row("crates/fnv-sys/src/tests.rs", COMMENT, &[]),
                row(
                    "crates/fnv-sys/src/lib.rs",
                    COMMENT,
                    &[FNV_SYS, FNV_BULK, FINGERPRINT],
                ),
            ],
        );
        // The script puts one of its lines together, so that its run sees its package. It
        // answers the same.
        check(
            "workspace",
            &[row(
                "crates/catalogue/src/lib.rs",
                COMMENT,
                &[CATALOGUE_RUN, CATALOGUE, STOCK, STOCK_CHECK, LABELS],
            )],
        );
    }

    #[test]
    fn system_library() {
        check(
            "system-library",
            &[
                row("crates/zlib-binding/src/tests.rs", COMMENT, &[]),
                row("crates/zlib-binding/src/sys.rs", COMMENT, &[ZLIB, SQUEEZE]),
            ],
        );
    }
}
