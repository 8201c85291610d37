//! `buildRustPackage` in the shape of nixpkgs': the same arguments, and a derivation that can stand there.

use crate::project::{Project, fresh};
use serde_json::json;
use std::fs;
use std::path::Path;

/// A program with features, a build script that writes a man page, and tests.
fn tool() -> Project {
    Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"tool\"\nversion = \"1.2.0\"\nedition = \"2024\"\n\
             [features]\ndefault = [\"plain\"]\nplain = []\nloud = []\n",
        ),
        (
            "build.rs",
            r#"fn main() {
                let out = std::env::var("OUT_DIR").unwrap();
                std::fs::create_dir(format!("{out}/man")).unwrap();
                std::fs::write(format!("{out}/man/tool.1"), "the manual\n").unwrap();
            }"#,
        ),
        (
            "src/main.rs",
            r#"fn main() {
                let name = std::env::args().nth(1).unwrap_or("nobody".into());
                print!("{}", option_env!("GREETING").unwrap_or("hello"));
                if cfg!(feature = "loud") { print!("!") }
                if cfg!(feature = "plain") { print!(".") }
                println!(" {name}");
            }
            #[test]
            fn well() {}
            #[test]
            fn needs_a_network() { panic!("no network") }
            "#,
        ),
        ("completions/tool.bash", "complete tool\n"),
    ])
    .locked()
}

/// Sets the expression that the project is built by: of `dyndrv`, `pkgs` and `src`.
fn by(project: &Project, expression: &str) {
    let text = format!("{{ dyndrv, pkgs, src, settings }}:\n{expression}\n");
    project.write("dyndrv.nix", &text);
}

/// The package `tool` with further arguments.
fn with(project: &Project, more: &str) {
    by(
        project,
        &format!(
            "dyndrv.buildRustPackage (finalAttrs: {{ pname = \"tool\"; version = \"1.2.0\"; inherit src;\n\
             checkFlags = [ \"--skip=needs_a_network\" ];\n{more} }})"
        ),
    );
}

fn fails(project: &Project, expected: &[&str]) {
    let log = project.try_build().err().expect("it builds");
    for text in expected {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
}

/// A package with a setup hook, as `installShellFiles` is.
const HOOK: &str = r#"(derivation {
    name = "install-manual";
    system = "x86_64-linux";
    builder = "${pkgs.bash}/bin/bash";
    PATH = "${pkgs.coreutils}/bin";
    hook = ''
      installManual() {
        mkdir -p "''${!outputMan:-$out}/share/man/man1"
        cp "$@" "''${!outputMan:-$out}/share/man/man1/"
      }
    '';
    args = [ "-euc" "mkdir -p $out/nix-support; printf '%s' \"$hook\" >$out/nix-support/setup-hook; exit 0" ];
  })"#;

#[test]
fn a_package_builds_checks_and_installs_as_in_nixpkgs() {
    let project = tool();
    with(
        &project,
        &format!(
            r#"
            nativeBuildInputs = [ {HOOK} ];
            buildFeatures = [ "loud" ];
            buildNoDefaultFeatures = true;
            env.GREETING = "good day";
            postInstall = ''
              installManual $releaseDir/build/tool-*/out/man/tool.1
              mkdir -p $out/share/completions
              cp completions/tool.bash $out/share/completions/
              test -x target/release/tool
            '';
            postFixup = ''
              mv $out/bin/tool $out/bin/.tool-wrapped
              printf '#!${{pkgs.bash}}/bin/bash\nexec %s wrapped\n' $out/bin/.tool-wrapped >$out/bin/tool
              chmod +x $out/bin/tool
            '';
            doInstallCheck = true;
            installCheckPhase = ''
              [[ $($out/bin/tool) == "good day! wrapped" ]]
            '';
            passthru.tests.again = finalAttrs.finalPackage;
            meta.description = "Greets ${{finalAttrs.version}}";
            "#
        ),
    );
    let build = project.build();
    assert_eq!(build.run("tool", &[]), "good day! wrapped\n");
    let read = |path: &str| fs::read_to_string(build.out.join(path)).unwrap();
    assert_eq!(read("share/man/man1/tool.1"), "the manual\n");
    assert_eq!(read("share/completions/tool.bash"), "complete tool\n");
    for (attribute, expected) in [
        ("name", json!("tool-1.2.0")),
        ("pname", json!("tool")),
        ("version", json!("1.2.0")),
        ("meta.description", json!("Greets 1.2.0")),
        ("passthru.tests.again.name", json!("tool-1.2.0")),
    ] {
        assert_eq!(project.evaluate(attribute), expected, "{attribute}");
    }

    // As in nixpkgs, what follows from a changed attribute changes with it.
    let text = project.read("dyndrv.nix").replace(
        "dyndrv.buildRustPackage (finalAttrs: {",
        "(dyndrv.buildRustPackage (finalAttrs: {",
    );
    let changes = [
        "(old: { version = \"${old.version}.1\"; })",
        "(final: old: { version = \"${old.version}.1\"; })",
        "{ version = \"1.2.0.1\"; }",
    ];
    for change in changes {
        project.write(
            "dyndrv.nix",
            &format!("{}).overrideAttrs {change}\n", text.trim_end()),
        );
        assert_eq!(project.evaluate("name"), json!("tool-1.2.0.1"), "{change}");
        let meta = project.evaluate("meta.description");
        assert_eq!(meta, json!("Greets 1.2.0.1"), "{change}");
    }
}

#[test]
fn sources_are_patched_and_prepared_before_units_are_planned() {
    let project = tool();
    project.write(
        "greeting.patch",
        "--- a/src/main.rs\n+++ b/src/main.rs\n@@ -1,1 +1,1 @@\n-fn main() {\n+fn main() { print!(\"patched, \");\n",
    );
    with(
        &project,
        r#"
        patches = [ ./greeting.patch ];
        postPatch = ''
          substituteInPlace src/main.rs --replace-fail '"nobody"' "\"$pname\""
        '';
        preBuild = ''
          export HOME=$(mktemp -d)
          sed -i 's/"hello"/include_str!("greeting.txt")/' src/main.rs
          printf hi >src/greeting.txt
        '';
        "#,
    );
    assert_eq!(project.build().run("tool", &[]), "patched, hi. tool\n");

    with(&project, "preConfigure = \"export GREETING=hi\";");
    fails(
        &project,
        &[
            "preConfigure, configurePhase, postConfigure, preBuild or preCheck changes variables",
            "GREETING=\"hi\"",
            "Set them by `env`",
        ],
    );
}

#[test]
fn tests_decide_whether_a_package_builds() {
    let project = tool();
    let source = project.read("src/main.rs");
    project.write("src/main.rs", &format!("{source}// {}\n", fresh()));
    with(&project, "");
    project.build();
    by(
        &project,
        "dyndrv.buildRustPackage { pname = \"tool\"; version = \"1\"; inherit src; }",
    );
    fails(&project, &["needs_a_network", "no network"]);
    by(
        &project,
        "dyndrv.buildRustPackage { pname = \"tool\"; version = \"1\"; inherit src; doCheck = false; }",
    );
    assert_eq!(project.build().run("tool", &["you"]), "hello. you\n");
    // Sources of tests can be changed, and units have a home of their own.
    by(
        &project,
        r#"dyndrv.buildRustPackage {
          pname = "tool"; version = "1"; inherit src;
          preCheck = ''
            export HOME=$(mktemp -d)
            sed -i 's/panic!/println!/; s/"hello"/"changed"/' src/main.rs
          '';
        }"#,
    );
    assert_eq!(project.build().run("tool", &["you"]), "hello. you\n");
    // The failing test is one of the program.
    project.write("tests/smoke.rs", "#[test] fn smoke() {}\n");
    by(
        &project,
        "dyndrv.buildRustPackage { pname = \"tool\"; version = \"1\"; inherit src; cargoTestFlags = [ \"--test\" \"smoke\" ]; }",
    );
    project.build();
    by(
        &project,
        "dyndrv.buildRustPackage { pname = \"tool\"; version = \"1\"; inherit src; cargoTestFlags = \"--bins\"; }",
    );
    fails(&project, &["needs_a_network", "no network"]);
}

/// A workspace below a directory, with two programs.
fn workspace() -> Project {
    let member = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    Project::of(&[
        (
            "rust/Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n",
        ),
        ("rust/a/Cargo.toml", &member("a")),
        (
            "rust/a/src/main.rs",
            "fn main() { println!(include_str!(\"../../../shared.txt\")) }",
        ),
        ("rust/b/Cargo.toml", &member("b")),
        ("rust/b/src/main.rs", "fn main() { println!(\"b\") }"),
        ("rust/b/src/bin/c.rs", "fn main() { println!(\"c\") }"),
        ("shared.txt", "shared"),
    ])
    .locked_in("rust")
}

fn programs(build: &Path) -> Vec<String> {
    let entries = fs::read_dir(build.join("bin")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_built_is_chosen_as_in_nixpkgs() {
    let project = workspace();
    for (arguments, expected) in [
        (
            "cargoRoot = \"rust\"; buildAndTestSubdir = \"rust\";",
            ["a", "b", "c"].as_slice(),
        ),
        (
            "cargoRoot = \"rust\"; buildAndTestSubdir = \"rust/b\";",
            &["b", "c"],
        ),
        ("sourceRoot = \"source/rust\";", &["a", "b", "c"]),
        (
            "sourceRoot = \"source/rust\"; buildAndTestSubdir = \"a\";",
            &["a"],
        ),
        (
            "sourceRoot = \"source/rust\"; cargoBuildFlags = [ \"-p\" \"b\" \"--bin=c\" ];",
            &["c"],
        ),
        (
            "sourceRoot = \"source/rust\"; cargoBuildFlags = \"--manifest-path a/Cargo.toml --locked\";",
            &["a"],
        ),
        (
            "sourceRoot = \"source/rust\"; buildAndTestSubdir = \"a\"; cargoBuildFlags = [ \"--workspace\" ];",
            &["a", "b", "c"],
        ),
    ] {
        by(
            &project,
            &format!(
                "dyndrv.buildRustPackage {{ pname = \"w\"; version = \"1\"; inherit src; {arguments} }}"
            ),
        );
        assert_eq!(programs(&project.build().out), expected, "{arguments}");
    }
}

#[test]
fn an_argument_that_cannot_be_honoured_says_why() {
    let project = tool();
    for (arguments, expected) in [
        (
            "postCheck = \"cargo test --doc\";",
            ["`postCheck` of `tool`", "dyndrv.checks.testEnv"],
        ),
        (
            "checkPhase = ''\nrunHook preCheck\ncargo nextest run\n'';",
            ["`checkPhase` of `tool`", "It calls cargo"],
        ),
        (
            "buildPhase = \"make\";",
            ["`buildPhase` of `tool`", "postPatch"],
        ),
        (
            "features = [ \"loud\" ];",
            ["no argument `features`", "Features are `buildFeatures`"],
        ),
        (
            "crateEnv.x = { };",
            ["no argument `crateEnv`", "`dyndrv.crateEnv = …`"],
        ),
        (
            "auditable = true;",
            ["`auditable` of `tool`", "leave it out"],
        ),
        (
            "buildFeature = [ ];",
            [
                "no argument `buildFeature`",
                "Did you mean `buildFeatures`?",
            ],
        ),
        (
            "postPatch = \"rm $cargoDepsCopy/x\";",
            ["`postPatch` of `tool`", "dyndrv.crateEnv.<name>.postPatch"],
        ),
        (
            "cargoBuildFlags = [ \"--example=x\" ];",
            ["`--example=x` in `cargoBuildFlags` of `tool`", "--package"],
        ),
        (
            "env.CARGO_PROFILE_RELEASE_LTO = \"fat\";",
            ["`CARGO_PROFILE_RELEASE_LTO` of `tool`", "Cargo.toml"],
        ),
        (
            "cargoHash = \"sha256-\";",
            ["`cargoHash` of `tool-1.2.0`", "fetchCargoVendor"],
        ),
    ] {
        with(&project, arguments);
        let started = std::time::Instant::now();
        fails(&project, &expected);
        // Nothing was built for it.
        assert!(started.elapsed().as_secs() < 60, "{arguments}");
    }
    // Without tests their code does not matter; other attributes are for phases of the package's own.
    with(
        &project,
        "doCheck = false; postCheck = \"exit 1\"; greeting = \"well\"; postInstall = \"echo $greeting >$out/greeting\";",
    );
    let greeting = fs::read_to_string(project.build().out.join("greeting"));
    assert_eq!(greeting.unwrap(), "well\n");
}

#[test]
fn what_a_package_checks_besides_runs_after_its_tests() {
    let project = tool();
    let besides = "[[ $(target/release/tool $WHOM) == *'. Ada' ]] && echo checked >checked";
    let keep = "postInstall = \"cp checked $out/\"; useNextest = true;";
    with(
        &project,
        &format!("postCheck = \"WHOM=Ada; {besides}\"; {keep}"),
    );
    let checked = |project: &Project| fs::read_to_string(project.build().out.join("checked"));
    assert_eq!(checked(&project).unwrap(), "checked\n");
    with(&project, "postCheck = \"false\";");
    fails(&project, &["tool-1.2.0"]);
    // In place of the tests, of which one would fail.
    by(
        &project,
        &format!(
            "dyndrv.buildRustPackage {{ pname = \"tool\"; version = \"1.2.0\"; inherit src;\n\
             preCheck = \"export WHOM=Ada\"; {keep}\n\
             checkPhase = ''\nrunHook preCheck\n{besides}\nrunHook postCheck\n''; }}"
        ),
    );
    assert_eq!(checked(&project).unwrap(), "checked\n");
}

/// As in nixpkgs, where the sources are there after a build only.
#[test]
fn fetched_sources_are_not_read_at_evaluation() {
    let mut project = tool();
    project.options = ["--option", "allow-import-from-derivation", "false"]
        .map(str::to_owned)
        .into();
    let fetched = r#"
        let
          fetch = _: derivation {
            name = "source";
            system = "x86_64-linux";
            builder = "${pkgs.bash}/bin/bash";
            PATH = "${pkgs.coreutils}/bin";
            tree = src;
            args = [ "-euc" "cp -R $tree $out; chmod -R u+w $out; rm $out/dyndrv.nix; exit 0" ];
          };
          fetchCargoVendor = { src, hash, ... }: derivation {
            name = "tool-vendor";
            system = "x86_64-linux";
            builder = "${pkgs.bash}/bin/bash";
            PATH = "${pkgs.coreutils}/bin";
            lock = "${src}/Cargo.lock";
            args = [ "-euc" "mkdir -p $out/.cargo; cp $lock $out/Cargo.lock; exit 0" ];
          };
          library = dyndrv.override {
            pkgs = pkgs // { rustPlatform = pkgs.rustPlatform // { inherit fetchCargoVendor; }; };
          };
        in
        library.rustPlatform.buildRustPackage rec {
          pname = "tool";
          version = "1.2.0";
          src = fetch { rev = version; };
          checkFlags = [ "--skip=needs_a_network" ];
    "#;
    for how in [
        "",
        "cargoHash = \"sha256-x\";",
        "cargoLock.lockFile = ./Cargo.lock;",
        "cargoDeps = fetchCargoVendor { inherit src; hash = \"\"; };",
        "cargoLock.lockFile = ./Cargo.lock; postPatch = \"rm Cargo.lock; ln -s ${./Cargo.lock} Cargo.lock\";",
    ] {
        by(&project, &format!("{fetched}{how} }}"));
        assert_eq!(
            project.build().run("tool", &["you"]),
            "hello. you\n",
            "{how}"
        );
    }
}
