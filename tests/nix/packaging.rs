//! The package as nixpkgs' users take it: its attributes, and what they come from.

use crate::project::Project;
use serde_json::{Value, json};

/// A package with these lines in its manifest behind name and version, and these programs in `src/bin`.
fn package(name: &str, manifest: &str, programs: &[&str]) -> Project {
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let project = Project::of(&[("Cargo.toml", &format!("{head}{manifest}"))]);
    for program in programs {
        project.write(&format!("src/{program}"), "fn main() {}\n");
    }
    project.locked()
}

#[test]
fn the_main_program_is_the_one_that_cargo_would_run() {
    let main = "main.rs";
    let rg = "[[bin]]\nname = \"rg\"\npath = \"src/main.rs\"\n";
    let two = ["main.rs", "bin/other.rs"];
    for (manifest, programs, expected) in [
        ("", [main].as_slice(), json!("tool")),
        (rg, &[main], json!("rg")),
        ("", &["bin/a/main.rs"], json!("a")),
        ("", &two, Value::Null),
        ("default-run = \"other\"\n", &two, json!("other")),
        (
            "[[bin]]\nname = \"other\"\nrequired-features = [\"more\"]\n[features]\nmore = []\n",
            &two,
            json!("tool"),
        ),
        (
            "[[bin]]\nname = \"other\"\nrequired-features = [\"more\"]\n[features]\nmore = []\ndefault = [\"more\"]\n",
            &two,
            Value::Null,
        ),
    ] {
        let project = package("tool", manifest, programs);
        let meta = project.evaluate("meta");
        assert_eq!(meta["mainProgram"], expected, "{manifest}");
    }
}

#[test]
fn a_package_is_described_by_its_manifest() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\"]\n\
             [workspace.package]\nversion = \"1.2.3\"\nlicense = \"MIT OR Apache-2.0\"\n",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\nversion.workspace = true\nlicense.workspace = true\nedition = \"2024\"\n\
             description = \"Does it\"\nrepository = \"https://example.org/a\"\n",
        ),
        ("a/src/main.rs", "fn main() {}\n"),
        (
            "b/Cargo.toml",
            "[package]\nname = \"b\"\nversion.workspace = true\nedition = \"2024\"\n",
        ),
        ("b/src/main.rs", "fn main() {}\n"),
    ]);
    let mut project = project.locked();
    project.args = json!({ "packages": ["a"] });
    let of = |name: &str| project.evaluate(name);
    assert_eq!(of("name"), json!("a-1.2.3"));
    assert_eq!(
        of("meta"),
        json!({
            "description": "Does it",
            "homepage": "https://example.org/a",
            "license": "MIT OR Apache-2.0",
            "mainProgram": "a",
        })
    );
}

/// A program whose build script makes a man page, built by an expression of `dyndrv`, `pkgs` and `src`.
fn built_by(expression: &str) -> Project {
    let project = package("tool", "", &["main.rs"]);
    project.write(
        "build.rs",
        "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/tool.1\", \"manual\").unwrap() }\n",
    );
    project.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", option_env!(\"LABEL\").unwrap_or(\"none\")) }\n#[test] fn well() {}\n",
    );
    project.write(
        "dyndrv.nix",
        &format!("{{ dyndrv, pkgs, src, settings }}:\n{expression}\n"),
    );
    project
}

/// A package with a hook for phases, and a program.
const FINISHING: &str = r#"(derivation {
    name = "finishing";
    system = "x86_64-linux";
    builder = "${pkgs.bash}/bin/bash";
    PATH = "${pkgs.coreutils}/bin";
    hook = "installManual() { mkdir -p $out/share/man/man1; cp \"$@\" $out/share/man/man1/; }";
    args = [ "-euc" ''
      mkdir -p $out/nix-support $out/bin
      printf '%s' "$hook" >$out/nix-support/setup-hook
      printf '#!${pkgs.bash}/bin/bash\necho "complete $1"\n' >$out/bin/completion-of
      chmod +x $out/bin/completion-of
      exit 0
    '' ];
  })"#;

#[test]
fn what_remains_to_be_done_is_done_by_stdenv() {
    let project = built_by(&format!(
        r#"dyndrv.build {{
          inherit src;
          env.LABEL = "labelled";
          finish = {{
            nativeBuildInputs = [ {FINISHING} ];
            postInstall = ''
              installManual $buildScripts/*/build/tool-*/out/tool.1
              completion-of tool >$out/share/tool.bash
              mv $out/bin/tool $out/bin/.tool
              printf '#!${{pkgs.bash}}/bin/bash\necho wrapped; exec %s\n' $out/bin/.tool >$out/bin/tool
              chmod +x $out/bin/tool
              cp Cargo.toml $out/share/
            '';
            meta.description = "finished";
            passthru.note = "kept";
          }};
        }}"#
    ));
    let build = project.build();
    assert_eq!(build.run("tool", &[]), "wrapped\nlabelled\n");
    for (file, content) in [
        ("share/man/man1/tool.1", "manual"),
        ("share/tool.bash", "complete tool\n"),
        ("share/Cargo.toml", &project.read("Cargo.toml")),
    ] {
        let found = std::fs::read_to_string(build.out.join(file)).unwrap();
        assert_eq!(found, content, "{file}");
    }
    for (attribute, expected) in [
        ("name", "tool-0.1.0"),
        ("meta.mainProgram", "tool"),
        ("meta.description", "finished"),
        ("passthru.note", "kept"),
        ("passthru.unfinished.name", "tool-0.1.0"),
    ] {
        assert_eq!(project.evaluate(attribute), json!(expected), "{attribute}");
    }
    // The tests of the package, under the name that nixpkgs has for them.
    for attribute in ["tests.test", "checks.test"] {
        let check = project.build_attribute(attribute);
        check.unwrap_or_else(|log| panic!("{attribute}: {log}"));
    }
}

#[test]
fn a_package_can_be_changed_afterwards() {
    for change in [
        ".override { env.LABEL = \"changed\"; }",
        ".overrideAttrs { env.LABEL = \"changed\"; }",
        ".overrideAttrs (old: { env.LABEL = \"changed\" + old.suffix or \"\"; })",
        ".overrideAttrs (final: old: { env.LABEL = \"changed\"; version = final.pname; pname = \"1\"; })",
        ".override { env.LABEL = \"first\"; }).override (old: { env.LABEL = \"changed\"; })",
    ] {
        let open = "(".repeat(change.matches(").").count());
        let project = built_by(&format!("{open}(dyndrv.build {{ inherit src; }}){change}"));
        assert_eq!(project.build().run("tool", &[]), "changed\n", "{change}");
    }
    let project = built_by("(dyndrv.build { inherit src; }).override { lable = 1; }");
    let log = project.try_build().err().unwrap();
    assert!(log.contains("no argument `lable`"), "{log}");
}

#[test]
fn a_result_that_keeps_a_compiler_is_refused() {
    let mut project = package("tool", "", &["main.rs"]);
    project.write(
        "build.rs",
        "fn main() { println!(\"cargo::rustc-env=COMPILER={}\", std::env::var(\"RUSTC\").unwrap()) }\n",
    );
    project.write(
        "src/main.rs",
        "fn main() { println!(env!(\"COMPILER\")) }\n",
    );
    let log = project.try_build().err().unwrap();
    for text in ["tool-0.1.0", "not allowed to refer", "rustc"] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    project.args = json!({ "guardClosure": false });
    assert!(project.build().run("tool", &[]).contains("rustc"));
}
