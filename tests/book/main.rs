//! The README, the book and the other documents: every link leads somewhere, every command exists.
//!
//! What needs Nix is in `tests/nix/book.rs`: blocks of the Nix language, and the reference of arguments.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs)]

mod markdown;

use dyndrv::graph::PackageMetadata;
use markdown::{Block, Document, documents, read, root};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    for document in &documents {
        for link in &document.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            if let Err(why) = follow(document, link, &documents) {
                broken.push(format!("{}: {link}: {why}", document.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn follow(from: &Document, link: &str, documents: &[Document]) -> Result<(), &'static str> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match file {
        "" => from.path.clone(),
        file => {
            plain(&from.path.parent().unwrap().join(file)).ok_or("leads out of the repository")?
        }
    };
    if from.path.starts_with("docs") && !path.starts_with("docs/src") {
        return Err("the built book does not have this file");
    }
    if !root().join(&path).exists() {
        return Err("no such file");
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let target = documents.iter().find(|document| document.path == path);
    let target = target.ok_or("is no document with headings")?;
    match target.anchors().contains(anchor) {
        true => Ok(()),
        false => Err("no such heading"),
    }
}

/// Without `.` and `..`.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir if out.pop() => {}
            _ => return None,
        }
    }
    Some(out)
}

#[test]
fn every_chapter_is_in_the_summary() {
    let summary = read("docs/src/SUMMARY.md");
    let named: BTreeSet<PathBuf> = summary
        .links
        .iter()
        .map(|link| Path::new("docs/src").join(link))
        .collect();
    let missing: Vec<PathBuf> = markdown::chapters()
        .into_iter()
        .map(|chapter| chapter.path)
        .filter(|path| !path.ends_with("SUMMARY.md") && !named.contains(path))
        .collect();
    assert!(missing.is_empty(), "not in the summary: {missing:?}");
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").text.lines().count();
    assert!(lines <= 120, "README.md has {lines} lines");
}

/// Programs of other projects that the documents call.
const PROGRAMS: &[&str] = &[
    "cargo",
    "cd",
    "eval",
    "git",
    "mkdir",
    "mktemp",
    "nix",
    "qemu-aarch64",
    "wazero",
];

#[test]
fn every_command_exists() {
    let mut wrong = Vec::new();
    for document in documents() {
        let shell = document.blocks.iter().filter(|b| b.language == "sh");
        for block in shell.chain(&commands_of_comparison(&document)) {
            for command in commands(block) {
                if let Err(why) = check_command(&document, &command) {
                    wrong.push(format!(
                        "{}: {}: {why}",
                        document.place(block),
                        command.join(" ")
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The last cells of the tables that compare with other libraries: each is a command.
fn commands_of_comparison(document: &Document) -> Vec<Block> {
    let tables = document.text.split("<!-- comparison -->\n").skip(1);
    let tables = tables.filter_map(|rest| rest.split_once("<!-- end -->"));
    let rows = tables.flat_map(|(table, _)| table.lines().skip(2));
    let cells = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        cells[cells.len() - 1].trim_matches('`').to_owned()
    });
    cells
        .map(|text| Block {
            language: "sh".to_owned(),
            text,
            line: 0,
        })
        .collect()
}

/// The words of each simple command of a block, without assignments, comments, and what stands in quotes.
fn commands(block: &Block) -> Vec<Vec<String>> {
    let text = without_quoted(&block.text.replace("\\\n", " "));
    let text = text.replace("$(", ";").replace(')', ";");
    let lines = text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default());
    let commands = lines.flat_map(|line| line.split(['|', '&', ';']));
    let is_assignment = |word: &&str| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| name.chars().all(|c| c.is_alphabetic() || c == '_'))
    };
    commands
        .map(|command| {
            let words = command.split_whitespace().skip_while(is_assignment);
            words.map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|words| words.first().is_some_and(|word| !word.starts_with('#')))
        .collect()
}

fn without_quoted(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                out.push('_');
            }
            None => out.push(c),
        }
    }
    out
}

fn check_command(document: &Document, command: &[String]) -> Result<(), String> {
    let program = command[0].trim_start_matches("./");
    if program == "dyndrv" {
        return check_dyndrv(&command[1..]);
    }
    for flake in command
        .iter()
        .filter(|word| word.starts_with("./examples/"))
    {
        let dir = flake.split('#').next().unwrap_or_default();
        if !root().join(dir).join("flake.nix").exists() {
            return Err(format!("no flake {dir}"));
        }
    }
    if let Some(at) = command.windows(2).position(|pair| pair[0] == "--test") {
        check_tests(&command[at + 1..])?;
    }
    let dir = document.path.parent().unwrap();
    let known = PROGRAMS.contains(&program)
        || program.starts_with("result/bin/")
        || root().join(program).is_file()
        || root().join(dir).join(program).is_file();
    match known {
        true => Ok(()),
        false => Err("no such program".to_owned()),
    }
}

/// `dyndrv COMMAND OPTIONS`, as its own help knows it.
fn check_dyndrv(arguments: &[String]) -> Result<(), String> {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dyndrv"))
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let Some((command, rest)) = arguments.split_first() else {
        return Err("no command".to_owned());
    };
    if command.starts_with("--") {
        return match help(&["--help"]).contains(command) {
            true => Ok(()),
            false => Err(format!("no option {command}")),
        };
    }
    if !help(&["--help"]).contains(&format!("\n  {command} ")) {
        return Err(format!("no command {command}"));
    }
    let known = help(&[command, "--help"]);
    for option in rest.iter().take_while(|word| *word != "--") {
        if option.starts_with('-') && !known.contains(option.as_str()) {
            return Err(format!("no option {option}"));
        }
    }
    Ok(())
}

/// `--test NAME -- FILTER`: the program and, if it is a path, the test that the filter names.
fn check_tests(arguments: &[String]) -> Result<(), String> {
    let name = &arguments[0];
    let places = [".rs", "/main.rs"].map(|end| root().join(format!("tests/{name}{end}")));
    if !places.iter().any(|place| place.exists()) {
        return Err(format!("no test program {name}"));
    }
    let filter = arguments.iter().skip_while(|word| *word != "--").nth(1);
    let Some((module, function)) = filter.and_then(|filter| filter.split_once("::")) else {
        return Ok(());
    };
    let files = [".rs", "/mod.rs"].map(|end| root().join(format!("tests/{name}/{module}{end}")));
    let found = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .any(|text| text.contains(&format!("fn {function}")));
    match found {
        true => Ok(()),
        false => Err(format!("no test {module}::{function}")),
    }
}

/// The error for an unknown key lists those that there are.
#[test]
fn every_key_of_the_manifest_is_in_the_reference_and_no_other() {
    let (_, errors) = PackageMetadata::read(&serde_json::json!({ "unknown-key": [] }));
    let error = errors[0].to_string();
    let (_, list) = error.split_once("the keys are ").unwrap();
    let known: BTreeSet<&str> = list.split(", ").collect();
    let text = read("docs/src/reference/manifest.md").text;
    let told: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|cell| cell.starts_with('`'))
        .collect();
    assert_eq!(told, known);
}
