//! Builds for platforms other than the host's, and for the host's own by name.

use crate::examples::console;
use crate::project::{self, Build, Project, nix};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

const HOST: &str = "x86_64-unknown-linux-gnu";

/// For ARM, for WebAssembly and for the host: what the README says.
#[test]
fn the_example_runs_on_every_platform() {
    let mut project = example();
    let results = tempfile::tempdir().unwrap();
    for (link, settings) in [
        ("result-aarch64", json!({})),
        ("result-wasm", json!({ "platform": "wasi32" })),
        ("result-native", json!({ "platform": null })),
    ] {
        project.args = settings;
        symlink(project.build().out, results.path().join(link)).unwrap();
    }
    let expectations = console(&project.read("README.md"));
    assert_eq!(expectations.len(), 3);
    for (command, expected) in expectations {
        assert_eq!(run(&command, results.path()), expected, "{command}");
    }
}

/// As with other libraries for nixpkgs: the set that `mkLib` is given names the platform.
#[test]
fn a_package_set_of_another_platform() {
    let project = example();
    project.write(
        "dyndrv.nix",
        "{ dyndrv, pkgs, src, settings }:\n\
         (dyndrv.override { pkgs = pkgs.pkgsCross.aarch64-multiplatform; }).build { inherit src; }\n",
    );
    let results = tempfile::tempdir().unwrap();
    symlink(project.build().out, results.path().join("result-aarch64")).unwrap();
    let expectations = console(&project.read("README.md"));
    let (command, expected) = &expectations[0];
    assert!(command.contains("result-aarch64"), "{command}");
    assert_eq!(run(command, results.path()), *expected);
}

/// `pkgsStatic`: a program of musl that needs no loader and no library, C code and all.
#[test]
fn a_static_program_by_the_package_set() {
    let project = example();
    project.write(
        "dyndrv.nix",
        "{ dyndrv, pkgs, src, settings }:\n\
         (dyndrv.override { pkgs = pkgs.pkgsStatic; }).build { inherit src; }\n",
    );
    let build = project.build();
    let text = build.run("report", &["foo"]);
    assert!(text.contains("x86_64-unknown-linux-musl"), "{text}");
    assert!(text.contains("from C for x86_64"), "{text}");
    let program = std::fs::read(build.out.join("bin/report")).unwrap();
    // Of each program header of an ELF file: where the table is, how many, and the kind of each.
    let number = |at: usize, size: usize| {
        let bytes = program[at..at + size].iter().rev();
        bytes.fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (table, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    let kinds: Vec<usize> = (0..count).map(|i| number(table + i * size, 4)).collect();
    const INTERPRETER: usize = 3;
    assert!(
        kinds.len() > 2 && !kinds.contains(&INTERPRETER),
        "{kinds:?}"
    );
    let references = nix()
        .args(["path-info", "--recursive"])
        .arg(&build.out)
        .output()
        .unwrap();
    let closure = String::from_utf8(references.stdout).unwrap();
    assert!(!closure.contains("musl"), "{closure}");
}

/// Build scripts and procedural macros are the host's; no other unit is built for both.
#[test]
fn an_edit_of_the_c_code_builds_for_the_target_only() {
    let project = example();
    project.build();
    let file = "crates/checksum/c/adler.c";
    let text = project.read(file);
    project.write(
        file,
        &text.replace("\"aarch64\"", &format!("\"ARM {}\"", project::fresh())),
    );
    let build = project.build();
    assert_eq!(
        build.units,
        [
            "checksum-0.4.0-build-script-run",
            "checksum-0.4.0-lib",
            "report-0.4.0-bin-report"
        ]
    );
}

/// cargo's `--target` with the host's own triple: two graphs, one set of tools.
#[test]
fn the_host_by_its_own_name() {
    let mut project = example();
    project.args = json!({ "platform": null, "target": HOST });
    let build = project.build();
    let text = build.run("report", &["foo"]);
    assert!(text.contains(&format!("for {HOST} (x86_64)")), "{text}");
    assert!(
        text.ends_with("foo: 02820145 from C for x86_64\n"),
        "{text}"
    );
}

/// clippy's own libraries are of the host alone.
#[test]
fn clippy_finds_the_standard_library_of_the_target() {
    let project = example();
    project.write(
        "src/main.rs",
        &format!("{}\n// {}\n", project.read("src/main.rs"), project::fresh()),
    );
    let build = project.build_attribute("checks.clippy");
    let build = build.unwrap_or_else(|log| panic!("{log}"));
    let expected = "report-0.4.0-bin-report-clippy".to_owned();
    assert!(build.units.contains(&expected), "{:?}", build.units);
}

/// `wasm32-unknown-unknown` has no system to run on: that it links is all there is to see.
#[test]
fn webassembly_without_a_system() {
    let mut project = example();
    project.args = json!({ "platform": "wasm32-unknown-none" });
    let Build { out, .. } = project.build();
    let program = std::fs::read(out.join("bin/report.wasm")).unwrap();
    assert!(program.starts_with(b"\0asm"));
}

/// Without the target's package set the host's compiler would be asked to link.
#[test]
fn a_missing_linker_is_refused() {
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        ),
        (
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.args = json!({ "target": "aarch64-unknown-linux-gnu" });
    let log = project.try_build().err().unwrap();
    assert!(log.contains("crossPkgs = pkgs.pkgsCross."), "{log}");
}

/// Libraries are of one platform: a crate of the host cannot have the target's.
#[test]
fn libraries_for_a_crate_of_the_host_are_refused() {
    let mut project = example();
    let library = json!({ "buildInputs": ["/nix/store/00000000000000000000000000000000-library"] });
    project.args = json!({ "crateEnv": { "built-on": library } });
    let log = project.try_build().err().unwrap();
    assert!(log.contains("proc-macro of `built-on 0.4.0`"), "{log}");
    assert!(log.contains("buildInputs"), "{log}");
}

/// The example, with the package set that it needs.
pub fn example() -> Project {
    let mut project = Project::example("cross");
    project.package_set = Some(package_set().to_owned());
    project
}

/// Runs a command with the emulators on PATH.
fn run(command: &str, directory: &Path) -> String {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env(
            "PATH",
            format!("{}:{}", emulators(), std::env::var("PATH").unwrap()),
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn emulators() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let set = package_set();
        let expression = format!(
            "with (builtins.getFlake \"{set}\").legacyPackages.x86_64-linux; \"${{qemu-user}}/bin:${{wazero}}/bin\""
        );
        printed(&["eval", "--impure", "--raw", "--expr", &expression])
    })
}

/// The package set with the parts for other targets, which `dev/nix` brings up on request.
fn package_set() -> &'static str {
    static SET: OnceLock<String> = OnceLock::new();
    SET.get_or_init(|| format!("path:{}", printed(&["--with", "cross", "--toolchain"])))
}

fn printed(arguments: &[&str]) -> String {
    let output = nix().args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
