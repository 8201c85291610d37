//! Puts the results of checks of one kind together, for people and for programs.

mod documentation;
mod junit;
mod table;

use crate::diagnostics;
use crate::report::{self, LOG, RESULT, RUN, Report, Run};
use crate::spec::Summary;
use crate::supervise::echo;
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::sandbox::Sandbox;
use dyndrv_builder::sandbox::files::create_dir_all;
use dyndrv_builder::spec::task::Outputs;
use junit::Suite;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// One check with its files.
struct Entry {
    report: Report,
    run: Run,
    out: PathBuf,
    log: PathBuf,
}

/// Writes the summary and shows it in the log.
pub fn run(summary: &Summary, outputs: &Outputs, sandbox: &Sandbox) -> Result<()> {
    let out = outputs.get("out")?;
    create_dir_all(out)?;
    let entries = read(summary)?;
    let text = match summary.title.as_str() {
        "test" | "doctest" => {
            let suites: Vec<_> = entries.iter().map(suite).collect();
            write(&out.join("junit.xml"), &junit::document(&suites)?)?;
            table::of_tests(&entries, table::now())
        }
        "clippy" => warnings(&entries, out)?,
        "doc" => {
            documentation::write(summary.rustdoc.as_deref(), &entries, out, sandbox)?;
            list(&entries)
        }
        _ => list(&entries),
    };
    logs(&entries, out)?;
    echo(text.as_bytes());
    write(&out.join("summary.txt"), &text)
}

/// The entry of an executable in the XML file, with the output of its failed tests.
fn suite(entry: &Entry) -> Suite<'_> {
    let failed = !entry.report.failure.is_empty();
    let printed = failed.then(|| fs::read(entry.log.join(LOG)).unwrap_or_default());
    Suite {
        report: &entry.report,
        run: &entry.run,
        printed: String::from_utf8_lossy(&printed.unwrap_or_default()).into_owned(),
    }
}

fn read(summary: &Summary) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for part in &summary.parts {
        let (out, log) = (PathBuf::from(&part.out), PathBuf::from(&part.log));
        entries.push(Entry {
            report: report::read(&out.join(RESULT))?,
            run: report::read(&log.join(RUN))?,
            out,
            log,
        });
    }
    entries.sort_by(|a, b| {
        (&a.report.package, &a.report.target).cmp(&(&b.report.package, &b.report.target))
    });
    Ok(entries)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("cannot write", path, e))
}

/// The output of each check, by package and target.
fn logs(all: &[Entry], out: &Path) -> Result<()> {
    let directory = out.join("logs");
    create_dir_all(&directory)?;
    for entry in all {
        let name = format!("{} {}", entry.report.package, entry.report.target);
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let (mut at, mut count) = (directory.join(format!("{name}.txt")), 1);
        // A target can be built in several ways.
        while at.exists() {
            count += 1;
            at = directory.join(format!("{name}-{count}.txt"));
        }
        fs::copy(entry.log.join(LOG), &at).map_err(|e| Error::io("cannot write", &at, e))?;
    }
    Ok(())
}

/// All messages, each once: a library is linted again as a test of itself.
fn warnings(entries: &[Entry], out: &Path) -> Result<String> {
    let mut messages: Vec<&Value> = Vec::new();
    for entry in entries {
        for message in &entry.report.messages {
            if !messages.contains(&message) {
                messages.push(message);
            }
        }
    }
    let text: Vec<&str> = messages.iter().map(|m| diagnostics::rendered(m)).collect();
    let text = text.concat();
    let lines: Vec<String> = messages.iter().map(ToString::to_string).collect();
    write(&out.join("warnings.txt"), &text)?;
    write(&out.join("warnings.json"), &(lines.join("\n") + "\n"))?;
    Ok(format!(
        "{text}{} targets, {} warnings\n",
        entries.len(),
        messages.len()
    ))
}

fn list(all: &[Entry]) -> String {
    let mut text = String::new();
    for entry in all {
        let _ = writeln!(text, "{} {}: ok", entry.report.package, entry.report.target);
    }
    text
}
