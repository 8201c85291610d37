//! The ways to the library: from a package set, with a toolchain, without flakes, as an overlay, as a
//! module of flake-parts.

use crate::project::{nix, package_set, root};
use serde_json::{Value, json};

/// The value of an expression of `root` (this checkout), `pkgs`, `mkLib`, a source tree `src` and `tools`, programs that
/// need not be built.
fn evaluate(expression: &str) -> Result<Value, String> {
    let text = format!(
        r#"
        let
          root = {root};
          pkgs = import {set} {{ }};
          mkLib = import (root + "/nix/mk-lib.nix");
          src = root + "/examples/hello";
          tools = {{ dyndrv = src; builder = src; checker = src; }};
          # rustc, cargo and the others in one directory, as rust-overlay and fenix give them.
          toolchain = derivation {{
            name = "rust";
            system = "x86_64-linux";
            builder = "${{pkgs.bash}}/bin/bash";
            args = [ "-c" "exit 1" ];
          }};
          drv = lib: (lib.override tools).build {{ inherit src; }};
          same = libs: map (lib: (drv lib).drvPath == (drv (builtins.head libs)).drvPath) libs;
        in
        {expression}
        "#,
        root = root().display(),
        set = package_set().trim_start_matches("path:"),
    );
    let output = nix()
        .args(["eval", "--impure", "--json", "--expr", &text])
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn every_way_leads_to_the_same_library() {
    let ways = r#"same [
        (mkLib pkgs)
        (mkLib { inherit pkgs; })
        (import root { inherit pkgs; })
        (import root { })
        ((import (root + "/nix/overlay.nix")) pkgs { }).dyndrv
    ]"#;
    assert_eq!(
        evaluate(ways).unwrap(),
        json!([true, true, true, true, true])
    );
}

#[test]
fn a_toolchain_is_given_once() {
    let ways = r#"same [
        (mkLib { inherit pkgs toolchain; })
        ((mkLib pkgs).overrideToolchain toolchain)
        ((mkLib pkgs).overrideToolchain (_: toolchain))
        ((mkLib pkgs).override { inherit toolchain; })
        (import root { inherit pkgs toolchain; })
    ]"#;
    assert_eq!(
        evaluate(ways).unwrap(),
        json!([true, true, true, true, true])
    );
    let of_project = r#"
        let of = lib: more: ((lib.override tools).build ({ inherit src; } // more)).drvPath; in
        [
          (of (mkLib pkgs) { inherit toolchain; } == of (mkLib { inherit pkgs toolchain; }) { })
          (of (mkLib pkgs) { } == of (mkLib { inherit pkgs toolchain; }) { })
        ]"#;
    assert_eq!(evaluate(of_project).unwrap(), json!([true, false]));
}

/// The sources that rust-analyzer reads are those of the compiler, whatever compiler nixpkgs has.
#[test]
fn a_shell_has_the_standard_library_of_its_toolchain() {
    let expression = r#"
        let
          set = pkgs // { rustPlatform = pkgs.rustPlatform // { rustLibSrc = "/of-nixpkgs"; }; };
          of = toolchain:
            ((mkLib (tools // { pkgs = set; inherit toolchain; })).project { inherit src; })
            .devShell.RUST_SRC_PATH or null;
          parts = { inherit (pkgs) rustc cargo; };
          inToolchain = "${toolchain}/lib/rustlib/src/rust/library";
        in
        [
          (of null)
          (of toolchain == inToolchain)
          (of (parts // { rust-src = toolchain; }) == inToolchain)
          (of (parts // { rustPlatform.rustLibSrc = "/of-the-set"; }))
          (of parts)
        ]"#;
    assert_eq!(
        evaluate(expression).unwrap(),
        json!(["/of-nixpkgs", true, true, "/of-the-set", null])
    );
}

#[test]
fn wrong_arguments_of_the_library_are_named() {
    for (expression, expected) in [
        (
            "(mkLib { }).build",
            [
                "`mkLib` needs a package set",
                "mkLib { inherit pkgs; toolchain",
            ],
        ),
        (
            "(mkLib { inherit pkgs; rustToolchain = toolchain; }).build",
            [
                "`mkLib` has no argument `rustToolchain`",
                "The toolchain is `toolchain`",
            ],
        ),
        (
            "(mkLib { inherit pkgs; toolchian = toolchain; }).build",
            [
                "`mkLib` has no argument `toolchian`",
                "Did you mean `toolchain`?",
            ],
        ),
        (
            "((mkLib pkgs).override { bilder = src; }).build",
            [
                "`mkLib` has no argument `bilder`",
                "Did you mean `builder`?",
            ],
        ),
    ] {
        let log = evaluate(expression).unwrap_err();
        for text in expected {
            assert!(log.contains(text), "no {text:?} in:\n{log}");
        }
    }
}

/// As `rustPlatform.buildRustPackage.override { stdenv = clangStdenv; }` in nixpkgs.
#[test]
fn the_compilers_of_one_package_are_given_to_its_function() {
    let expression = r#"
        let
          lib = mkLib (tools // { inherit pkgs; });
          of = f: (f { pname = "hello"; version = "1"; inherit src; }).drvPath;
          plain = of lib.buildRustPackage;
        in
        [
          (of lib.rustPlatform.buildRustPackage == plain)
          (of (lib.buildRustPackage.override { inherit (pkgs) stdenv; }) == plain)
          (of (lib.buildRustPackage.override { inherit (pkgs) rustc cargo; }) == plain)
          (of (lib.buildRustPackage.override { rustc = toolchain; }) == plain)
        ]"#;
    assert_eq!(
        evaluate(expression).unwrap(),
        json!([true, true, true, false])
    );
    let log = evaluate("(mkLib pkgs).buildRustPackage.override { clang = 1; } { }").unwrap_err();
    assert!(
        log.contains("`buildRustPackage.override` has no argument `clang`"),
        "{log}"
    );
}

/// With as much of flake-parts and of nixpkgs' module system as the module uses.
#[test]
fn projects_are_options_of_flake_parts() {
    let expression = r#"
        let
          lib = {
            mkOption = option: option;
            mkDefault = value: value;
            mkMerge = builtins.foldl' (all: set: all // set) { };
            mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (builtins.attrNames set));
            mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
            types = { lazyAttrsOf = _: null; nullOr = _: null; raw = null; };
          };
          module = import (root + "/nix/flake-module.nix") {
            inherit lib;
            flake-parts-lib.mkPerSystemOption = module: module;
          };
          evaluated = module.options.perSystem { inherit config pkgs; };
          config.dyndrv = {
            projects = { default = { inherit src; }; server = { inherit src; pname = "server"; }; };
            inherit toolchain;
            # As with `dyndrv.lib = …` in a flake.
            lib = evaluated.config.dyndrv.lib.override tools;
          };
          paths = builtins.mapAttrs (_: value: value.drvPath);
          expected = (mkLib (tools // { inherit pkgs toolchain; })).project { inherit src; };
        in
        {
          same = evaluated.config.packages.default.drvPath == expected.package.drvPath;
          packages = builtins.attrNames (paths evaluated.config.packages);
          shells = builtins.attrNames (paths evaluated.config.devShells);
          checks = builtins.filter (name: builtins.elem name [ "test" "fmt" "server-test" "server-fmt" ])
            (builtins.attrNames (paths evaluated.config.checks));
        }"#;
    assert_eq!(
        evaluate(expression).unwrap(),
        json!({
            "same": true,
            "packages": ["default", "server"],
            "shells": ["default", "server"],
            "checks": ["fmt", "server-fmt", "server-test", "test"],
        })
    );
}
