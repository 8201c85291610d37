//! Every example builds, and its programs print what its README says.

use crate::project::Project;
use std::process::Command;

#[test]
fn hello() {
    prints_what_its_readme_says("hello");
}

#[test]
fn workspace() {
    prints_what_its_readme_says("workspace");
}

#[test]
fn build_script() {
    prints_what_its_readme_says("build-script");
}

#[test]
fn system_library() {
    prints_what_its_readme_says("system-library");
}

fn prints_what_its_readme_says(example: &str) {
    let project = Project::example(example);
    let build = project.build();
    let path = format!(
        "{}:{}",
        build.out.join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let expectations = console(&project.read("README.md"));
    assert!(!expectations.is_empty());
    for (command, expected) in expectations {
        let output = Command::new("sh")
            .args(["-c", &command])
            .env("PATH", &path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            expected,
            "{command}"
        );
    }
}

/// The commands and their outputs in the `console` blocks of a README.
pub fn console(readme: &str) -> Vec<(String, String)> {
    let mut expectations: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            if let Some(command) = line.strip_prefix("$ ") {
                expectations.push((command.to_owned(), String::new()));
            } else if let Some((_, output)) = expectations.last_mut() {
                *output += &format!("{line}\n");
            }
        }
    }
    expectations
}
