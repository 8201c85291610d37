//! What explains builds: `why`, `diff`, `graph`. And `init`, before there is anything to explain.

use super::{Desk, LIBRARY, built};
use crate::project::fresh;
use serde_json::Value;
use std::fs;
use std::process::Output;

fn shown(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn why_tells_the_file_and_the_way_to_a_unit() {
    let desk = Desk::example("workspace", LIBRARY);
    let why = |unit: &str| shown(&desk.call("", "why", &[unit]));
    assert_eq!(
        why("stock-tools"),
        "there was no build with these options yet\n"
    );
    desk.says("", "build", &[]);
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("// {}\n{text}", fresh()));
    let file = format!("file {LIBRARY} edited\n");
    let before = why("ident");
    assert!(
        before.starts_with("changed since the last build:\nident-0.3.0-lib:\n"),
        "{before}"
    );
    assert!(before.contains(&file), "{before}");
    assert!(!before.contains("inventory"), "{before}");
    let program = why("stock-tools-0.3.0-bin-stock");
    // For the build script, and for the program.
    assert_eq!(program.matches(&file).count(), 2, "{program}");
    assert!(
        program.starts_with("changed since the last build:\nstock-tools-0.3.0-bin-stock:\n"),
        "{program}"
    );

    // As the book shows it.
    let way = format!(
        "changed since the last build:\nreport-0.3.0-lib:\n  inventory-0.3.0-lib:\n    ident-0.3.0-lib:\n      {file}"
    );
    assert_eq!(why("report"), way);

    desk.says("", "build", &[]);
    let after = why("ident");
    assert_eq!(
        after,
        before.replace("since the last build", "with the last build")
    );
    let unknown = desk.call("", "why", &["tock"]);
    let log = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(log.contains("the plan has no unit `tock`, but "), "{log}");
}

#[test]
fn diff_compares_the_files_with_commits_and_documents() {
    let desk = Desk::example("workspace", LIBRARY);
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "all"]);
    let nix: Vec<String> = desk
        .nix_arguments()
        .iter()
        .map(|argument| format!("--nix-arg={argument}"))
        .collect();
    let diff = |plans: &[&str]| {
        let nix = nix.iter().map(String::as_str);
        let arguments: Vec<&str> = plans.iter().copied().chain(["--"]).chain(nix).collect();
        shown(&desk.call("", "diff", &arguments))
    };
    assert_eq!(diff(&["HEAD"]), "all units are the same\n");
    let plan = shown(&desk.call("", "graph", &[]));
    let text = desk.project.read(LIBRARY);
    desk.project
        .write(LIBRARY, &format!("// {}\n{text}", fresh()));
    let changed = diff(&["HEAD"]);
    assert!(changed.starts_with("~ ident-0.3.0-lib\n"), "{changed}");
    assert!(
        changed.contains(&format!("    file {LIBRARY} edited\n")),
        "{changed}"
    );
    assert!(
        changed.contains("more, because of units that they need\n"),
        "{changed}"
    );
    let document = desk.cache.path().join("plan.json");
    fs::write(&document, &plan).unwrap();
    assert_eq!(diff(&[&document.display().to_string(), "now"]), changed);

    let plan: Value = serde_json::from_str(&plan).unwrap();
    let units = plan["units"].as_array().unwrap().len();
    let dot = shown(&desk.call("", "graph", &["--format", "dot"]));
    assert_eq!(dot.matches("[label = ").count(), units);
    let page = shown(&desk.call("", "graph", &["--format", "html"]));
    assert!(page.starts_with("<!doctype html>") && page.contains("ident-0.3.0-lib"));
}

#[test]
fn init_writes_a_flake_that_builds() {
    let desk = Desk::example("hello", "src/main.rs");
    desk.project.remove("flake.nix");
    desk.project.remove("dyndrv.nix");
    assert!(!desk.call("", "build", &[]).status.success());
    assert!(desk.call("", "init", &[]).status.success());
    let log = desk.says("src", "build", &[]);
    assert!(built(&log) > 0, "{log}");
    assert!(!desk.call("", "init", &[]).status.success());
}

/// After an undo, or back on a branch: nothing is planned, and Nix is not asked.
#[test]
fn sources_as_of_an_earlier_build_need_no_plan() {
    let desk = Desk::example("workspace", LIBRARY);
    let build = ["--release", "--no-link"];
    let text = desk.project.read(LIBRARY);
    let without_nix = || {
        let line = "export PATH=/nowhere; ";
        let output = desk.command_after(line, "", "build", &build).output();
        let output = output.unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), log)
    };
    desk.says("", "build", &build);
    let first = desk.planned();
    desk.project
        .write(LIBRARY, &format!("{text}// {}\n", fresh()));
    assert!(!without_nix().0);
    desk.says("", "build", &build);
    let second = desk.planned();
    assert_ne!(first, second);

    let edited = desk.project.read(LIBRARY);
    for (text, planned) in [(&text, &first), (&edited, &second), (&text, &first)] {
        desk.project.write(LIBRARY, text);
        let (success, log) = without_nix();
        assert!(success, "{log}");
        assert_eq!(desk.planned(), *planned);
    }
    // A file more, which a plan could depend on.
    desk.project
        .write("crates/ident/build.rs", "fn main() {}\n");
    assert!(!without_nix().0);
    desk.project.remove("crates/ident/build.rs");
    assert!(without_nix().0);
}
