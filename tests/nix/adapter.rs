//! Directories that nixpkgs' fetchers make of third-party packages.

use crate::project::{self, Project};
use serde_json::json;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

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
