//! What users of nixpkgs give to the library: sources that are built, lock files beside them,
//! and directories that its fetchers make of third-party packages.

use crate::project::{self, Project};
use serde_json::json;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// Without import from derivation.
const WITHOUT_IMPORT: [&str; 1] = ["--no-allow-import-from-derivation"];

/// A program whose sources are there only after a derivation was built, as those of
/// `fetchFromGitHub`. They have no lock file.
fn fetched() -> Project {
    let source = format!("fn main() {{ println!(\"{}\") }}\n", project::fresh());
    let mut project = Project::of(&[("Cargo.toml", MANIFEST), ("src/main.rs", &source)]).locked();
    project.write(
        "dyndrv.nix",
        "{ dyndrv, pkgs, src, settings }:\n\
         dyndrv.build ({\n\
           src = pkgs.stdenv.mkDerivation {\n\
             name = \"fetched\";\n\
             inherit src;\n\
             installPhase = \"rm Cargo.lock; cp -R . $out\";\n\
           };\n\
         } // settings)\n",
    );
    project.options = WITHOUT_IMPORT.map(str::to_owned).into();
    project
}

#[test]
fn a_fetched_source_with_a_lock_file_beside_it() {
    let mut project = fetched();
    project.args = json!({
        "cargoLock": project.path().join("Cargo.lock"),
        "pname": "app",
        "version": "0.1.0",
    });
    let printed = project.build().run("app", &[]);
    assert!(printed.trim().parse::<u128>().is_ok(), "{printed}");
}

#[test]
fn what_a_fetched_source_needs_besides_is_said() {
    let mut project = fetched();
    let given = [
        json!({}),
        json!({ "pname": "app", "version": "0.1.0" }),
        json!({ "cargoLock": project.path().join("Cargo.lock") }),
    ];
    for args in given {
        project.args = args;
        let log = project.try_build().err().unwrap();
        for text in [
            "dyndrv: `src` is built",
            "`cargoLock = ./Cargo.lock`",
            "`pname` and `version`",
            "the option 'allow-import-from-derivation' is disabled",
        ] {
            assert!(log.contains(text), "no {text:?} in:\n{log}");
        }
    }
}

/// nixpkgs' `fetchCargoVendor` until 2025, and since then with a directory for each source.
#[test]
fn vendor_directories_of_nixpkgs() {
    for (directory, configured) in [("", ""), ("source-registry-0/", "/source-registry-0")] {
        let nonce = project::fresh();
        let checksum = "0123456789abcdef".repeat(4);
        let project = Project::of(&[
            (
                "Cargo.toml",
                &format!("{MANIFEST}[dependencies]\nword = \"1\"\n"),
            ),
            (
                "src/main.rs",
                "fn main() { println!(\"{}\", word::WORD) }\n",
            ),
            (
                "Cargo.lock",
                &format!(
                    "version = 4\n\
                     [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"word\"]\n\
                     [[package]]\nname = \"word\"\nversion = \"1.0.0\"\nchecksum = \"{checksum}\"\n\
                     source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
                ),
            ),
            (
                "vendored/.cargo/config.toml",
                &format!(
                    "[source.vendored]\ndirectory = \"@vendor@{configured}\"\n\
                     [source.crates-io]\nreplace-with = \"vendored\"\n"
                ),
            ),
            (
                "dyndrv.nix",
                "{ dyndrv, pkgs, src, settings }:\n\
                 dyndrv.build {\n\
                   inherit src;\n\
                   vendor = pkgs.stdenv.mkDerivation {\n\
                     name = \"app-vendor\";\n\
                     src = \"${src}/vendored\";\n\
                     installPhase = \"cp -R . $out\";\n\
                   };\n\
                 }\n",
            ),
        ]);
        let word = format!("vendored/{directory}word-1.0.0");
        for (file, text) in [
            (
                "Cargo.toml",
                "package = { name = \"word\", version = \"1.0.0\", edition = \"2024\" }\n"
                    .to_owned(),
            ),
            (
                "src/lib.rs",
                format!("pub const WORD: &str = \"{nonce}\";\n"),
            ),
            (
                ".cargo-checksum.json",
                json!({ "files": {}, "package": checksum }).to_string(),
            ),
        ] {
            project.write(&format!("{word}/{file}"), &text);
        }
        assert_eq!(project.build().run("app", &[]), format!("{nonce}\n"));
    }
}
