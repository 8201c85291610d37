//! What code of a package sees of the package's files, and what build scripts tell of them.

use crate::project::{Project, fresh, root};
use std::process::Command;

fn manifest(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
}

/// A package of one program with a build script.
fn package(build_rs: &str, main_rs: &str, files: &[(&str, &str)]) -> Project {
    let manifest = manifest("app", "");
    let mut all = vec![
        ("Cargo.toml", manifest.as_str()),
        ("build.rs", build_rs),
        ("src/main.rs", main_rs),
    ];
    all.extend(files);
    Project::of(&all).locked()
}

/// What the program of a package prints.
fn printed(project: &Project) -> String {
    project.build().run("app", &[]).trim_end().to_owned()
}

/// Compiles a static library into the project.
fn write_library(project: &Project, directory: &str) {
    project.write(
        &format!("{directory}/answer.c"),
        "int answer(void) { return 42; }\n",
    );
    let script = "cc -c answer.c && ar rcs libanswer.a answer.o && rm answer.c answer.o";
    let status = Command::new(root().join("dev/cargo"))
        .args(["--run", "sh", "-c", script])
        .current_dir(project.path().join(directory))
        .status()
        .unwrap();
    assert!(status.success());
}

const PRINTS_THE_ANSWER: &str = "#[link(name = \"answer\", kind = \"static\")]
unsafe extern \"C\" { fn answer() -> i32; }
fn main() { println!(\"{}\", unsafe { answer() }) }
";

#[test]
fn a_build_script_walks_its_package() {
    let project = package(
        r#"use std::{env, fs, path::{Path, PathBuf}};
           fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
             for entry in fs::read_dir(dir).unwrap().flatten() {
               match entry.file_type().unwrap() {
                 kind if kind.is_dir() => walk(&entry.path(), found),
                 kind if kind.is_file() => found.push(entry.path()),
                 kind => panic!("{kind:?}"),
               }
             }
           }
           fn main() {
             let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
             let mut found = Vec::new();
             walk(&package, &mut found);
             found.retain(|path| path.extension().is_some_and(|e| e == "sql"));
             found.sort();
             for path in &found {
               let resolved = fs::canonicalize(path).unwrap();
               assert_eq!(resolved.strip_prefix(&package).unwrap(), path.strip_prefix(&package).unwrap());
               // A copy can be changed.
               let copy = Path::new(&env::var("OUT_DIR").unwrap()).join("copy.sql");
               fs::copy(path, &copy).unwrap();
               fs::write(&copy, "changed").unwrap();
             }
             println!("cargo::rustc-env=FOUND={}", found.len());
           }"#,
        "fn main() { println!(env!(\"FOUND\")) }",
        &[("migrations/1.sql", ""), ("queries/users/2.sql", "")],
    );
    assert_eq!(printed(&project), "2");
}

#[test]
fn search_paths_reach_the_linker_absolute_and_relative() {
    for search in ["{dir}/libs", "native={dir}/libs", "native=libs"] {
        let build_rs = format!(
            "fn main() {{
               let dir = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();
               println!(\"cargo::rustc-link-search={search}\");
               println!(\"// {{dir}}\");
               println!(\"cargo::rerun-if-changed=libs/libanswer.a\");
             }}"
        );
        let project = package(&build_rs, PRINTS_THE_ANSWER, &[]);
        write_library(&project, "libs");
        assert_eq!(printed(&project), "42", "{search}");
    }
}

#[test]
fn a_search_path_may_lead_to_what_the_script_has_written() {
    let project = package(
        r#"use std::process::Command;
           fn main() {
             std::fs::create_dir("libs").unwrap();
             let run = |args: &[&str]| assert!(Command::new(args[0]).args(&args[1..]).status().unwrap().success());
             run(&["cc", "-c", "answer.c", "-o", "libs/answer.o"]);
             run(&["ar", "rcs", "libs/libanswer.a", "libs/answer.o"]);
             println!("cargo::rustc-link-search=native={}/libs", std::env::var("CARGO_MANIFEST_DIR").unwrap());
           }"#,
        PRINTS_THE_ANSWER,
        &[("answer.c", "int answer(void) { return 42; }\n")],
    );
    assert_eq!(printed(&project), "42");
}

#[test]
fn linker_scripts_reach_the_linker_with_what_they_include() {
    for argument in ["{dir}/link/link.x", "link/link.x"] {
        let build_rs = format!(
            "fn main() {{
               let dir = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();
               println!(\"cargo::rustc-link-arg={argument}\");
               println!(\"// {{dir}}\");
               println!(\"cargo::rerun-if-changed=link\");
               println!(\"cargo::rerun-if-changed=memory.x\");
             }}"
        );
        let project = package(
            &build_rs,
            "fn main() { println!(\"linked\") }",
            &[
                ("link/link.x", "INCLUDE memory.x\n"),
                ("memory.x", "/* nothing */\n"),
            ],
        );
        assert_eq!(printed(&project), "linked", "{argument}");
    }
}

/// A `links` package whose script only says where its headers are, and one that reads them.
fn headers(says: &str) -> Project {
    Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"app\"]\nresolver = \"3\"\n",
        ),
        ("a/Cargo.toml", &manifest("a", "links = \"a\"\n")),
        ("a/src/lib.rs", ""),
        ("a/include/a.h", "#define ANSWER 42\n"),
        ("a/notes.txt", ""),
        ("a/build.rs", says),
        (
            "app/Cargo.toml",
            &manifest("app", "[dependencies]\na = { path = \"../a\" }\n"),
        ),
        (
            "app/build.rs",
            "fn main() {
               let dir = std::env::var(\"DEP_A_INCLUDE\").unwrap();
               let text = std::fs::read_to_string(format!(\"{dir}/a.h\")).unwrap();
               println!(\"cargo::rustc-env=ANSWER={}\", text.split_whitespace().last().unwrap());
             }",
        ),
        (
            "app/src/main.rs",
            "fn main() { println!(env!(\"ANSWER\")) }",
        ),
    ])
    .locked()
}

#[test]
fn metadata_leads_dependents_to_files_of_the_package() {
    for says in [
        "fn main() { println!(\"cargo::metadata=include={}/include\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap()) }",
        "fn main() { println!(\"cargo::metadata=include={}/include\", env!(\"CARGO_MANIFEST_DIR\")) }",
    ] {
        assert_eq!(printed(&headers(says)), "42", "{says}");
    }
}

#[test]
fn links_in_out_dir_lead_dependents_to_files_of_the_package() {
    let project = headers(
        r#"use std::{env, path::Path};
           fn main() {
             let from = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap()).join("include");
             let to = Path::new(&env::var("OUT_DIR").unwrap()).join("include");
             std::os::unix::fs::symlink(from, &to).unwrap();
             println!("cargo::metadata=include={}", to.display());
           }"#,
    );
    assert_eq!(printed(&project), "42");
}

/// An edit that the script sees, of a file that no instruction names, ends at the run.
#[test]
fn files_that_no_instruction_names_are_not_kept() {
    let project = headers(
        "fn main() {
           std::fs::read_dir(\".\").unwrap().count();
           println!(\"cargo::metadata=include={}/include\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap())
         }",
    );
    project.build();
    project.write("a/notes.txt", &fresh().to_string());
    assert_eq!(project.build().units, ["a-0.1.0-build-script-run"]);
    let header = format!("#define NONCE {}\n#define ANSWER 42\n", fresh());
    project.write("a/include/a.h", &header);
    let units = project.build().units;
    assert!(
        units.contains(&"app-0.1.0-build-script-run".to_owned()),
        "{units:?}"
    );
}

#[test]
fn makefiles_keep_their_own_flags() {
    let project = package(
        r#"use std::{env, process::Command};
           fn main() {
             assert!(env::vars().all(|(name, _)| !name.contains("CFLAGS") || name.starts_with("NIX_")));
             let out = env::var("OUT_DIR").unwrap();
             assert!(Command::new("make").args(["-C", "c", &format!("OUT={out}")]).status().unwrap().success());
             println!("cargo::rustc-link-search=native={out}");
           }"#,
        PRINTS_THE_ANSWER,
        &[
            (
                "c/Makefile",
                "CFLAGS ?= -O2 -fPIC -DANSWER=42\n\n$(OUT)/libanswer.a: answer.c\n\t\
                 $(CC) $(CFLAGS) -c answer.c -o $(OUT)/answer.o\n\tar rcs $@ $(OUT)/answer.o\n",
            ),
            (
                "c/answer.c",
                "int answer(void) { return ANSWER; }\n#ifndef __OPTIMIZE__\n#error slow\n#endif\n",
            ),
        ],
    );
    assert_eq!(printed(&project), "42");
}

#[test]
fn the_time_of_a_build_is_nixpkgs_own() {
    let project = package(
        "fn main() { println!(\"cargo::rustc-env=TIME={}\", std::env::var(\"SOURCE_DATE_EPOCH\").unwrap()) }",
        "fn main() { println!(env!(\"TIME\")) }",
        &[],
    );
    assert_eq!(printed(&project), "315532800");
}
