//! As rust-analyzer calls it: with the command of `dyndrv editor`, after each save, killed by the next one.

use super::Desk;
use crate::project::fresh;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

const MAIN: &str = "src/main.rs";

/// The words of a command in the settings for VS Code, behind the program's name.
fn command(desk: &Desk, setting: &str) -> Vec<String> {
    let output = desk.call("", "editor", &["vscode"]);
    let settings = String::from_utf8(output.stdout).unwrap();
    let (_, settings) = settings.split_once('\n').unwrap();
    let settings: Value = serde_json::from_str(settings).unwrap();
    let words = settings[setting].as_array().unwrap().iter();
    let words = words.map(|word| word.as_str().unwrap().to_owned());
    let words: Vec<String> = words.collect();
    assert_eq!(words[0], "dyndrv");
    words[1..].to_vec()
}

/// The documents, of which every line has to be one.
fn documents(desk: &Desk, command: &[String]) -> Vec<Value> {
    let arguments: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let output = desk.call("", &command[0], &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = text.lines().map(|line| serde_json::from_str(line).unwrap());
    documents.collect()
}

/// Level, text, file and line of each message.
fn diagnostics(documents: &[Value]) -> Vec<String> {
    let is_diagnostic = |document: &&Value| {
        // A hint to `rustc --explain` has no place.
        document["reason"] == "compiler-message" && document["message"]["spans"][0].is_object()
    };
    let messages = documents.iter().filter(is_diagnostic);
    let mut found: Vec<String> = messages
        .map(|document| {
            let message = &document["message"];
            let span = &message["spans"][0];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (level, what) = (text(&message["level"]), text(&message["message"]));
            format!(
                "{level}: {what} {}:{}",
                text(&span["file_name"]),
                span["line_start"]
            )
        })
        .collect();
    found.dedup();
    found
}

#[test]
fn diagnostics_come_and_go_with_each_save() {
    let desk = Desk::example("hello", MAIN);
    let check = command(&desk, "rust-analyzer.check.overrideCommand");
    let text = desk.project.read(MAIN);
    let finished = |documents: &[Value]| documents.last().unwrap()["success"].as_bool();
    let documents = |text: &str| {
        desk.project.write(MAIN, text);
        self::documents(&desk, &check)
    };
    let right = documents(&text);
    assert_eq!(
        (diagnostics(&right), finished(&right)),
        (vec![], Some(true))
    );

    let line = text.lines().count() + 1;
    let wrong = documents(&format!("{text}fn f() -> u8 {{ true }}\n"));
    assert_eq!(
        diagnostics(&wrong),
        [format!("error: mismatched types {MAIN}:{line}")]
    );
    assert_eq!(finished(&wrong), Some(false));

    // A save while the last one is being checked: rust-analyzer kills that.
    desk.project.write(
        MAIN,
        &format!("{text}fn g() -> u8 {{ true }} // {}\n", fresh()),
    );
    let arguments: Vec<&str> = check[1..].iter().map(String::as_str).collect();
    let mut killed = desk.command("", &check[0], &arguments);
    let mut killed = killed
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let warned = documents(&format!("{text}fn unused() {{}}\n"));
    let warning = format!("warning: function `unused` is never used {MAIN}:{line}");
    assert_eq!(diagnostics(&warned), [warning]);
    assert_eq!(finished(&warned), Some(true));

    let fixed = documents(&text);
    assert_eq!(
        (diagnostics(&fixed), finished(&fixed)),
        (vec![], Some(true))
    );
}

/// What rust-analyzer takes of build scripts and procedural macros.
#[test]
fn build_scripts_and_macros_are_told_with_files_that_exist() {
    let desk = Desk::example("workspace", super::LIBRARY);
    let command = command(&desk, "rust-analyzer.cargo.buildScripts.overrideCommand");
    let documents = documents(&desk, &command);
    let of = |reason: &str, kind: &str| -> Vec<&Value> {
        let is_of = |document: &&Value| {
            document["reason"] == reason
                && (kind.is_empty() || document["target"]["kind"][0] == kind)
        };
        documents.iter().filter(is_of).collect()
    };
    // A macro of the workspace is checked as well, which makes no library.
    let macros = of("compiler-artifact", "proc-macro");
    let files = macros
        .iter()
        .flat_map(|artifact| artifact["filenames"].as_array().unwrap());
    let mut files = files.map(|file| Path::new(file.as_str().unwrap()));
    assert!(files.clone().all(Path::is_file), "{macros:?}");
    assert!(
        files.any(|file| file.extension().is_some_and(|end| end == "so")),
        "{macros:?}"
    );
    let scripts = of("build-script-executed", "");
    assert!(!scripts.is_empty());
    for script in scripts {
        let directory = script["out_dir"].as_str().unwrap();
        assert!(Path::new(directory).is_dir(), "{directory}");
    }
}
