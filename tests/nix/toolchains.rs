//! Toolchains in the shapes of rust-overlay, fenix and nixpkgs.

use crate::project::{Project, fresh};

/// A package with a test, built with a toolchain: an expression of `parts`, nixpkgs' packages.
fn with(toolchain: &str) -> Project {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        (
            "src/main.rs",
            &format!(
                "//! {}\nfn main() {{\n    println!(\"well\");\n}}\n\n#[test]\nfn well() {{}}\n",
                fresh()
            ),
        ),
    ])
    .locked();
    project.write(
        "dyndrv.nix",
        &format!(
            r#"{{ dyndrv, pkgs, src, settings }}:
            let
              parts = {{ inherit (pkgs) rustc cargo clippy rustfmt; }};
              # A directory with the programs of several packages. Its rustc finds the standard library in the same
              # directory, as rust-overlay's and fenix's does.
              combined = packages: derivation {{
                name = "rust-combined";
                system = "x86_64-linux";
                builder = "${{pkgs.bash}}/bin/bash";
                PATH = "${{pkgs.coreutils}}/bin";
                args = [ "-euc" ''
                  mkdir -p $out/bin $out/lib/rustlib/src/rust/library
                  ln -s ${{pkgs.rustc}}/lib/rustlib/x86_64-unknown-linux-gnu $out/lib/rustlib/
                  for package in ${{toString packages}}; do ln -sf $package/bin/* $out/bin/; done
                  rm $out/bin/rustc
                  printf '#!%s\nexec %s --sysroot %s "$@"\n' ${{pkgs.bash}}/bin/bash ${{pkgs.rustc}}/bin/rustc $out >$out/bin/rustc
                  chmod +x $out/bin/rustc
                  exit 0
                '' ];
              }};
            in
            (dyndrv.override {{ inherit (dyndrv) dyndrv builder checker; toolchain = {toolchain}; }}).build
              {{ inherit src; }}"#
        ),
    );
    project
}

#[test]
fn every_shape_builds_and_checks() {
    for toolchain in [
        // rust-overlay's `rust-bin.stable.latest.default`, fenix's `stable.toolchain`.
        "combined [ parts.rustc parts.cargo parts.clippy parts.rustfmt ]",
        // A function of the package set, as crane takes it.
        "pkgs: combined [ pkgs.rustc pkgs.cargo pkgs.clippy pkgs.rustfmt ]",
        // nixpkgs' `rustPackages`, fenix's `stable`: a set with more in it.
        "parts // { rustPlatform = throw \"not needed\"; }",
    ] {
        let project = with(toolchain);
        assert_eq!(project.build().run("app", &[]), "well\n", "{toolchain}");
        for check in ["test", "clippy", "fmt", "doc"] {
            let built = project.build_attribute(&format!("checks.{check}"));
            built.unwrap_or_else(|log| panic!("{toolchain}: {check}: {log}"));
        }
    }
}

/// fenix's `minimal` and rust-overlay's `minimal` have no clippy.
#[test]
fn a_check_says_what_the_toolchain_lacks() {
    let project = with("combined [ parts.rustc parts.cargo ]");
    assert_eq!(project.build().run("app", &[]), "well\n");
    for (check, program) in [("clippy", "clippy-driver"), ("fmt", "rustfmt")] {
        let log = project.build_attribute(&format!("checks.{check}"));
        let log = log.err().unwrap();
        for text in [program, "`toolchain`"] {
            assert!(log.contains(text), "no {text:?} in:\n{log}");
        }
    }
}

#[test]
fn a_toolchain_that_is_none() {
    for (toolchain, expected) in [
        ("{ inherit (parts) cargo; }", "`toolchain` lacks `rustc`"),
        ("[ parts.rustc ]", "not a list"),
    ] {
        let log = with(toolchain).try_build().err().unwrap();
        assert!(log.contains(expected), "{toolchain}:\n{log}");
    }
}
