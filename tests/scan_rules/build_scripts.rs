//! What the run of a build script sees.

use crate::*;

fn build_script(text: &str) -> UnitFiles {
    build_script_with(text, &[])
}

fn build_script_with(text: &str, packages: &[&str]) -> UnitFiles {
    let mut fixture = fixture(&[
        ("Cargo.toml", ""),
        ("build.rs", text),
        ("src/lib.rs", ""),
        ("tests/t.rs", ""),
        ("benches/b.rs", ""),
    ]);
    fixture.request.packages[0].build_dependencies = versions(packages);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    fixture.unit()
}

const ALL: [&str; 5] = [
    "Cargo.toml",
    "benches/b.rs",
    "build.rs",
    "src/lib.rs",
    "tests/t.rs",
];

fn keys(unit: &UnitFiles) -> Vec<&str> {
    unit.files.keys().map(String::as_str).collect()
}

#[test]
fn a_build_script_that_touches_no_file_sees_what_it_declares() {
    let main = |body: &str| format!("fn main() {{ {body} }}");
    let none = r#"println!("cargo:rustc-cfg=x"); if std::env::var("Y").is_ok() {}"#;
    assert_eq!(keys(&build_script(&main(none))), [""; 0]);
    let line = r#"println!("cargo:rerun-if-changed=Cargo.toml");"#;
    assert_eq!(keys(&build_script(&main(line))), ["Cargo.toml"]);
}

/// What the script tells a linker or a dependent has to be there for them.
#[test]
fn a_build_script_that_tells_where_its_package_is_sees_it() {
    for body in [
        r#"println!("cargo:rustc-link-search=native={}/libs", env!("CARGO_MANIFEST_DIR"));"#,
        r#"println!("cargo:rustc-link-search=native={}/libs", std::env::var("CARGO_MANIFEST_DIR").unwrap());"#,
        r#"println!("cargo:rustc-link-search=native=src");"#,
        r#"println!("cargo:include={}", std::env::current_dir().unwrap().display());
           println!("cargo:rerun-if-changed=build.rs");"#,
    ] {
        let run = build_script(&format!("fn main() {{ {body} }}"));
        assert_eq!(keys(&run), ALL, "{body}");
    }
}

#[test]
fn a_build_script_without_lines_sees_its_package() {
    for body in [
        r#"std::fs::read("src/lib.rs").unwrap();"#,
        r#"std::fs::read_dir(".").unwrap();"#,
        r#"println!("cargo:rerun-if-changed={}", file); std::fs::read(file);"#,
        r#"println!("cargo:rerun-if-changed={FILE}"); std::fs::read(FILE);"#,
    ] {
        let run = build_script(&format!("fn main() {{ {body} }}"));
        assert_eq!(keys(&run), ALL, "{body}");
    }
}

/// What cargo runs the script again for, and what else its text names.
#[test]
fn a_build_script_whose_lines_are_literal_sees_what_they_name() {
    let with = |body: &str| {
        let text = format!("fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\"); {body} }}");
        build_script_with(&text, &["cc"])
    };
    assert_eq!(keys(&with("std::fs::read(x);")), ["build.rs"]);
    let named = r#"std::fs::read("src/lib.rs");"#;
    assert_eq!(keys(&with(named)), ["build.rs", "src/lib.rs"]);
    let with_ending = r#"std::fs::read(format!("tests/{}.rs", "t"));"#;
    assert_eq!(keys(&with(with_ending)), ["build.rs", "tests/t.rs"]);
    let listed = r#"std::fs::read_dir("benches"); println!("cargo::rerun-if-changed=benches");"#;
    assert_eq!(keys(&with(listed)), ["benches/b.rs", "build.rs"]);
    for more in [
        r#"println!("cargo:rerun-if-changed={}", x); std::fs::read(x);"#,
        r#"std::process::Command::new("make");"#,
        r#"type Cmd = std::process::Command; Cmd::new("make");"#,
        r#"std::fs::read_dir(x);"#,
        r#"std::fs::read(path.with_file_name("x"));"#,
        r#"include!(env!("SOMEWHERE"));"#,
        r#"println!("cargo:rustc-link-arg=-T{}/x.ld", env!("CARGO_MANIFEST_DIR")); std::fs::read(x);"#,
    ] {
        assert_eq!(keys(&with(more)), ALL, "{more}");
    }
}

#[test]
fn a_build_script_with_other_packages_sees_what_they_might_read() {
    let text = r#"fn main() {
        println!("cargo:rerun-if-changed=src/lib.rs");
        std::fs::read("src/lib.rs").unwrap();
    }"#;
    assert_eq!(keys(&build_script_with(text, &["cc"])), ["src/lib.rs"]);
    // In this version, it is not known.
    assert_eq!(keys(&build_script_with(text, &["cmake"])), ALL);
    assert_eq!(keys(&build_script_with(text, &["flate2"])), ALL);
}

#[test]
fn files_that_a_declared_file_includes_are_seen() {
    let mut fixture = fixture(&[
        (
            "build.rs",
            r#"fn main() {
                println!("cargo:rerun-if-changed=c/a.c");
                cc::Build::new().file("c/a.c").compile("a");
            }"#,
        ),
        (
            "c/a.c",
            "#include \"a.h\"\n#include <deep/b.h>\n#include <stdio.h>",
        ),
        ("c/a.h", "#include \"../include/c.h\""),
        ("c/unused.h", ""),
        ("deep/b.h", ""),
        ("include/c.h", ""),
        ("src/lib.rs", ""),
    ]);
    fixture.request.packages[0].build_dependencies = versions(&["cc"]);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    let run = fixture.unit();
    assert_eq!(keys(&run), ["c/a.c", "c/a.h", "deep/b.h", "include/c.h"]);
}

#[test]
fn the_user_says_what_a_build_script_sees() {
    let mut fixture = fixture(&[
        (
            "build.rs",
            "fn main() { std::process::Command::new(\"make\"); }",
        ),
        ("c/a.c", ""),
        ("src/lib.rs", ""),
        ("x.txt", ""),
    ]);
    let package = &mut fixture.request.packages[0];
    package.build_script = Some("build.rs".to_owned());
    package.build_script_sources = Some(vec!["c".to_owned()]);
    package.extra_sources = vec!["*.txt".to_owned()];
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    assert_eq!(keys(&fixture.unit()), ["c/a.c", "x.txt"]);
    fixture.request.packages[0].build_script_sources = Some(vec!["gone/*".to_owned()]);
    let message = fixture.error().to_string();
    assert!(message.contains("build-script-sources"), "{message}");
}

/// What the run of `crates/p/build.rs` sees of a workspace, besides its package.
fn run_in_workspace(text: &str, packages: &[&str]) -> Vec<String> {
    let mut fixture = fixture(&[
        ("Cargo.toml", ""),
        ("Cargo.lock", ""),
        ("proto/a.proto", ""),
        ("proto/deep/b.proto", ""),
        ("data/c.txt", ""),
        ("data/d.txt", ""),
        ("crates/p/build.rs", text),
        ("crates/p/src/lib.rs", ""),
        ("crates/q/src/lib.rs", ""),
        ("crates/q/src/q.h", ""),
    ]);
    let package = &mut fixture.request.packages[0];
    package.dir = "crates/p".to_owned();
    package.build_script = Some("crates/p/build.rs".to_owned());
    package.build_dependencies = versions(packages);
    let mut other = package.clone();
    (other.name, other.dir) = ("q".to_owned(), "crates/q".to_owned());
    fixture.request.packages.push(other);
    fixture.request.units[0].crate_root = "crates/p/build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    let files = fixture.unit().files.into_keys();
    files
        .filter(|file| !file.starts_with("crates/p/"))
        .collect()
}

#[test]
fn a_build_script_sees_what_it_names_outside_of_its_package() {
    let protos = ["proto/a.proto", "proto/deep/b.proto"];
    let by_ups = r#"fn main() { std::fs::read("../../proto/a.proto"); }"#;
    assert_eq!(run_in_workspace(by_ups, &[]), protos);
    let by_format =
        r#"fn main() { std::fs::read(format!("{}/../../proto/{}.proto", dir, name)); }"#;
    assert_eq!(run_in_workspace(by_format, &[]), protos);
    let by_parent = r#"fn main() { std::fs::read(root.parent().join("proto")); }"#;
    assert_eq!(run_in_workspace(by_parent, &[]), protos);
    let text = r#"fn main() { std::fs::read("../../data/c.txt"); }"#;
    assert_eq!(run_in_workspace(text, &[]), ["data/c.txt"]);
    let absent = r#"fn main() { std::fs::read("../../data/absent"); }"#;
    assert_eq!(run_in_workspace(absent, &[]), ["data/c.txt", "data/d.txt"]);
    let header = r#"fn main() { std::fs::read("../q/src/q.h"); }"#;
    assert_eq!(
        run_in_workspace(header, &["cc"]),
        ["crates/q/src/lib.rs", "crates/q/src/q.h"]
    );
    let outside = r#"fn main() { std::fs::read("../../../../x"); }"#;
    assert!(run_in_workspace(outside, &[]).is_empty());
}

#[test]
fn a_build_script_that_lists_its_parent_directory_sees_all_of_it() {
    let text = r#"fn main() { std::fs::read_dir(".."); }"#;
    let seen = run_in_workspace(text, &[]);
    assert!(seen.contains(&"crates/q/src/q.h".to_owned()), "{seen:?}");
    assert!(!seen.contains(&"Cargo.lock".to_owned()), "{seen:?}");
}

#[test]
fn a_build_script_that_asks_cargo_sees_the_workspace() {
    let text = r#"fn main() { Command::new("cargo").arg("metadata").output(); }"#;
    assert_eq!(run_in_workspace(text, &[]).len(), 8);
    let text = "fn main() { cbindgen::generate(x); std::fs::write(y); }";
    assert_eq!(run_in_workspace(text, &["cbindgen"]).len(), 8);
    let text = "fn main() { built::write_built_file(); std::fs::write(y); }";
    assert_eq!(
        run_in_workspace(text, &["built"]),
        ["Cargo.lock", "Cargo.toml"]
    );
}

#[test]
fn a_library_of_the_project_in_a_build_script_counts_as_its_text() {
    let with = |library: &str| {
        let mut fixture = fixture(&[
            ("Cargo.toml", ""),
            (
                "build.rs",
                r#"fn main() { println!("cargo:rerun-if-changed=build.rs"); helper::run(); }"#,
            ),
            ("src/lib.rs", ""),
            ("helper/src/lib.rs", library),
            ("helper/list.txt", ""),
        ]);
        let package = &mut fixture.request.packages[0];
        package.build_script = Some("build.rs".to_owned());
        package.build_packages = [1].into();
        let mut helper = package.clone();
        (helper.name, helper.dir) = ("helper".to_owned(), "helper".to_owned());
        (helper.build_script, helper.build_packages) = (None, BTreeSet::new());
        fixture.request.packages.push(helper);
        let mut unit = fixture.request.units[0].clone();
        (unit.package, unit.crate_root) = (1, "helper/src/lib.rs".to_owned());
        unit.kind = UnitKind::Lib;
        fixture.request.units.push(unit);
        fixture.request.units[0].crate_root = "build.rs".to_owned();
        fixture.request.units[0].kind = UnitKind::RunBuildScript;
        fixture.unit().files.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(with("pub fn run() {}"), [""; 0]);
    let reads =
        r#"pub fn run() { std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/list.txt")); }"#;
    assert_eq!(with(reads), ["build.rs", "helper/list.txt"]);
    let lists = "pub fn run() { std::fs::read_dir(std::env::current_dir()); }";
    assert_eq!(with(lists).len(), 5);
}

#[test]
fn a_build_script_that_names_its_repository_does_not_see_it() {
    let text = r#"fn main() { if std::path::Path::new(".git/HEAD").exists() || x(".git") {} }"#;
    let mut fixture = fixture(&[("build.rs", text), (".git/HEAD", ""), ("data.txt", "")]);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    assert_eq!(keys(&fixture.unit()), ["build.rs", "data.txt"]);
}

/// The package's own CMake project has a subdirectory `tests`.
#[test]
fn a_package_that_starts_processes_sees_the_directories_of_tests() {
    let text = r#"fn main() { cmake::Config::new(".").build(); }"#;
    assert_eq!(keys(&build_script_with(text, &["cmake", "cc"])), ALL);
}
