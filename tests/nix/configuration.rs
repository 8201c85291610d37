//! What `.cargo/config.toml` says holds in a build: flags, programs, and the files that it names.

use crate::project::Project;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A package `app` with this configuration and these files.
fn configured(configuration: &str, files: &[(&str, &str)]) -> Project {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let project = Project::of(&[("Cargo.toml", manifest)]);
    for (path, text) in files {
        project.write(path, text);
    }
    let project = project.locked();
    project.write(".cargo/config.toml", configuration);
    project
}

fn failure(project: &Project, check: &str) -> String {
    let built = project.build_attribute(&format!("checks.{check}"));
    built.map(|build| build.out).unwrap_err()
}

#[test]
fn tests_are_started_by_the_runner() {
    let project = configured(
        "[target.'cfg(target_os = \"linux\")']\nrunner = \"env UNDER_RUNNER=1\"\n",
        &[(
            "src/lib.rs",
            "//! ```\n//! assert_eq!(std::env::var(\"UNDER_RUNNER\").as_deref(), Ok(\"1\"));\n//! ```\n
             #[test] fn under_runner() { assert_eq!(std::env::var(\"UNDER_RUNNER\").as_deref(), Ok(\"1\")); }",
        )],
    );
    for check in ["test", "doctest"] {
        let build = project.build_attribute(&format!("checks.{check}"));
        build.unwrap_or_else(|log| panic!("{check}:\n{log}"));
    }
    project.write(
        ".cargo/config.toml",
        "[target.'cfg(unix)']\nrunner = \"emulator-that-is-missing\"\n",
    );
    let log = failure(&project, "test");
    for words in [
        "emulator-that-is-missing",
        "the runner that cargo's configuration names",
    ] {
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }
}

#[test]
fn documentation_is_made_with_the_flags_for_rustdoc() {
    let project = configured(
        "[build]\nrustdocflags = [\"-D\", \"rustdoc::broken_intra_doc_links\"]\n",
        &[("src/lib.rs", "//! See [`Nowhere`].\n")],
    );
    let log = failure(&project, "doc");
    assert!(log.contains("unresolved link to `Nowhere`"), "{log}");
}

#[test]
fn tests_have_the_profile_that_the_configuration_gives_them() {
    let project = configured(
        "[profile.test]\ndebug-assertions = false\n",
        &[(
            "src/lib.rs",
            "#[test] fn plain() { assert!(!cfg!(debug_assertions)); }",
        )],
    );
    project
        .build_attribute("checks.test")
        .unwrap_or_else(|log| panic!("{log}"));
}

#[test]
fn a_program_is_linked_with_the_script_that_rustflags_name() {
    let project = configured(
        "[build]\nrustflags = [\"-C\", \"link-arg=-Wl,--dynamic-list=exports.list\"]\n",
        &[
            ("exports.list", "{ main; };\n"),
            ("src/main.rs", "fn main() { println!(\"well\") }"),
        ],
    );
    assert_eq!(project.build().run("app", &[]), "well\n");
}

#[test]
fn a_linker_among_the_sources_links() {
    let project = configured(
        "[target.'cfg(unix)']\nlinker = \"tools/gcc\"\n",
        &[
            ("tools/gcc", "#!/bin/sh\nexec cc \"$@\"\n"),
            (
                "build.rs",
                "fn main() { println!(\"cargo::rustc-env=SAID=well\") }",
            ),
            ("src/main.rs", "fn main() { println!(env!(\"SAID\")) }"),
        ],
    );
    let linker = project.path().join("tools/gcc");
    fs::set_permissions(linker, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(project.build().run("app", &[]), "well\n");
}

#[test]
fn a_build_script_reads_a_file_that_the_configurations_environment_names() {
    let project = configured(
        "[env]\nVERSION_FILE = { value = \"version.txt\", relative = true }\n",
        &[
            ("version.txt", "3.1.4"),
            (
                "build.rs",
                "fn main() { let file = std::env::var(\"VERSION_FILE\").unwrap();
                   let version = std::fs::read_to_string(file).unwrap_or(\"unknown\".into());
                   println!(\"cargo::rustc-env=RELEASE={version}\") }",
            ),
            ("src/main.rs", "fn main() { println!(env!(\"RELEASE\")) }"),
        ],
    );
    assert_eq!(project.build().run("app", &[]), "3.1.4\n");
}

/// Of a linker that the configuration only names, the package is an argument of the project.
#[test]
fn a_linker_on_the_path_links() {
    let project = configured(
        "[target.'cfg(unix)']\nlinker = \"other-cc\"\n",
        &[
            ("build.rs", "fn main() {}"),
            ("src/main.rs", "fn main() { println!(\"well\") }"),
            (
                "dyndrv.nix",
                r#"{ dyndrv, pkgs, src, settings }:
let
  linker = derivation {
    name = "other-cc";
    system = "x86_64-linux";
    builder = "${pkgs.bash}/bin/bash";
    PATH = "${pkgs.coreutils}/bin";
    args = [ "-euc" "mkdir -p $out/bin; ln -s ${pkgs.stdenv.cc}/bin/cc $out/bin/other-cc; exit 0" ];
  };
in
dyndrv.build ({ inherit src; nativeBuildInputs = [ linker ]; } // settings)
"#,
            ),
        ],
    );
    assert_eq!(project.build().run("app", &[]), "well\n");
}

/// The host's own triple may stand in the configuration, and another place for the results.
#[test]
fn the_target_of_the_configuration_is_built_for() {
    let project = configured(
        "[build]\ntarget = \"x86_64-unknown-linux-gnu\"\ntarget-dir = \"out\"\n",
        &[
            (
                "build.rs",
                "fn main() { println!(\"cargo::rustc-env=SAID=well\") }",
            ),
            ("src/main.rs", "fn main() { println!(env!(\"SAID\")) }"),
        ],
    );
    assert_eq!(project.build().run("app", &[]), "well\n");
}

const VENDORED_LOCK: &str = "\
version = 4

[[package]]
name = \"app\"
version = \"0.1.0\"
dependencies = [
 \"third\",
]

[[package]]
name = \"third\"
version = \"1.0.0\"
source = \"registry+https://github.com/rust-lang/crates.io-index\"
checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"
";

/// The workspace's own code does not mention the variable.
#[test]
fn a_third_party_build_script_reads_a_file_that_a_variable_names() {
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [dependencies]\nthird = \"1\"\n",
        ),
        ("Cargo.lock", VENDORED_LOCK),
        (
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"vendored\"\n\
             [env]\nTHIRD_CONFIG = { value = \"third.txt\", relative = true }\n",
        ),
        ("third.txt", "by file"),
        ("src/main.rs", "fn main() { println!(\"{}\", third::HOW) }"),
        (
            "vendored/third/Cargo.toml",
            "[package]\nname = \"third\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
        ),
        (
            "vendored/third/.cargo-checksum.json",
            "{\"files\":{},\"package\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
        ),
        (
            "vendored/third/src/lib.rs",
            "pub const HOW: &str = env!(\"HOW\");",
        ),
        (
            "vendored/third/build.rs",
            "fn main() { let file = std::env::var(\"THIRD_CONFIG\").unwrap();
               let how = std::fs::read_to_string(file).unwrap_or(\"by default\".into());
               println!(\"cargo::rustc-env=HOW={how}\") }",
        ),
    ]);
    assert_eq!(project.build().run("app", &[]), "by file\n");
    // An edit reaches it.
    project.write("third.txt", "by another");
    assert_eq!(project.build().run("app", &[]), "by another\n");
}

#[test]
fn documentation_has_the_files_that_flags_for_rustdoc_name() {
    let project = configured(
        "[build]\nrustdocflags = [\"--html-in-header\", \"docs/header.html\"]\n",
        &[
            ("src/lib.rs", "//! Nothing.\n"),
            ("docs/header.html", "<!-- ours -->\n"),
        ],
    );
    let build = project.build_attribute("checks.doc");
    let build = build.unwrap_or_else(|log| panic!("{log}"));
    let page = fs::read_to_string(build.out.join("doc/app/index.html")).unwrap();
    assert!(page.contains("<!-- ours -->"), "{page}");
}
