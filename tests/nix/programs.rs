//! What an edit of dyndrv's own programs reaches.
//!
//! The builder is an input of every unit, so nothing but an edit of the builder may change it.
//! The checker is an input of checks alone.

use crate::project::{Project, copy, fresh, nix, package_set, root};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The paths of the derivations that build the programs of a copy of this checkout.
fn bootstrap(checkout: &Path) -> [String; 3] {
    ["dyndrv", "builder", "checker"].map(|program| {
        let library = checkout.join("nix/nixpkgs.nix");
        let expression = format!(
            "(import {} {{ pkgs = (builtins.getFlake \"{}\").legacyPackages.${{builtins.currentSystem}}; }}).{program}.drvPath",
            library.display(),
            package_set()
        );
        let output = nix()
            .args(["eval", "--raw", "--impure", "--expr", &expression])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    })
}

#[test]
fn only_an_edit_of_the_builder_reaches_the_builder() {
    let checkout = TempDir::new().unwrap();
    let at = |file: &str| checkout.path().join(file);
    for part in ["nix", "src", "builder", "checker"] {
        copy(&root().join(part), &at(part));
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root().join(file), at(file)).unwrap();
    }
    let before = bootstrap(checkout.path());
    for (file, changes) in [
        ("src/main.rs", [true, false, false]),
        ("checker/src/main.rs", [true, false, true]),
        ("checker/Cargo.toml", [true, false, true]),
        ("builder/src/main.rs", [true, true, true]),
    ] {
        let original = fs::read_to_string(at(file)).unwrap();
        let comment = match file.ends_with(".toml") {
            true => "#",
            false => "//",
        };
        fs::write(at(file), format!("{original}{comment} edited\n")).unwrap();
        let after = bootstrap(checkout.path());
        let changed: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
        assert_eq!(changed, changes, "{file}");
        fs::write(at(file), original).unwrap();
    }
}

#[test]
fn another_checker_builds_no_unit_again() {
    let mut project = Project::example("hello");
    let library = root().join("nix/nixpkgs.nix");
    project.write(
        "dyndrv.nix",
        &format!(
            r#"{{ dyndrv, pkgs, src, settings }}:
let
  checker = derivation {{
    name = "dyndrv-checker";
    system = builtins.currentSystem;
    builder = "${{pkgs.busybox}}/bin/sh";
    PATH = "${{pkgs.busybox}}/bin";
    args = [ "-c" "mkdir -p $out/bin && cp $program $out/bin && echo $salt > $out/salt" ];
    program = "${{dyndrv.checker}}/bin/dyndrv-checker";
    inherit (settings) salt;
  }};
  library = import {} {{
    inherit pkgs checker;
    inherit (dyndrv) dyndrv builder;
  }};
in
library.build {{ inherit src; }}
"#,
            library.display()
        ),
    );
    let check = |project: &Project, name: &str| {
        let attribute = format!("checks.{name}");
        project
            .build_attribute(&attribute)
            .unwrap_or_else(|log| panic!("{name} failed:\n{log}"))
    };
    let names = ["test", "doctest", "clippy", "doc", "fmt"];
    project.args = serde_json::json!({ "salt": fresh().to_string() });
    for name in names {
        check(&project, name);
    }
    project.args = serde_json::json!({ "salt": fresh().to_string() });
    let mut units: Vec<String> = Vec::new();
    for name in names {
        units.extend(check(&project, name).units);
    }
    let is_check = |unit: &String| {
        ["-run", "-doctest", "-clippy", "-doc", "-fmt"]
            .iter()
            .any(|suffix| unit.ends_with(suffix))
    };
    assert!(!units.is_empty());
    assert!(units.iter().all(is_check), "{units:?}");
}
