//! Store paths in flags, variables and configuration files are inputs of the units that
//! name them.

use crate::project::{Project, package_path};

const MANIFEST: &str = "\
package = { name = \"app\", version = \"0.1.0\", edition = \"2024\" }
";

/// `app` depends on `a`.
fn workspace() -> Project {
    Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"a\"]\nresolver = \"3\"\n",
        ),
        (
            "a/Cargo.toml",
            "package = { name = \"a\", version = \"0.1.0\", edition = \"2024\" }\n",
        ),
        ("a/src/lib.rs", "pub const NUMBER: u64 = 7;\n"),
        (
            "app/Cargo.toml",
            &format!("{MANIFEST}dependencies = {{ a.path = \"../a\" }}\n"),
        ),
        (
            "app/src/main.rs",
            "fn main() { println!(\"{}\", a::NUMBER); }\n",
        ),
    ])
    .locked()
}

#[test]
fn rustflags_reach_the_runs_of_build_scripts() {
    let project = Project::of(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", env!(\"FLAGS\")); }\n",
        ),
        (
            "build.rs",
            r#"fn main() {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap();
    let dir = flags.strip_prefix("-L").unwrap();
    assert!(std::path::Path::new(dir).is_dir(), "{dir}");
    println!("cargo:rustc-env=FLAGS={flags}");
}
"#,
        ),
        (
            "dyndrv.nix",
            r#"{ dyndrv, pkgs, src, settings }:
dyndrv.build { inherit src; rustflags = [ "-L${pkgs.zlib}/lib" ]; }
"#,
        ),
    ])
    .locked();
    let flags = project.build().run("app", &[]);
    assert_eq!(flags, format!("-L{}/lib\n", package_path("zlib")));
}

#[test]
fn the_environment_of_the_configuration_names_a_package_of_the_plan() {
    let project = workspace();
    let cc = package_path("gcc");
    project.write(
        ".cargo/config.toml",
        &format!("[env]\nCC = \"{cc}/bin/cc\"\n"),
    );
    assert_eq!(project.build().run("app", &[]), "7\n");
}

/// `?` can be part of a store path's name.
#[test]
fn a_question_mark_stands_behind_a_path() {
    let project = Project::of(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", env!(\"DATABASE_URL\")); }\n",
        ),
        ("schema.db", "tables\n"),
        (
            "dyndrv.nix",
            r#"{ dyndrv, pkgs, src, settings }:
dyndrv.build {
  inherit src;
  crateEnv.app = _: { DATABASE_URL = "sqlite://${./schema.db}?mode=ro"; };
}
"#,
        ),
    ])
    .locked();
    let url = project.build().run("app", &[]);
    let path = url.strip_prefix("sqlite://").unwrap();
    let path = path.strip_suffix("?mode=ro\n").unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "tables\n");
}

/// The manifests that evaluation reads are then texts with a context.
#[test]
fn a_configuration_that_nix_writes() {
    let project = workspace();
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
let
  generated = derivation {
    name = "source";
    system = "x86_64-linux";
    builder = "${pkgs.bash}/bin/bash";
    PATH = "${pkgs.coreutils}/bin";
    args = [
      "-euc"
      ''
        cp -r ${src} $out
        chmod -R u+w $out
        mkdir $out/.cargo
        printf '[env]\nZLIB = "%s"\n' ${pkgs.zlib} > $out/.cargo/config.toml
        exit 0
      ''
    ];
  };
in
dyndrv.build {
  src = generated;
  cargoLock = src + "/Cargo.lock";
  packages = [ "app" ];
  pname = "app";
  version = "1";
  checks.members = [ ];
}
"#,
    );
    assert_eq!(project.build().run("app", &[]), "7\n");
}

#[test]
fn a_path_that_is_not_there_is_an_error() {
    let project = workspace();
    let path = "/nix/store/00000000000000000000000000000000-cc/bin/cc";
    project.write(".cargo/config.toml", &format!("[env]\nCC = \"{path}\"\n"));
    let log = project.try_build().err().unwrap();
    let expected = format!("`CC` names {path}, which is not among the inputs of the build");
    assert!(log.contains(&expected), "{log}");
}

/// The text of a manifest may mention what it likes.
#[test]
fn a_description_mentions_a_path() {
    let project = workspace();
    let path = "/nix/store/00000000000000000000000000000000-cc";
    project.write(
        "a/Cargo.toml",
        &format!(
            "package = {{ name = \"a\", version = \"0.1.0\", edition = \"2024\", description = \"like {path}\" }}\n"
        ),
    );
    assert_eq!(project.build().run("app", &[]), "7\n");
}
