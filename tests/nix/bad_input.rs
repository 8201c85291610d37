//! What a user can get wrong ends in one message that says what is wrong and what to do.

use crate::project::{self, Project};
use serde_json::json;

const MAIN: &str = "fn main() { println!(\"well\"); }\n";

const LOCK: &str = "\
version = 4

[[package]]
name = \"bad\"
version = \"0.1.0\"
";

/// A lock file with a package of the registry, one that the examples have too.
const LOCK_WITH_DEPENDENCY: &str = "\
version = 4

[[package]]
name = \"bad\"
version = \"0.1.0\"
dependencies = [
 \"itoa\",
]

[[package]]
name = \"itoa\"
version = \"1.0.18\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"
checksum = \"8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682\"
";

/// A package named `bad` with this at the end of its manifest.
fn package(manifest: &str) -> Project {
    let head = "package = { name = \"bad\", version = \"0.1.0\", edition = \"2024\"";
    let manifest = match manifest.strip_prefix("package.") {
        Some(rest) => {
            let (key, rest) = rest.split_once('\n').unwrap_or((rest, ""));
            format!("{head}, {key} }}\n{rest}")
        }
        None => format!("{head} }}\n{manifest}"),
    };
    Project::of(&[
        ("Cargo.toml", &manifest),
        ("Cargo.lock", LOCK),
        ("src/main.rs", MAIN),
    ])
}

/// Builds, expects that it fails, and that the log has all of these.
fn fails(project: &Project, expected: &[&str]) {
    let log = match project.try_build() {
        Ok(build) => panic!("built {}", build.out.display()),
        Err(log) => log,
    };
    for text in expected {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    assert!(!log.contains("panicked at"), "{log}");
}

/// The project builds, and its program runs.
fn builds(project: &Project) {
    assert_eq!(project.build().run("bad", &[]), "well\n");
}

#[test]
fn no_lock_file() {
    let project = package("");
    project.remove("Cargo.lock");
    fails(
        &project,
        &[
            "Cargo.lock does not exist",
            "cargo generate-lockfile",
            "git add Cargo.lock",
        ],
    );
}

#[test]
fn a_lock_file_that_lacks_a_dependency() {
    let project = package("dependencies.itoa = \"1\"");
    fails(
        &project,
        &[
            "Cargo.lock does not fit the manifests",
            "cargo update --workspace",
        ],
    );
    project.write("Cargo.lock", LOCK_WITH_DEPENDENCY);
    builds(&project);
}

#[test]
fn a_lock_file_that_lacks_a_member() {
    let project = package("workspace.members = [\"other\"]");
    project.write(
        "other/Cargo.toml",
        "package = { name = \"other\", version = \"0.1.0\" }",
    );
    project.write("other/src/lib.rs", "");
    fails(
        &project,
        &[
            "Cargo.lock does not fit the manifests",
            "cargo update --workspace",
        ],
    );
}

#[test]
fn a_locked_crate_that_is_not_vendored() {
    let mut project = package("dependencies.itoa = \"1\"");
    project.write("Cargo.lock", LOCK_WITH_DEPENDENCY);
    project.write("vendor/README", "No package is here.\n");
    project.args = json!({ "vendor": project.path().join("vendor") });
    fails(
        &project,
        &[
            "`itoa`",
            "a locked package is missing from the vendor directory",
            "Make the vendor directory again from this Cargo.lock",
        ],
    );
    project.args = json!({});
    builds(&project);
}

/// cargo's words for it are close to those for a package that is missing.
#[test]
fn a_feature_that_a_dependency_does_not_have() {
    let project = package("dependencies.itoa = { version = \"1\", features = [\"weather\"] }");
    project.write("Cargo.lock", LOCK_WITH_DEPENDENCY);
    fails(
        &project,
        &[
            "a package asks for a feature that its dependency does not have",
            "package `bad` depends on `itoa` with feature `weather`",
            "Correct the feature's name in the manifest",
        ],
    );
}

#[test]
fn a_vendored_package_that_is_not_the_locked_one() {
    let project = package("dependencies.itoa = \"1\"");
    project.write("Cargo.lock", LOCK_WITH_DEPENDENCY);
    project.write(
        ".cargo/config.toml",
        "[source]\ncrates-io.replace-with = \"ours\"\nours.directory = \"vendor\"\n",
    );
    let manifest = "package = { name = \"itoa\", version = \"1.0.18\" }\n";
    project.write("vendor/itoa/Cargo.toml", manifest);
    project.write("vendor/itoa/src/lib.rs", "");
    let checksum = |sum: &str| format!("{{\"files\":{{}},\"package\":\"{sum}\"}}");
    let file = "vendor/itoa/.cargo-checksum.json";
    project.write(file, &checksum(&"0".repeat(64)));
    fails(
        &project,
        &[
            "a vendored package is not the one that is locked",
            "itoa v1.0.18",
            "Make the vendor directory again from this Cargo.lock",
        ],
    );
    let locked = LOCK_WITH_DEPENDENCY.split('"').rev().nth(1).unwrap();
    project.write(file, &checksum(locked));
    builds(&project);
}

#[test]
fn a_package_that_needs_a_newer_rustc() {
    let mut project = package("package.rust-version = \"1.999\"");
    fails(
        &project,
        &[
            "a package needs a newer rustc",
            "bad@0.1.0 requires rustc 1.999",
            "Use a newer toolchain",
            "`ignoreRustVersion`",
        ],
    );
    project.args = json!({ "ignoreRustVersion": true });
    builds(&project);
}

#[test]
fn a_missing_target_file() {
    let project = package("[[bin]]\nname = \"bad\"\npath = \"src/bad.rs\"");
    fails(
        &project,
        &[
            "the file of a target is missing",
            "src/bad.rs",
            "Add the file to the sources",
        ],
    );
    project.write("src/bad.rs", MAIN);
    builds(&project);
}

#[test]
fn a_missing_module_file() {
    let project = package("");
    project.write("src/main.rs", &format!("mod missing;\n{MAIN}"));
    fails(
        &project,
        &[
            "file not found for module `missing`",
            "bad 0.1.0",
            "bin bad",
        ],
    );
    project.write("src/missing.rs", "");
    builds(&project);
}

#[test]
fn a_build_script_that_fails() {
    let project = package("");
    project.write(
        "build.rs",
        "fn main() { eprintln!(\"no weather today\"); std::process::exit(7) }\n",
    );
    fails(
        &project,
        &[
            "no weather today",
            "package bad 0.1.0, target build script",
            "the build script failed (exit status: 7)",
        ],
    );
    project.write("build.rs", "fn main() {}\n");
    builds(&project);
}

#[test]
fn a_build_script_that_reports_an_error() {
    let project = package("");
    project.write(
        "build.rs",
        "fn main() { println!(\"cargo::error=install the weather\"); }\n",
    );
    fails(
        &project,
        &[
            "package bad 0.1.0, target build script",
            "the build script reports: install the weather",
        ],
    );
    project.write("build.rs", "fn main() {}\n");
    builds(&project);
}

#[test]
fn a_compile_error() {
    let project = package("");
    project.write("src/main.rs", "fn main() { nothing() }\n");
    fails(
        &project,
        &[
            "cannot find function `nothing`",
            "src/main.rs:1:13",
            "package bad 0.1.0, target bin bad",
        ],
    );
    project.write("src/main.rs", MAIN);
    builds(&project);
}

#[test]
fn a_kind_of_unit_that_is_not_supported() {
    let project = package("dependencies.tool = { path = \"tool\", artifact = \"bin\" }");
    project.write(".cargo/config.toml", "unstable.bindeps = true\n");
    project.write(
        "tool/Cargo.toml",
        "package = { name = \"tool\", version = \"0.1.0\", edition = \"2024\" }\n",
    );
    project.write("tool/src/main.rs", MAIN);
    project.write(
        "Cargo.lock",
        &format!(
            "{LOCK}dependencies = [\n \"tool\",\n]\n\n[[package]]\nname = \"tool\"\nversion = \"0.1.0\"\n"
        ),
    );
    fails(
        &project,
        &["`bad 0.1.0`", "artifact dependency", "is not supported"],
    );
}

#[test]
fn a_selection_that_does_not_exist() {
    let mut project = package("");
    for (args, cause, advice) in [
        (
            json!({ "packages": ["good"] }),
            "did not match any packages",
            "Correct the names in `packages`",
        ),
        (
            json!({ "bins": ["good"] }),
            "no bin target named `good`",
            "Correct the names in `packages`",
        ),
        (
            json!({ "features": ["good"] }),
            "feature: good",
            "Correct the names in `features`",
        ),
        (
            json!({ "profile": "good" }),
            "profile `good` is not defined",
            "Name a profile",
        ),
    ] {
        project.args = args;
        fails(&project, &[cause, advice]);
    }
}

#[test]
fn an_environment_for_an_unknown_crate() {
    let mut project = package("");
    project.args = json!({ "crateEnv": { "weather": {} } });
    fails(
        &project,
        &[
            "crateEnv names the crate `weather`, which Cargo.lock does not have",
            "Correct the name or remove the entry",
        ],
    );
}

#[test]
fn an_environment_with_an_unsupported_key() {
    let mut project = package("");
    project.args = json!({ "crateEnv": { "bad": { "buildPhase": "true" } } });
    fails(
        &project,
        &[
            "crateEnv.bad sets `buildPhase`, which is not supported",
            "by buildInputs, nativeBuildInputs",
        ],
    );
    project.args = json!({ "crateEnv": { "bad": { "postPatch": "true" } } });
    fails(
        &project,
        &[
            "crateEnv.bad sets `postPatch`, but bad is among the sources",
            "change it there",
        ],
    );
}

#[test]
fn an_unknown_argument() {
    for (args, expected) in [
        (
            json!({ "fetures": ["good"] }),
            [
                "`build` and `project` have no argument `fetures`",
                "Did you mean `features`?",
            ],
        ),
        (
            json!({ "cargoHash": "sha256-…" }),
            [
                "`build` and `project` have no argument `cargoHash`",
                "No hash is needed",
            ],
        ),
        (
            json!({ "postInstall": "true" }),
            [
                "`build` and `project` have no argument `postInstall`",
                "`finish.postInstall",
            ],
        ),
        (
            json!({ "env": { "RUSTFLAGS": "-O" } }),
            ["without `env.RUSTFLAGS`", "the list `rustflags`"],
        ),
        (
            json!({ "weather": "fine" }),
            [
                "`build` and `project` have no argument `weather`",
                "The arguments are",
            ],
        ),
        (
            json!({ "cargoLock": { "lockfile": "Cargo.lock" } }),
            [
                "`cargoLock` has no argument `lockfile`",
                "Did you mean `lockFile`?",
            ],
        ),
    ] {
        let mut project = package("");
        project.args = args;
        fails(&project, &expected);
    }
}

#[test]
fn a_nix_without_the_features() {
    for features in ["nix-command flakes", "nix-command flakes ca-derivations"] {
        let mut project = package("");
        project.options = ["--option", "experimental-features", features]
            .map(str::to_owned)
            .to_vec();
        fails(&project, WITHOUT_FEATURES);
    }
}

/// The toolchain that `mkLib` is given builds dyndrv's own programs, too.
#[test]
fn a_toolchain_that_cannot_build_dyndrv() {
    let expression = format!(
        "let
           pkgs = (builtins.getFlake \"{}\").legacyPackages.x86_64-linux;
           old = derivation {{
             name = \"rust-1.80.1\";
             system = \"x86_64-linux\";
             builder = \"${{pkgs.bash}}/bin/bash\";
             PATH = \"${{pkgs.coreutils}}/bin\";
             args = [ \"-euc\" ''
               mkdir -p $out/bin
               printf '#!%s\\necho rustc 1.80.1 \"(3f5fd8dd4 2024-08-06)\"\\n' ${{pkgs.bash}}/bin/bash >$out/bin/rustc
               chmod +x $out/bin/rustc
               exit 0
             '' ];
           }};
         in ((import {}/nix/nixpkgs.nix {{ inherit pkgs; }}).overrideToolchain old).builder",
        project::package_set(),
        project::root().display(),
    );
    let output = project::nix()
        .args(["build", "--no-link", "--impure", "--print-build-logs"])
        .args(["--expr", &expression])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for text in [
        "its own programs need rustc 1.90 or later, and the toolchain of `mkLib` has 1.80.1",
        "overrideToolchain",
        "`project { toolchain = …; }`",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}

const WITHOUT_FEATURES: &[&str] = &[
    "runs without the experimental features `ca-derivations` and `dynamic-derivations`",
    "Nix 2.34 or later",
    "`extra-experimental-features = ca-derivations dynamic-derivations` into nix.conf",
    "nix --extra-experimental-features 'ca-derivations dynamic-derivations'",
];

/// Nix reads a flake's `nixConfig` when the language's builtins are set already.
#[test]
fn a_flake_that_asks_for_the_features_too_late() {
    let project = package("");
    let flake = format!(
        "{{
          nixConfig.extra-experimental-features = [ \"ca-derivations\" \"dynamic-derivations\" ];
          outputs = {{ self }}: {{
            packages.x86_64-linux.default = import {}/tests/nix/build.nix {{
              src = self;
              packageSet = \"{}\";
            }};
          }};
        }}",
        project::root().display(),
        project::package_set(),
    );
    project.write("flake.nix", &flake);
    let output = project::nix()
        .args(["build", "--no-link", "--impure", "--accept-flake-config"])
        .args(["--option", "experimental-features", "nix-command flakes"])
        .arg(format!("path:{}", project.path().display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for text in WITHOUT_FEATURES {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}

/// `dev/soak versions` has a real one.
#[test]
fn a_nix_that_is_too_old() {
    let of_version = |version: &str| {
        let expression = format!(
            "let
               older = builtins // {{ nixVersion = \"{version}\"; }};
               dyndrv = builtins.scopedImport {{ builtins = older; }} {}/nix/dyndrv.nix;
               call = function: function (builtins.mapAttrs (_: _: null) (builtins.functionArgs function));
             in call (call dyndrv)",
            project::root().display(),
        );
        let output = project::nix()
            .args(["eval", "--impure", "--expr", &expression])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let log = of_version("2.26.3");
    for text in [
        "dyndrv: this Nix (2.26.3) does not build derivations that a build has written",
        "Nix 2.34 or later",
        "for the daemon too",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    assert!(!of_version("2.34.0").contains("this Nix"));
}

#[test]
fn a_nix_without_its_sandbox() {
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"bad\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("Cargo.lock", LOCK),
        (
            "src/main.rs",
            &format!("fn main() {{ println!(\"{}\"); }}\n", project::fresh()),
        ),
    ]);
    project.options = ["--option", "sandbox", "false"].map(str::to_owned).into();
    fails(
        &project,
        &[
            "and not in /build: dyndrv needs Nix's sandbox",
            "`sandbox = true`",
        ],
    );
    assert!(!std::path::Path::new("/build").exists());
    project.options.clear();
    builds_fresh(&project);
}

/// Builds a project whose program prints another number each time.
fn builds_fresh(project: &Project) {
    let number = project.build().run("bad", &[]);
    assert!(number.trim().parse::<u128>().is_ok(), "{number}");
}
