//! One tree with the documentation of all crates.

use super::{Entry, write as write_file};
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::sandbox::Environment;
use dyndrv_builder::sandbox::files::{create_dir_all, entries, make_link};
use dyndrv_builder::sandbox::{Sandbox, child};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Links all crates' pages into one tree, and has rustdoc write what they share:
/// the search index, the lists of implementations, style and scripts.
pub fn write(rustdoc: Option<&str>, all: &[Entry], out: &Path, sandbox: &Sandbox) -> Result<()> {
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
    if let Some(rustdoc) = rustdoc.filter(|_| !all.is_empty()) {
        merge(rustdoc, all, &doc, sandbox)?;
        let crates = crates(all)?;
        common_pages(rustdoc, &crates, &doc, sandbox)?;
        write_file(&doc.join("index.html"), &index(&crates))?;
    }
    Ok(())
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
    write_file(&source, "")?;
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
