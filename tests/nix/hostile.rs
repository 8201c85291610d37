//! Workspaces that try to leave what they may see, to influence others, or to be taken for something else.
//!
//! What plain cargo takes has to come out as with cargo; all else is refused with its name, or stays where it is.
//! `tests/scan_bombs.rs` has the files that try to exhaust the planner.

use crate::project::{self, Project};
use std::os::unix::fs::symlink;
use std::process::Command;

const MAIN: &str = "fn main() { println!(\"well\"); }\n";

/// A package `bad` with these files, beside a program that is well.
fn package(manifest: &str, files: &[(&str, &str)]) -> Project {
    let manifest =
        format!("[package]\nname = \"bad\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{manifest}");
    let project = Project::of(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"bad\"\nversion = \"0.1.0\"\n",
    );
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

/// Builds, expects that it fails, and that the log has all of these.
fn refused(project: &Project, expected: &[&str]) {
    let log = match project.try_build() {
        Ok(build) => panic!("built {}", build.out.display()),
        Err(log) => log,
    };
    for text in expected {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    assert!(!log.contains("panicked at"), "{log}");
}

/// What plain cargo's build of a program prints.
fn with_cargo(project: &Project, program: &str) -> String {
    let output = Command::new(project::root().join("dev/cargo"))
        .args(["run", "--quiet", "--offline", "--bin", program])
        .current_dir(project.path())
        .env("CARGO_TARGET_DIR", project.path().join("target"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::remove_dir_all(project.path().join("target")).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sources_that_reach_out_of_the_tree_are_refused() {
    for (code, expected) in [
        (
            "const _: &str = include_str!(\"/etc/passwd\");",
            "the compiler read files that are not part of the unit: /etc/passwd",
        ),
        (
            "const _: &str = include_str!(\"../../../../../etc/passwd\");",
            "the compiler read files that are not part of the unit: /etc/passwd",
        ),
        ("#[path = \"../../outside.rs\"] mod outside;", "outside.rs"),
        // The sandbox's own.
        ("#[path = \"/etc/passwd\"] mod users;", "Nix build user"),
        (
            "const _: &str = include_str!(\"file\");",
            "the symbolic link src/file leads out of the source root (to /etc/passwd)",
        ),
        (
            "#[path = \"directory/outside.rs\"] mod outside;",
            "the symbolic link src/directory leads out of the source root (to ../..)",
        ),
    ] {
        let project = package("", &[("src/main.rs", &format!("{code}\n{MAIN}"))]);
        symlink("/etc/passwd", project.path().join("src/file")).unwrap();
        symlink("../..", project.path().join("src/directory")).unwrap();
        refused(&project, &[expected, "bad"]);
    }
}

#[test]
fn manifests_that_lead_out_of_the_tree_are_refused() {
    let outside = "of `bad 0.1.0` is outside of the source root";
    for (manifest, expected) in [
        ("[[bin]]\nname = \"bad\"\npath = \"/etc/passwd\"\n", outside),
        ("build = \"../../../etc/passwd\"\n", outside),
        (
            "[workspace]\nmembers = [\"../..\"]\n",
            "a manifest is missing",
        ),
        (
            "[dependencies]\nbad = { path = \"../../..\" }\n",
            "must lie below the source root",
        ),
        // Nix's language has no such strings, and no process such a variable.
        ("description = \"a\\u0000b\"\n", "null bytes"),
    ] {
        refused(&package(manifest, &[]), &[expected]);
    }
}

/// In plain cargo's build it reads and overwrites what it likes. Here it sees files of its workspace that it names, in a
/// copy of its own.
#[test]
fn a_build_script_neither_sees_nor_touches_what_is_not_its_own() {
    let script = r##"use std::{env, fs, path::Path};

fn main() {
    let mut seen = Vec::new();
    let out = env::var("OUT_DIR").unwrap();
    for path in ["/root", "/home"] {
        if Path::new(path).exists() {
            seen.push(path);
        }
    }
    for path in ["../victim/src/lib.rs", "../victim/src/main.rs", "/etc/passwd"] {
        let _ = fs::write(path, "changed");
    }
    // The list has two lines of titles.
    for line in fs::read_to_string("/proc/net/dev").unwrap().lines().skip(2) {
        if !line.trim_start().starts_with("lo:") {
            seen.push("a network");
        }
    }
    for (key, value) in env::vars() {
        if key.starts_with("DYNDRV") || value.contains("secret of the client") {
            seen.push("environment");
        }
    }
    // Where other units are.
    for entry in fs::read_dir("/nix/store").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().contains("victim") {
            seen.push("a unit that is none of its dependencies");
        }
        if fs::write(entry.path().join("new"), "").is_ok() && !out.starts_with(&*entry.path().to_string_lossy()) {
            seen.push("a writable object");
        }
    }
    std::os::unix::fs::symlink("/etc/passwd", format!("{out}/link")).unwrap();
    std::os::unix::fs::symlink("../../../../../../..", format!("{out}/up")).unwrap();
    println!("cargo::rustc-env=SEEN={}", seen.join(","));
}
"##;
    let mut project = Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"bad\", \"victim\"]\nresolver = \"3\"\n",
        ),
        (
            "bad/Cargo.toml",
            "[package]\nname = \"bad\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        (
            "bad/src/main.rs",
            "fn main() { println!(\"seen: {}\", env!(\"SEEN\")); }\n",
        ),
        ("bad/build.rs", script),
        (
            "victim/Cargo.toml",
            "[package]\nname = \"victim\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("victim/src/lib.rs", "pub const WORD: &str = \"right\";\n"),
        (
            "victim/src/main.rs",
            "fn main() { println!(\"{}\", victim::WORD); }\n",
        ),
    ])
    .locked();
    project.args = serde_json::json!({ "packages": ["bad", "victim"] });
    let build = project.build();
    assert_eq!(build.run("bad", &[]), "seen: \n");
    assert_eq!(build.run("victim", &[]), "right\n");
}

#[test]
fn instructions_that_no_process_can_have_are_refused() {
    let script = r#"fn main() { println!("cargo::rustc-env=A\0B=c"); }"#;
    refused(
        &package("", &[("build.rs", script)]),
        &["package bad 0.1.0, target bin bad", "nul byte"],
    );
}

/// Names of 200 characters, and texts with everything that means something to a shell, to JSON, to Nix's language or
/// to a derivation's format.
#[test]
fn odd_names_and_texts_are_those_that_cargo_gives() {
    let [package, feature, program] = ["p", "f", "b"].map(|letter| letter.repeat(200));
    let texts = r#"quotes " ' '' back\\slash ${HOME} ''${x} $out `id` $(id) ("),[]) %s
        line /nix/store/00000000000000000000000000000000-x ü"#;
    let manifest = format!(
        r#"[package]
name = "odd"
version = "0.1.0"
edition = "2024"
default-run = "odd"
description = """{texts}"""
authors = ["a\"b'${{c}} <d>"]

[features]
default = ["{feature}"]
{feature} = []

[[bin]]
name = "odd"
path = "src/main.rs"

[[bin]]
name = "{program}"
path = "src/other.rs"

[dependencies]
{package} = {{ path = "long" }}
"größe" = {{ path = "größe" }}
"#
    );
    let main = format!(
        r##"fn main() {{
    println!("{{}} {{}}", env!("CARGO_PKG_DESCRIPTION"), env!("CARGO_PKG_AUTHORS"));
    println!("{{}}", env!("SEEN"));
    println!("{{:?}} {{}}", {package}::ODD, groesse::WORD);
    println!("{{}}", include_str!("a\"b\\c ${{d}}\n'e.txt"));
    println!("{{}}", cfg!(feature = "{feature}"));
}}
"##
    );
    let long = format!(
        r#"[package]
name = "{package}"
version = "0.1.0-{}"
edition = "2024"
links = "a..b/c\"d\\e $(id)\nf"
"#,
        "v".repeat(100)
    );
    let long_script = r##"fn main() {
    println!("cargo::rustc-env=A B\"C=quote\" back\\slash $out ${{HOME}} '' `id`");
    println!("cargo::rustc-env=1$x=({{\"),[");
    println!("cargo::metadata=../..=up");
    println!("cargo::metadata=q\"u\\o$te=a \"b\" 'c' \\ ${{d}} \r e");
    println!("cargo::metadata=k=one\ncargo::metadata=l=two");
    println!("cargo::rustc-cfg=odd=\"a \\\"quoted\\\" value\"");
    println!("cargo::rustc-check-cfg=cfg(odd, values(any()))");
    println!("cargo::rerun-if-changed=../../../../etc/passwd");
    println!("cargo:unreserved\" key=value");
}
"##;
    let script = r##"fn main() {
    let mut seen: Vec<_> = std::env::vars().filter(|(key, _)| key.starts_with("DEP_")).collect();
    seen.sort();
    println!("cargo::rustc-env=SEEN={}", format!("{seen:?}").replace('\n', "|"));
    println!("cargo::rustc-link-arg-bins=-Wl,-rpath,/odd \"quoted\" 'x' \\\\path $ORIGIN");
}
"##;
    let project = Project::of(&[
        ("Cargo.toml", &manifest),
        ("build.rs", script),
        ("src/main.rs", &main),
        ("src/other.rs", MAIN),
        ("src/a\"b\\c ${d}\n'e.txt", "a file"),
        ("long/Cargo.toml", &long),
        ("long/build.rs", long_script),
        (
            "long/src/lib.rs",
            "pub const ODD: [&str; 2] = [env!(\"A B\\\"C\"), env!(\"1$x\")];\n",
        ),
        (
            "größe/Cargo.toml",
            "[package]\nname = \"größe\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nname = \"groesse\"\n",
        ),
        ("größe/src/lib.rs", "pub const WORD: &str = \"größer\";\n"),
    ])
    .locked();
    let expected = with_cargo(&project, "odd");
    let build = project.build();
    assert_eq!(build.run("odd", &[]), expected);
    assert_eq!(build.run(&program, &[]), "well\n");
}

/// Nix replaces the placeholder of an output in the derivation that has this output, and nowhere else.
#[test]
fn a_text_that_is_a_placeholder_says_no_more_than_the_path_of_its_own_unit() {
    let project = package(
        "description = \"/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9\"\n",
        &[(
            "src/main.rs",
            "fn main() { println!(\"{}\", env!(\"CARGO_PKG_DESCRIPTION\")); }\n",
        )],
    );
    let said = project.build().run("bad", &[]);
    assert!(said.contains("-crate-bad-0.1.0-bin-bad-"), "{said}");
}

/// 3,000 features of 100 characters are more than the system takes as one argument.
#[test]
fn long_command_lines_reach_the_compiler() {
    let features: String = (0..3000)
        .map(|number| format!("f{number}{} = []\n", "x".repeat(100)))
        .collect();
    let project = package(&format!("[features]\n{features}"), &[]);
    assert_eq!(project.build().run("bad", &[]), "well\n");
}

/// A device without an end in the place of a file that cargo reads.
#[test]
fn a_link_to_a_device_does_not_fill_the_memory() {
    let project = package("", &[]);
    std::fs::create_dir(project.path().join(".cargo")).unwrap();
    for place in ["src/Cargo.toml", ".cargo/config.toml", "README.md"] {
        symlink("/dev/zero", project.path().join(place)).unwrap();
    }
    assert_eq!(project.build().run("bad", &[]), "well\n");
}
