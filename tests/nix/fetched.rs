//! Sources that are there only when a derivation was built, as those of `fetchFromGitHub`. Nothing of them is read at
//! evaluation, so nothing is imported from a derivation.

use crate::archives::{apart, count, print_what_cargo_knows, project, publish, text};
use crate::project::{self, Project};
use serde_json::{Value, json};

/// The same project, its sources as what a derivation makes of it by these commands more.
fn fetched(mut project: Project, commands: &str) -> Project {
    project.write(
        "dyndrv.nix",
        &format!(
            "{{ dyndrv, pkgs, src, settings }}:\n\
             dyndrv.build ({{\n\
               src = pkgs.stdenv.mkDerivation {{\n\
                 name = \"fetched-1.2\";\n\
                 inherit src;\n\
                 installPhase = \"{commands} rm dyndrv.nix; cp -R . $out\";\n\
               }};\n\
             }} // settings)\n"
        ),
    );
    project.options = ["--no-allow-import-from-derivation".to_owned()].into();
    project
}

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

/// A program without third-party packages.
fn alone() -> Project {
    let source = format!("fn main() {{ println!(\"{}\") }}\n", project::fresh());
    Project::of(&[("Cargo.toml", MANIFEST), ("src/main.rs", &source)]).locked()
}

#[test]
fn a_lock_file_beside_them() {
    let mut project = fetched(alone(), "rm Cargo.lock;");
    project.args = json!({
        "cargoLock": project.path().join("Cargo.lock"),
        "pname": "app",
        "version": "0.1.0",
    });
    let printed = project.build().run("app", &[]);
    assert!(printed.trim().parse::<u128>().is_ok(), "{printed}");
}

/// The planner reads the lock file. The archives, and so the units, are those of a lock file that is known at evaluation.
#[test]
fn a_lock_file_in_them_is_enough() {
    let (one, other) = apart();
    let project = fetched(project(&[&one, &other]), "");
    let first = project.build();
    assert!(first.run("app", &[]).contains("other"));
    let name = first.out.to_string_lossy().into_owned();
    assert!(name.ends_with("-fetched-1.2"), "{name}");
    assert_eq!(count(&first.steps, "crate-manifests"), 1);
    let mut steps = first.steps.iter();
    assert!(!steps.any(|step| step.starts_with("crate-vendored-")));

    let mut known = project;
    known.args = json!({ "cargoLock": known.path().join("Cargo.lock") });
    let known = known.build();
    assert_eq!((&known.units, &known.out), (&Vec::new(), &first.out));
}

#[test]
fn a_lock_file_in_them_without_packages() {
    let printed = fetched(alone(), "").build().run("app", &[]);
    assert!(printed.trim().parse::<u128>().is_ok(), "{printed}");
}

#[test]
fn an_edit_of_them_fetches_nothing_again() {
    let (one, other) = apart();
    let project = fetched(project(&[&one, &other]), "");
    project.build();
    let source = project.read("src/main.rs");
    project.write("src/main.rs", &format!("{source}// edited\n"));
    let edited = project.build();
    assert_eq!(edited.units, ["app-0.1.0-bin-app"]);
    let of_fetches = ["crate-manifests", "crate-vendor", "crate-vendor-directory"];
    for step in &edited.steps {
        assert!(!of_fetches.contains(&step.as_str()), "{:?}", edited.steps);
    }
}

#[test]
fn a_build_script_in_them_asks_cargo_about_archives() {
    let (one, other) = apart();
    let project = project(&[&one, &other]);
    print_what_cargo_knows(&project);
    let built = fetched(project, "").build();
    assert_eq!(built.run("app", &[]), "[true, true]\n");
}

#[test]
fn the_entries_of_crate_env_are_used_by_name() {
    let script =
        "fn main() { println!(\"cargo::rustc-env=WORD={}\", std::env::var(\"WORD\").unwrap()); }";
    let code = format!("{}pub const WORD: &str = env!(\"WORD\");\n", text("asks"));
    let asks = publish("asks", "1.0.0", &code, |tar| {
        let dir = tar.get_current_dir().unwrap().join("asks-1.0.0");
        std::fs::write(dir.join("build.rs"), script).unwrap();
    });
    let project = project(&[&asks]);
    project.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", asks::WORD) }\n",
    );
    let mut project = fetched(project, "");
    project.args = json!({ "crateEnv": { "asks": { "WORD": "given" } } });
    assert_eq!(project.build().run("app", &[]), "given\n");
    project.args = json!({ "crateEnv": { "ask": { "WORD": "given" } } });
    let log = project.try_build().err().unwrap();
    let said = "crateEnv names the crate `ask`, which Cargo.lock does not have";
    assert!(log.contains(said), "no {said:?} in:\n{log}");
}

/// Values of nixpkgs' entries are not even looked at: one that does not evaluate would be in the way of all.
#[test]
fn an_entry_of_nixpkgs_is_refused_where_a_unit_would_need_it() {
    let zlib = publish("libz-sys", "1.0.0", &text("zlib"), |_| {});
    let project = project(&[&zlib]);
    project.write(
        "src/main.rs",
        "fn main() { println!(\"{}\", libz_sys::TEXT) }\n",
    );
    let mut project = fetched(project, "");
    let log = project.try_build().err().unwrap();
    for text in [
        "nixpkgs has an environment for the crate `libz-sys`",
        "`crateEnv.libz-sys = pkgs.defaultCrateOverrides.libz-sys`",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    project.args = json!({ "crateEnv": { "libz-sys": {} } });
    assert!(project.build().run("app", &[]).contains("zlib"));
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let from_git = |project: &Project| {
        let lock = project.read("Cargo.lock");
        let (before, _) = lock.split_once("registry+").unwrap();
        let git = "git+https://example.org/one#0123\"\n";
        project.write("Cargo.lock", &format!("{before}{git}"));
    };
    let vendored = |project: &Project| {
        let replaced =
            "[source.crates-io]\nreplace-with = \"mine\"\n[source.mine]\ndirectory = \"mine\"\n";
        project.write(".cargo/config.toml", replaced);
        project.write("mine/README", "");
    };
    type Case<'a> = (&'a dyn Fn(&Project), Value, &'a str);
    let cases: [Case<'_>; 4] = [
        (
            &|project| project.remove("Cargo.lock"),
            json!({}),
            "the sources have no Cargo.lock. Name one by `cargoLock = ./Cargo.lock`",
        ),
        (
            &from_git,
            json!({}),
            "`one 1.0.0` comes from git+https://example.org/one#0123",
        ),
        (
            &vendored,
            json!({}),
            "(.cargo/config.toml) takes packages from the directory mine there",
        ),
        (
            &|_| (),
            json!({ "crateEnv": { "one": { "postPatch": "true" } } }),
            "crateEnv.one changes the crate's sources, which needs a lock file at evaluation; name one by `cargoLock`",
        ),
    ];
    for (change, args, said) in cases {
        let one = publish("one", "1.0.0", &text("one"), |_| {});
        let project = project(&[&one]);
        change(&project);
        let mut project = fetched(project, "");
        project.args = args;
        let log = project.try_build().err().unwrap();
        assert!(log.contains(said), "no {said:?} in:\n{log}");
    }
}
