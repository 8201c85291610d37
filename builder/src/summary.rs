//! Puts the results of checks of one kind together, for people and for programs.

use crate::child;
use crate::diagnostics;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::layout::{Sandbox, create_dir_all, entries, make_link};
use crate::report::{self, Counts, LOG, RESULT, RUN, Report, Run, Status};
use crate::spec::Summary;
use crate::supervise::echo;
use crate::task::Outputs;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

mod junit;

use junit::Suite;

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
            write(&out.join("junit.xml"), &junit::document(&suites))?;
            tests(&entries, now())
        }
        "clippy" => warnings(&entries, out)?,
        "doc" => documentation(summary, &entries, out, sandbox)?,
        _ => list(&entries),
    };
    logs(&entries, out)?;
    echo(text.as_bytes());
    write(&out.join("summary.txt"), &text)
}

/// What the XML file says of an executable, with what its failed tests have printed.
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

/// What each check printed, by package and target.
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

fn tests(entries: &[Entry], now: u64) -> String {
    let mut rows = vec![
        [
            "executable",
            "passed",
            "failed",
            "ignored",
            "seconds",
            "run",
        ]
        .map(String::from),
    ];
    let mut total = Counts::default();
    let mut seconds = 0.0;
    for Entry { report, run, .. } in entries {
        let counts = report.counts;
        let number = |n: u64| match report.custom {
            true => "-".to_string(),
            false => n.to_string(),
        };
        rows.push([
            format!("{} {}", report.package, report.target),
            number(counts.passed),
            number(counts.failed),
            number(counts.ignored),
            format!("{:.2}", run.seconds),
            age(now.saturating_sub(run.ended)),
        ]);
        total.passed += counts.passed;
        total.failed += counts.failed;
        total.ignored += counts.ignored;
        seconds += run.seconds;
    }
    let failed: Vec<&Report> = entries.iter().map(|entry| &entry.report).collect();
    let failed: Vec<&&Report> = failed.iter().filter(|r| !r.failure.is_empty()).collect();
    rows.push([
        match failed.len() {
            0 => format!("{} executables", entries.len()),
            some => format!("{} executables, {some} failed", entries.len()),
        },
        total.passed.to_string(),
        total.failed.to_string(),
        total.ignored.to_string(),
        format!("{seconds:.2}"),
        String::new(),
    ]);
    let mut text = table(&rows);
    for report in failed {
        let Report {
            package, target, ..
        } = report;
        let _ = writeln!(
            text,
            "\n{package} {target}: {}",
            report.failure.join("\n  ")
        );
    }
    text
}

/// Columns: the first to the left, the others to the right.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// How long ago, roughly. What was run for this very build is a few seconds old;
/// nobody can tell a builder more than that.
fn age(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    UNITS
        .iter()
        .find(|(size, _)| seconds >= *size)
        .map_or("now".to_string(), |(size, unit)| {
            format!("{} {unit} ago", seconds / size)
        })
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
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

/// Links all crates' pages into one tree, and has rustdoc write what they share:
/// the search index, the lists of implementations, style and scripts.
fn documentation(
    summary: &Summary,
    all: &[Entry],
    out: &Path,
    sandbox: &Sandbox,
) -> Result<String> {
    let doc = out.join("doc");
    for directory in [&doc, &doc.join("src")] {
        create_dir_all(directory)?;
    }
    for entry in all {
        for (below, at) in [("doc", doc.clone()), ("doc/src", doc.join("src"))] {
            let from = entry.out.join(below);
            if !from.is_dir() {
                continue;
            }
            for (name, _) in entries(&from)?.into_iter().filter(|(n, _)| n != "src") {
                if at.join(&name).symlink_metadata().is_ok() {
                    return Err(Error::new(format!(
                        "two targets are documented as `{}`",
                        name.display()
                    )));
                }
                make_link(&from.join(&name), &at.join(&name))?;
            }
        }
    }
    if let Some(rustdoc) = summary.rustdoc.as_ref().filter(|_| !all.is_empty()) {
        merge(rustdoc, all, &doc, sandbox)?;
        let crates = crates(all)?;
        common_pages(rustdoc, &crates, &doc, sandbox)?;
        write(&doc.join("index.html"), &index(&crates))?;
    }
    Ok(list(all))
}

/// The names of all crates that have pages.
fn crates(all: &[Entry]) -> Result<BTreeSet<PathBuf>> {
    let mut crates = BTreeSet::new();
    for entry in all {
        let pages = entries(&entry.out.join("doc"))?.into_iter();
        crates.extend(
            pages
                .filter(|(_, kind)| kind.is_dir())
                .map(|(name, _)| name),
        );
    }
    crates.remove(Path::new("src"));
    Ok(crates)
}

/// The list of all crates, which rustdoc does not write when it merges.
fn index(crates: &BTreeSet<PathBuf>) -> String {
    let mut items = String::new();
    for name in crates {
        let name = name.display();
        let _ = writeln!(items, "<li><a href=\"{name}/index.html\">{name}</a></li>");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Crates</title>\n\
         <h1>Crates</h1>\n<ul>\n{items}</ul>\n</html>\n"
    )
}

/// Help and settings, to which every page has links. rustdoc writes them only with a crate that
/// is documented by itself; those of an empty crate are as good.
fn common_pages(
    rustdoc: &str,
    crates: &BTreeSet<PathBuf>,
    doc: &Path,
    sandbox: &Sandbox,
) -> Result<()> {
    let (source, pages) = (sandbox.tmp().join("empty.rs"), sandbox.tmp().join("pages"));
    write(&source, "")?;
    // The pages are those of one of the crates, as with cargo.
    let name = crates.first().map(|name| name.display().to_string());
    let args = [
        "--crate-name".to_string(),
        name.unwrap_or_else(|| "empty".to_string()),
        "--out-dir".to_string(),
        pages.display().to_string(),
        source.display().to_string(),
    ];
    run_rustdoc(rustdoc, &args, Environment::new(), sandbox)?;
    for page in ["help.html", "settings.html"] {
        let from = pages.join(page);
        fs::copy(&from, doc.join(page)).map_err(|e| Error::io("cannot copy", &from, e))?;
    }
    Ok(())
}

fn merge(rustdoc: &str, all: &[Entry], doc: &Path, sandbox: &Sandbox) -> Result<()> {
    let mut args = vec![
        "-Zunstable-options".to_string(),
        "--merge=finalize".to_string(),
        "--enable-index-page".to_string(),
        "--out-dir".to_string(),
        doc.display().to_string(),
    ];
    for entry in all {
        let parts = entry.out.join("parts").display().to_string();
        args.extend(["--include-parts-dir".to_string(), parts]);
    }
    let env = Environment::from([("RUSTC_BOOTSTRAP".to_string(), "1".to_string())]);
    let merged = run_rustdoc(rustdoc, &args, env, sandbox);
    let _ = fs::remove_file(doc.join(".lock"));
    merged
}

fn run_rustdoc(rustdoc: &str, args: &[String], env: Environment, sandbox: &Sandbox) -> Result<()> {
    let cwd = sandbox.tmp().display().to_string();
    let finished = child::run("rustdoc", rustdoc, args, &cwd, &env)?;
    if finished.status.success() {
        Ok(())
    } else {
        Err(Error::new(format!(
            "rustdoc could not merge the documentation ({})",
            finished.status
        )))
    }
}

/// Tests that passed are not listed by name anywhere but in the XML file.
fn count(report: &Report, status: Status) -> usize {
    report.cases.iter().filter(|c| c.status == status).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["name", "n"], ["a longer name", "10"]].map(|row| row.map(String::from));
        assert_eq!(table(&rows), "name            n\na longer name  10\n");
    }

    #[test]
    fn ages_are_rough() {
        let ages = [0, 59, 60, 7300, 200_000].map(age);
        assert_eq!(ages, ["now", "59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
    }
}
