//! Files that the variables of cargo's configuration name.

use crate::*;
use dyndrv::depinfo::ConfiguredVariable;

/// A fixture with `[env] NAME = { value = VALUE, relative = true }` in the root's configuration.
fn with_variable(files: &[(&str, &str)], name: &str, value: &str) -> Fixture {
    let mut fixture = fixture(files);
    let variable = ConfiguredVariable {
        value: value.to_owned(),
        relative_to: Some(String::new()),
    };
    fixture.request.variables = [(name.to_owned(), variable)].into();
    fixture.member("app")
}

/// The well-known `CARGO_WORKSPACE_DIR`.
#[test]
fn a_name_that_begins_with_the_workspace_directory() {
    for (value, text) in [
        ("", "assets/t.txt"),
        (".", "/assets/t.txt"),
        ("assets", "/t.txt"),
    ] {
        let code = format!(
            "const T: &str = include_str!(concat!(env!(\"CARGO_WORKSPACE_DIR\"), \"{text}\"));"
        );
        let files = [
            ("app/src/lib.rs", &*code),
            ("assets/t.txt", ""),
            ("assets/u.txt", ""),
            ("app/assets/t.txt", ""),
        ];
        with_variable(&files, "CARGO_WORKSPACE_DIR", value).lists(&["assets/t.txt"]);
    }
}

#[test]
fn a_directory_that_begins_with_a_variable() {
    let files = [
        (
            "app/src/lib.rs",
            "static D: Dir = include_dir!(\"$CARGO_WORKSPACE_DIR/assets\");",
        ),
        ("assets/t.txt", ""),
        ("other/t.txt", ""),
    ];
    with_variable(&files, "CARGO_WORKSPACE_DIR", "")
        .macros(&["include_dir_macros"])
        .lists(&["assets/t.txt"]);
}

#[test]
fn a_plain_value_is_text() {
    let files = [
        (
            "app/src/lib.rs",
            "const T: &str = include_str!(concat!(\"t-\", env!(\"WHICH\"), \".txt\"));",
        ),
        ("app/src/t-a.txt", ""),
        ("app/src/t-b.txt", ""),
    ];
    let mut fixture = with_variable(&files, "OTHER", "");
    let variable = ConfiguredVariable {
        value: "a".to_owned(),
        relative_to: None,
    };
    fixture
        .request
        .variables
        .insert("WHICH".to_owned(), variable);
    fixture.lists(&["app/src/t-a.txt"]);
}

#[test]
fn a_build_script_is_told_a_file() {
    let script = r#"fn main() {
        let file = std::env::var("VERSION_FILE").unwrap();
        println!("cargo:rerun-if-changed={file}");
        std::fs::read_to_string(&file).unwrap_or_default();
    }"#;
    let files = [
        ("app/build.rs", script),
        ("version.txt", ""),
        ("other.txt", ""),
    ];
    let run = with_variable(&files, "VERSION_FILE", "version.txt").run_of("app/build.rs");
    run.lists(&["version.txt"]);
}

#[test]
fn a_build_script_names_files_from_a_directory_that_it_is_told() {
    let script = r#"fn main() {
        let root = std::env::var("CARGO_WORKSPACE_DIR").unwrap();
        std::fs::read(format!("{root}/schema/a.json"));
    }"#;
    let files = [
        ("app/build.rs", script),
        ("schema/a.json", ""),
        ("schema/b.json", ""),
    ];
    let run = with_variable(&files, "CARGO_WORKSPACE_DIR", "").run_of("app/build.rs");
    run.lists(&["schema/a.json"]);
}
