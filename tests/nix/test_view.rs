//! What a test finds of the files that it finds under cargo.

use crate::project::Project;
use std::fs;

const LOCK: &str = "\
version = 4

[[package]]
name = \"app\"
version = \"0.1.0\"
dependencies = [
 \"helper\",
 \"itoa\",
]

[[package]]
name = \"helper\"
version = \"0.1.0\"

[[package]]
name = \"itoa\"
version = \"1.0.18\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"
checksum = \"8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682\"
";

/// A workspace with the package `app`, which has this integration test, and `helper`.
fn workspace(test: &str, files: &[(&str, &str)]) -> Project {
    let mut all = vec![
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
        ),
        ("Cargo.lock", LOCK),
        (
            "crates/app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\nhelper = { path = \"../helper\" }\nitoa = \"1\"\n",
        ),
        (
            "crates/app/src/lib.rs",
            "pub fn seven() -> u8 {\n    7\n}\n",
        ),
        ("crates/app/tests/it.rs", test),
        (
            "crates/helper/Cargo.toml",
            "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        (
            "crates/helper/src/lib.rs",
            "pub fn eight() -> u8 {\n    8\n}\n",
        ),
        ("README.md", "read me\n"),
    ];
    all.extend(files);
    Project::of(&all)
}

fn passes(project: &Project) {
    let build = project
        .build_attribute("checks.test-app")
        .unwrap_or_else(|log| panic!("the tests failed:\n{log}"));
    let summary = fs::read_to_string(build.out.join("summary.txt")).unwrap();
    assert!(
        !summary.contains("app 0.1.0 test it            0"),
        "{summary}"
    );
}

/// As insta, expect-test and snapbox do: a path of `file!()` starts at the outermost manifest.
#[test]
fn the_place_of_its_own_source() {
    let project = workspace(
        r#"use std::path::Path;

mod deep;

fn source(file: &str) -> std::path::PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifests = package.ancestors().filter(|dir| dir.join("Cargo.toml").exists());
    manifests.last().unwrap().join(file)
}

#[test]
fn sees_itself() {
    for file in [file!(), deep::FILE] {
        let text = std::fs::read_to_string(source(file)).unwrap();
        assert!(text.contains("file!()"), "{file}");
        std::fs::write(source(file).with_extension("pending"), "").unwrap();
    }
}

#[test]
fn sources_of_other_targets_exist() {
    let lib = Path::new(file!()).ancestors().nth(2).unwrap().join("src/lib").with_extension("rs");
    assert!(source(lib.to_str().unwrap()).is_file());
    assert!(source("crates/app/benches").is_dir());
}
"#,
        &[
            (
                "crates/app/tests/deep/mod.rs",
                "pub const FILE: &str = file!();\n",
            ),
            ("crates/app/benches/speed.rs", "fn main() {}\n"),
        ],
    );
    passes(&project);
}

/// What no code names is no input, but a test that walks its package reads its sources.
#[test]
fn sources_that_it_lists() {
    let project = workspace(
        r#"use std::{fs, path::Path};

fn check(dir: &Path, count: &mut usize) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            check(&path, count);
        } else if path.extension().is_some_and(|e| e == "rs") {
            assert!(!fs::read_to_string(&path).unwrap().is_empty(), "{path:?}");
            *count += 1;
        }
    }
}

#[test]
fn tidy() {
    let mut count = 0;
    check(Path::new(env!("CARGO_MANIFEST_DIR")), &mut count);
    assert_eq!(count, 2);
}
"#,
        &[],
    );
    passes(&project);
}

#[test]
fn hidden_fixtures() {
    let project = workspace(
        r#"#[test]
fn hidden() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repo");
    assert!(dir.join(".ignore").exists());
    assert!(dir.join(".config/x.toml").exists());
}
"#,
        &[
            ("crates/app/tests/repo/.ignore", ""),
            ("crates/app/tests/repo/.config/x.toml", ""),
        ],
    );
    passes(&project);
}

/// As trybuild does: a project of the test's own, which depends on the tested package.
#[test]
fn a_cargo_that_builds_the_workspace_offline() {
    let project = workspace(
        r#"use std::{fs, path::Path, process::Command};

fn cargo(dir: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn builds() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let metadata = cargo(package, &["metadata", "--format-version=1"]);
    assert!(metadata.contains("\"name\":\"helper\""));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own");
    fs::create_dir_all(dir.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\napp = {{ path = {package:?} }}\nitoa = \"1\"\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    fs::write(dir.join("src/main.rs"), "fn main() { println!(\"{}\", app::seven()) }").unwrap();
    fs::copy(package.join("../../Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    assert_eq!(cargo(&dir, &["run", "--offline"]), "7\n");
}
"#,
        &[],
    );
    passes(&project);
}

/// With the formatter's configuration, and the code of all packages.
#[test]
fn a_cargo_that_formats_the_workspace() {
    let project = workspace(
        r#"#[test]
fn formatted() {
    let args = ["fmt", "--all", "--", "--check"];
    let cargo = std::process::Command::new("cargo").args(args).output().unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stdout));
}
"#,
        &[
            ("rustfmt.toml", "use_small_heuristics = \"Max\"\n"),
            (
                "crates/helper/src/lib.rs",
                "pub fn even(numbers: &[u8]) -> u8 {\n    \
                 numbers.iter().copied().filter(|number| number % 2 == 0).map(|number| number / 2).sum()\n}\n",
            ),
        ],
    );
    passes(&project);
    project.write("crates/helper/src/lib.rs", "pub fn  even() {}\n");
    let failed = project.build_attribute("checks.test-app");
    assert!(
        failed
            .map(|build| build.out)
            .unwrap_err()
            .contains("helper/src/lib.rs")
    );
}

#[test]
fn a_cargo_without_its_packages_is_explained() {
    let project = workspace(
        r#"#[test]
fn asks() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(dir.join("src")).unwrap();
    std::fs::write(dir.join("src/lib.rs"), "").unwrap();
    std::fs::write(
        dir.join("Cargo.toml"),
        "[package]\nname = \"own\"\n[workspace]\n[dependencies]\nlibc = \"0.2\"\n",
    )
    .unwrap();
    let cargo = std::process::Command::new("cargo").arg("check").current_dir(dir).status().unwrap();
    assert!(cargo.success());
}
"#,
        &[],
    );
    let log = project
        .build_attribute("checks.test-app")
        .map(|build| build.out)
        .unwrap_err();
    assert!(
        log.contains("a cargo that a test starts is offline"),
        "{log}"
    );
    assert!(log.contains("--skip"), "{log}");
}
