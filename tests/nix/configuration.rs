//! What `.cargo/config.toml` says holds in a build: flags, programs, and the files that it names.

use crate::project::Project;

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
