//! What needs more than a command line: libraries that are loaded, files for
//! other languages, build scripts with special wishes, packages in odd places.

use crate::project::Project;
use serde_json::json;
use std::fs;
use std::path::Path;

/// A package's manifest.
fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
}

#[test]
fn a_program_finds_the_dylib_it_was_linked_against() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            &manifest("app", "[dependencies]\nloaded = { path = \"loaded\" }\n"),
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", loaded::word()) }",
        ),
        (
            "loaded/Cargo.toml",
            &manifest("loaded", "[lib]\ncrate-type = [\"dylib\"]\n"),
        ),
        (
            "loaded/src/lib.rs",
            "pub fn word() -> String { \"loaded\".into() }",
        ),
    ])
    .locked();
    let build = project.build();
    assert_eq!(build.run("app", &[]), "loaded\n");
    assert!(build.out.join("lib/libloaded.so").exists());
}

#[test]
fn libraries_for_other_languages_have_the_names_that_cargo_gives_them() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            &manifest(
                "for-c",
                "[lib]\ncrate-type = [\"cdylib\", \"staticlib\", \"rlib\"]\n",
            ),
        ),
        (
            "src/lib.rs",
            "#[unsafe(no_mangle)] pub extern \"C\" fn seven() -> i32 { 7 }",
        ),
    ])
    .locked();
    let build = project.build();
    for file in ["lib/libfor_c.so", "lib/libfor_c.a"] {
        assert!(build.out.join(file).exists(), "{file}");
    }
    assert!(!build.out.join("bin").exists());
}

#[test]
fn what_a_build_script_writes_beside_its_sources_reaches_its_package() {
    let project = Project::of(&[
        ("Cargo.toml", &manifest("writer", "")),
        (
            "build.rs",
            "fn main() { std::fs::write(\"src/made.txt\", \"made\").unwrap();
               let made = std::fs::read_to_string(\"src/made.txt\").unwrap();
               println!(\"cargo::rustc-env=MADE={made}\") }",
        ),
        (
            "src/main.rs",
            "fn main() { println!(concat!(env!(\"MADE\"), \" {}\"), include_str!(\"made.txt\")) }",
        ),
    ])
    .locked();
    assert_eq!(project.build().run("writer", &[]), "made made\n");
}

#[test]
fn a_build_script_can_call_the_compiler_and_cargo() {
    let project = Project::of(&[
        ("Cargo.toml", &manifest("asks", "")),
        (
            "build.rs",
            "use std::{env, fs, process::Command};
             fn main() {
               let out = env::var(\"OUT_DIR\").unwrap();
               fs::write(format!(\"{out}/probe.rs\"), \"fn main() {}\").unwrap();
               let rustc = Command::new(env::var(\"RUSTC\").unwrap())
                 .args([\"--crate-type\", \"lib\", \"--emit\", \"metadata\", \"--out-dir\", &out])
                 .arg(format!(\"{out}/probe.rs\")).status().unwrap();
               assert!(rustc.success());
               let metadata = Command::new(env::var(\"CARGO\").unwrap())
                 .args([\"metadata\", \"--no-deps\", \"--offline\", \"--format-version\", \"1\"])
                 .output().unwrap();
               assert!(metadata.status.success(), \"{metadata:?}\");
               assert!(String::from_utf8_lossy(&metadata.stdout).contains(\"\\\"asks\\\"\"));
               let build = std::path::Path::new(&out).ancestors().nth(2).unwrap();
               assert_eq!(build.file_name().unwrap(), \"build\");
             }",
        ),
        ("src/main.rs", "fn main() { println!(\"asked\") }"),
    ])
    .locked();
    assert_eq!(project.build().run("asks", &[]), "asked\n");
}

#[test]
fn a_build_script_reads_files_outside_of_its_package() {
    let script = r#"
        use std::{env, fs, path::{Path, PathBuf}};
        fn main() {
            let one = fs::read_to_string("../../proto/one.proto").unwrap();
            let dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
            let root = dir.parent().unwrap().parent().unwrap();
            let mut files: Vec<_> = fs::read_dir(root.join("schema")).unwrap()
                .map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
            files.sort();
            let three = fs::read_to_string(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../q/data/three"))).unwrap();
            let four = helper::four();
            println!("cargo::rustc-env=ALL={one}{}{three}{four}", files.concat());
        }"#;
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
        ),
        ("proto/one.proto", "1"),
        ("schema/a", "2"),
        ("schema/b", "2"),
        ("crates/q/Cargo.toml", &manifest("q", "")),
        ("crates/q/src/lib.rs", ""),
        ("crates/q/data/three", "3"),
        ("crates/helper/Cargo.toml", &manifest("helper", "")),
        (
            "crates/helper/src/lib.rs",
            r#"pub fn four() -> String {
                 std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/four.txt")).unwrap()
               }"#,
        ),
        ("crates/helper/four.txt", "4"),
        (
            "crates/app/Cargo.toml",
            &manifest(
                "app",
                "[build-dependencies]\nhelper = { path = \"../helper\" }\n",
            ),
        ),
        ("crates/app/build.rs", script),
        (
            "crates/app/src/main.rs",
            "fn main() { println!(env!(\"ALL\")) }",
        ),
    ])
    .locked();
    assert_eq!(project.build().run("app", &[]), "12234\n");
}

/// As users of `prost-build` need its compiler.
#[test]
fn a_build_script_has_the_environment_of_what_is_linked_into_it() {
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            &manifest(
                "app",
                "[build-dependencies]\ngenerator = { path = \"generator\" }\n",
            ),
        ),
        (
            "build.rs",
            "fn main() { println!(\"cargo::rustc-env=MADE={}\", generator::made()) }",
        ),
        ("src/main.rs", "fn main() { println!(env!(\"MADE\")) }"),
        ("generator/Cargo.toml", &manifest("generator", "")),
        (
            "generator/src/lib.rs",
            "pub fn made() -> String {
               std::env::var(\"COMPILER\").unwrap() + &std::env::var(\"WINNER\").unwrap()
             }",
        ),
    ])
    .locked();
    project.args = json!({ "crateEnv": {
        "generator": { "COMPILER": "by generator", "WINNER": ", lost" },
        "app": { "WINNER": ", won" },
    } });
    assert_eq!(project.build().run("app", &[]), "by generator, won\n");
}

/// As `cbindgen` does, and what asks for the versions of dependencies.
#[test]
fn a_build_script_can_ask_cargo_for_its_dependencies() {
    let script = r#"
        use std::{env, process::Command};
        fn main() {
            let metadata = Command::new(env::var("CARGO").unwrap())
                .args(["metadata", "--all-features", "--format-version", "1", "--manifest-path"])
                .arg(format!("{}/Cargo.toml", env::var("CARGO_MANIFEST_DIR").unwrap()))
                .output().unwrap();
            assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
            let text = String::from_utf8(metadata.stdout).unwrap();
            println!("cargo::rustc-env=ITOA={}", text.contains("itoa-1"));
        }"#;
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
        ),
        (
            "crates/app/Cargo.toml",
            &manifest("app", "[dependencies]\nitoa = \"1\"\n"),
        ),
        ("crates/app/build.rs", script),
        (
            "crates/app/src/main.rs",
            "fn main() { println!(env!(\"ITOA\")) }",
        ),
        ("crates/other/Cargo.toml", &manifest("other", "")),
        ("crates/other/src/lib.rs", ""),
    ])
    .locked();
    assert_eq!(project.build().run("app", &[]), "true\n");
}

#[test]
fn the_configuration_can_replace_a_build_script() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            &manifest("app", "[dependencies]\nnative-sys = { path = \"sys\" }\n"),
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", native_sys::WORD) }",
        ),
        ("sys/Cargo.toml", &manifest("native-sys", "links = \"native\"\n")),
        ("sys/build.rs", "fn main() { panic!(\"not to be run\") }"),
        (
            "sys/src/lib.rs",
            "pub const WORD: &str = env!(\"FROM_CONFIG\");",
        ),
        (
            ".cargo/config.toml",
            "[target.x86_64-unknown-linux-gnu.native]\nrustc-env = { FROM_CONFIG = \"replaced\" }\n",
        ),
    ])
    .locked();
    let build = project.build();
    assert_eq!(build.run("app", &[]), "replaced\n");
    assert!(
        !build
            .units
            .contains(&"native-sys-0.1.0-build-script".to_owned())
    );
}

#[test]
fn a_workspace_may_lie_below_the_sources_and_use_packages_beside_it() {
    let project = Project::of(&[
        (
            "apps/Cargo.toml",
            "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n",
        ),
        (
            "apps/app/Cargo.toml",
            &manifest(
                "app",
                "[dependencies]\nshared = { path = \"../../shared\" }\n",
            ),
        ),
        (
            "apps/app/src/main.rs",
            "fn main() { println!(\"{}{}\", shared::WORD, include_str!(\"../../../note.txt\")) }",
        ),
        ("shared/Cargo.toml", &manifest("shared", "")),
        ("shared/src/lib.rs", "pub const WORD: &str = \"shared\";"),
        ("note.txt", "!"),
    ]);
    let mut project = project.locked_in("apps");
    project.args = json!({ "workspace": "apps" });
    assert_eq!(project.build().run("app", &[]), "shared!\n");
}

#[test]
fn a_custom_profile_and_cargos_configuration_are_heeded() {
    let profile =
        "[profile.tiny]\ninherits = \"release\"\ndebug-assertions = true\nlto = \"thin\"\n";
    let mut project = Project::of(&[
        ("Cargo.toml", &manifest("app", profile)),
        (
            "src/main.rs",
            "fn main() { println!(\"{} {}\", cfg!(debug_assertions), env!(\"FROM_CONFIG\")) }",
        ),
        (
            ".cargo/config.toml",
            "[env]\nFROM_CONFIG = \"configured\"\n",
        ),
    ])
    .locked();
    project.args = json!({ "profile": "tiny" });
    assert_eq!(project.build().run("app", &[]), "true configured\n");
}

#[test]
fn patched_packages_and_the_hosts_own_triple() {
    // A vendored crate whose dependency is patched depends on the workspace.
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            &manifest(
                "app",
                "[dependencies]\nitoa = \"1\"\n[patch.crates-io]\nitoa = { path = \"itoa\" }\n",
            ),
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", itoa::patched()) }",
        ),
        (
            "itoa/Cargo.toml",
            "[package]\nname = \"itoa\"\nversion = \"1.0.99\"\nedition = \"2024\"\n",
        ),
        ("itoa/src/lib.rs", "pub fn patched() -> u8 { 1 }"),
    ])
    .locked();
    project.args = json!({ "target": "x86_64-unknown-linux-gnu" });
    let build = project.build();
    assert_eq!(build.run("app", &[]), "1\n");
    assert!(Path::new(&build.out).join("bin/app").exists());
}

/// A store path has at most 211 characters of ASCII behind the hash.
#[test]
fn programs_with_names_that_no_store_path_can_have() {
    let long = "long_".repeat(37);
    let targets: String = ["größe", &long]
        .map(|name| format!("[[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\n"))
        .concat();
    let project = Project::of(&[
        ("Cargo.toml", &manifest("app", &targets)),
        (
            "src/main.rs",
            "fn main() { print!(\"{}\", env!(\"CARGO_BIN_NAME\")) }",
        ),
    ])
    .locked();
    let build = project.build();
    for name in ["größe", &long] {
        assert_eq!(build.run(name, &[]), name);
    }
}

#[test]
fn a_build_script_finds_empty_directories() {
    let project = Project::of(&[
        ("Cargo.toml", &manifest("app", "")),
        (
            "build.rs",
            "fn main() {
               let entries = std::fs::read_dir(\"plugins/own\").unwrap();
               println!(\"cargo::rustc-env=COUNT={}\", entries.count());
             }",
        ),
        ("src/main.rs", "fn main() { println!(env!(\"COUNT\")) }"),
    ])
    .locked();
    fs::create_dir_all(project.path().join("plugins/own")).unwrap();
    assert_eq!(project.build().run("app", &[]), "0\n");
}
