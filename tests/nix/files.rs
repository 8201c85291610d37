//! Files that a unit finds at places to which only its own text, or the configuration, leads.

use crate::project::Project;
use serde_json::json;

/// A directory of which nothing else is listed, a variable of the configuration in a name,
/// and a file that such a variable holds.
#[test]
fn names_lead_through_directories_and_variables() {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n",
        ),
        (
            ".cargo/config.toml",
            "[env]\nCARGO_WORKSPACE_DIR = { value = \"\", relative = true }\n\
             VERSION_FILE = { value = \"version.txt\", relative = true }\n",
        ),
        ("version.txt", "3.1.4\n"),
        ("assets/t.txt", "well\n"),
        ("app/Cargo.toml", manifest),
        (
            "app/build.rs",
            r#"fn main() {
                let file = std::env::var("VERSION_FILE").unwrap();
                println!("cargo::rerun-if-changed={file}");
                let version = std::fs::read_to_string(&file).unwrap_or_else(|_| "unknown".into());
                println!("cargo::rustc-env=RELEASE={}", version.trim());
            }"#,
        ),
        (
            "app/src/main.rs",
            r#"const T: &str = include_str!(concat!(env!("CARGO_WORKSPACE_DIR"), "assets/t.txt"));
            const D: &str = include_str!("../pictures/../data/d.txt");
            #[path = "../benches/../shared/x.rs"] mod x;
            fn main() { println!("{} {} {} {}", T.trim(), D.trim(), x::X, env!("RELEASE")); }"#,
        ),
        ("app/data/d.txt", "4\n"),
        ("app/pictures/logo.txt", ""),
        ("app/benches/b.rs", "fn main() {}\n"),
        ("app/shared/x.rs", "pub const X: u8 = 2;\n"),
    ])
    .locked();
    assert_eq!(project.build().run("app", &[]), "well 4 2 3.1.4\n");
}

/// A flag that `crateEnv` gives to the compiler decides which modules there are.
#[test]
fn a_cfg_of_the_environment_of_a_crate() {
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        (
            "src/main.rs",
            "#[cfg(special)] mod special;\nfn main() { #[cfg(special)] println!(\"{}\", special::X); }\n",
        ),
        ("src/special.rs", "pub const X: u8 = 1;\n"),
    ])
    .locked();
    project.args = json!({ "crateEnv": { "app": { "extraRustcOpts": ["--cfg", "special"] } } });
    assert_eq!(project.build().run("app", &[]), "1\n");
}
