//! The shell of a project: plain cargo builds it there.

use crate::project::{Project, nix, root};
use std::process::{Command, Output};

/// Runs a command in the shell of a project, in its directory.
fn in_shell(project: &Project, command: &[&str]) -> Output {
    nix()
        .args(["develop", "--impure", "--ignore-env", "--keep", "HOME"])
        .args(project.installable(""))
        .arg("--command")
        .args(command)
        .current_dir(project.path())
        .output()
        .unwrap()
}

#[test]
fn cargo_builds_a_project_in_its_shell() {
    let project = Project::example("system-library");
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
        (dyndrv.project {
          inherit src;
          env.LABEL = "a label";
          crateEnv.zlib-binding = _: {
            nativeBuildInputs = [ pkgs.pkg-config ];
            buildInputs = [ pkgs.zlib ];
            OF_CRATE = "yes";
          };
        }).devShell
        "#,
    );
    // In the shell cargo finds third-party packages where the user's own runs have left them, which on a new machine is nowhere.
    let fetched = Command::new(root().join("dev/cargo"))
        .args(["fetch", "--locked", "--quiet"])
        .current_dir(project.path())
        .status();
    assert!(fetched.unwrap().success());
    for (command, expected) in [
        (
            "cargo build --offline --quiet && target/debug/squeeze",
            "round trip: yes",
        ),
        ("cargo clippy --offline --quiet && echo linted", "linted"),
        ("cargo fmt --check && echo formatted", "formatted"),
        ("cargo test --offline --quiet", "test result: ok"),
        ("echo \"$LABEL, $OF_CRATE\"", "a label, yes"),
    ] {
        let output = in_shell(&project, &["bash", "-c", command]);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {log}");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains(expected), "{command}: {printed}{log}");
    }
}

/// For subcommands that drive cargo themselves.
#[test]
fn plain_cargo_runs_in_a_derivation() {
    let project = Project::example("system-library");
    // By the lock file, and as nixpkgs' `fetchCargoVendor` lays packages out.
    for vendor in ["null", "bySource"] {
        project.write(
            "dyndrv.nix",
            &r#"{ dyndrv, pkgs, src, settings }:
            let
              bySource = derivation {
                name = "vendor-by-source";
                system = "x86_64-linux";
                builder = "${pkgs.bash}/bin/bash";
                PATH = "${pkgs.coreutils}/bin";
                packages = pkgs.rustPlatform.importCargoLock { lockFile = ./Cargo.lock; };
                config = ''
                  [source.crates-io]
                  replace-with = "vendored-source-registry-0"
                  [source.vendored-source-registry-0]
                  directory = "@vendor@/source-registry-0"
                '';
                args = [ "-euc" ''
                  mkdir -p $out/.cargo $out/source-registry-0
                  cp -RL $packages/*-* $out/source-registry-0/
                  printf '%s' "$config" >$out/.cargo/config.toml
                  exit 0
                '' ];
              };
            in
            (dyndrv.project {
              inherit src;
              vendor = VENDOR;
              crateEnv.zlib-binding = _: {
                nativeBuildInputs = [ pkgs.pkg-config ];
                buildInputs = [ pkgs.zlib ];
              };
            }).withCargo {
              name = "with-cargo";
              command = "cargo test --quiet --workspace >$out";
            }
            "#
            .replace("VENDOR", vendor),
        );
        let printed = std::fs::read_to_string(project.build().out).unwrap();
        assert!(printed.contains("test result: ok"), "{vendor}: {printed}");
    }
}

/// As nextest does: the subcommand has cargo compile the tests, reads from cargo's messages where they are,
/// lists the tests of each, and starts each test in a process of its own.
#[test]
fn a_subcommand_of_cargo_runs_tests_one_by_one() {
    let project = Project::example("system-library");
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
        let
          subcommand = derivation {
            name = "cargo-each-test";
            system = "x86_64-linux";
            builder = "${pkgs.bash}/bin/bash";
            PATH = "${pkgs.coreutils}/bin";
            script = ''
              #!${pkgs.bash}/bin/bash
              set -eu
              # Its first argument is its own name.
              cargo test --no-run --message-format json-render-diagnostics "''${@:2}" >messages
              grep -o '"executable":"[^"]*"' messages | cut -d '"' -f 4 | while read -r program; do
                "$program" --list --format terse | sed -n 's/: test$//p' | while read -r name; do
                  "$program" --exact "$name" | grep "^test $name .*ok"
                done
              done
            '';
            args = [ "-euc" ''
              mkdir -p $out/bin
              printf '%s' "$script" >$out/bin/cargo-each-test
              chmod +x $out/bin/cargo-each-test
              exit 0
            '' ];
          };
        in
        (dyndrv.project {
          inherit src;
          crateEnv.zlib-binding = _: {
            nativeBuildInputs = [ pkgs.pkg-config ];
            buildInputs = [ pkgs.zlib ];
          };
        }).withCargo {
          name = "each-test";
          nativeBuildInputs = [ subcommand ];
          command = "cargo each-test --offline --workspace >$out";
        }
        "#,
    );
    let printed = std::fs::read_to_string(project.build().out).unwrap();
    let mut passed: Vec<_> = printed.lines().collect();
    passed.sort_unstable();
    let expected = [
        "test tests::crc32_of_the_published_vector ... ok",
        "test tests::the_library_that_was_found_runs ... ok",
        "test tests::too_little_room_is_an_error ... ok",
        "test the_sample_survives ... ok",
    ];
    assert_eq!(passed, expected);
}
