//! Several checkouts of one repository, one after the other and at once.

use super::{Desk, built};
use crate::project::fresh;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Instant;

const MAIN: &str = "src/main.rs";

/// A repository with a commit, and worktrees of it.
fn worktrees(desk: &Desk, names: &[String]) -> (tempfile::TempDir, Vec<PathBuf>) {
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "all"]);
    let parent = tempfile::tempdir().unwrap();
    let worktrees = names.iter().map(|name| parent.path().join(name));
    let worktrees: Vec<PathBuf> = worktrees.collect();
    for worktree in &worktrees {
        let path = worktree.display().to_string();
        desk.git(&["worktree", "add", "--quiet", "--detach", &path]);
    }
    (parent, worktrees)
}

/// Neither waits for another one: a build that is held up does not keep the others from their results.
#[test]
fn eight_worktrees_build_at_once() {
    let mut desk = Desk::example("hello", MAIN);
    let names: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let (_parent, worktrees) = worktrees(&desk, &names);
    let mut builds: Vec<Child> = Vec::new();
    for (number, worktree) in worktrees.iter().enumerate() {
        let text = fs::read_to_string(worktree.join(MAIN)).unwrap();
        // Two have the same edit; one has an error.
        let edit = match number {
            0 | 1 => format!(
                "fn main() {{\n    print!(\"{}\");",
                desk.cache.path().display()
            ),
            7 => "fn main() {\n    error".to_owned(),
            _ => format!("fn main() {{\n    print!(\"{}\");", fresh()),
        };
        fs::write(worktree.join(MAIN), text.replace("fn main() {", &edit)).unwrap();
        desk.checkout = worktree.clone();
        let mut build = desk.command("", "build", &[]);
        builds.push(
            build
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
    }
    let begin = Instant::now();
    let logs: Vec<(bool, String)> = builds
        .into_iter()
        .map(|build| {
            let output = build.wait_with_output().unwrap();
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success(), log)
        })
        .collect();
    println!(
        "eight builds at once: {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    for (number, (worktree, (success, log))) in worktrees.iter().zip(&logs).enumerate() {
        assert_eq!(*success, number != 7, "{log}");
        assert_eq!(
            worktree.join("result/bin/hello").is_file(),
            number != 7,
            "{log}"
        );
        assert!(!log.contains("waiting for"), "{log}");
    }
    let [first, second] =
        [0, 1].map(|number: usize| fs::canonicalize(worktrees[number].join("result")).unwrap());
    assert_eq!(first, second);
    // Each has what belongs to it.
    for worktree in &worktrees[..7] {
        desk.checkout = worktree.clone();
        let log = desk.says("", "build", &[]);
        assert_eq!(built(&log), 0, "{log}");
    }
}
