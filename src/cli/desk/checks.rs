//! `dyndrv test`, `dyndrv clippy` and `dyndrv doc`.

use super::session::Session;
use super::{Checked, How, Project};
use crate::cli::error::Error;
use clap::Args;
use std::fs;
use std::path::Path;

/// The options of `dyndrv clippy` and `dyndrv doc`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    checked: Checked,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: Project,
}

/// The options of `dyndrv test`.
#[derive(Args)]
pub struct TestOptions {
    #[command(flatten)]
    all: Options,
    /// Arguments for test executables
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs tests, those in documentation too.
pub fn test(options: &TestOptions) -> Result<(), Error> {
    check(&options.all, vec!["test", "doctest"], &options.arguments)
}

/// Runs clippy, and shows what it says as cargo does.
pub fn clippy(options: &Options) -> Result<(), Error> {
    let mut session = Session::open(&options.project, &options.how)?;
    session.check(vec!["clippy"], &options.checked, &[])?;
    Ok(())
}

/// Makes the documentation, and says where it is.
pub fn doc(options: &Options) -> Result<(), Error> {
    check(options, vec!["doc"], &[])
}

/// Runs checks, and prints their summaries.
fn check(options: &Options, kinds: Vec<&'static str>, arguments: &[String]) -> Result<(), Error> {
    let is_doc = kinds.contains(&"doc");
    let mut session = Session::open(&options.project, &options.how)?;
    let record = session.check(kinds, &options.checked, arguments)?;
    for out in record.results.iter().filter_map(|asked| asked.out.as_ref()) {
        let file = Path::new(out).join("summary.txt");
        let text = fs::read_to_string(&file).map_err(Error::io("reading", &file))?;
        crate::cli::print(&text)?;
        if is_doc {
            crate::cli::print(&format!("{out}\n"))?;
        }
    }
    Ok(())
}
