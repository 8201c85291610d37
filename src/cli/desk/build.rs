//! `dyndrv build` and `dyndrv check`.

use super::session::Session;
use super::{How, Project, Units};
use crate::cli::error::Error;
use clap::Args;
use std::path::PathBuf;

/// The options of `dyndrv build`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    units: Units,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: Project,
    /// The link to the result [default: `result` beside flake.nix]
    #[arg(
        short,
        long,
        value_name = "PATH",
        conflicts_with = "no_link",
        help_heading = "Nix"
    )]
    out_link: Option<PathBuf>,
    /// Make no link to the result
    #[arg(long, help_heading = "Nix")]
    no_link: bool,
}

/// Builds.
pub fn run(options: &Options) -> Result<(), Error> {
    let mut session = Session::open(&options.project, &options.how)?;
    let record = session.build(&options.units, false)?;
    if !options.no_link {
        session.link(&record, options.out_link.as_deref())?;
    }
    Ok(())
}

/// The options of `dyndrv check`.
#[derive(Args)]
pub struct CheckOptions {
    #[command(flatten)]
    units: Units,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: Project,
}

/// Checks without building.
pub fn check(options: &CheckOptions) -> Result<(), Error> {
    let mut session = Session::open(&options.project, &options.how)?;
    session.build(&options.units, true)?;
    Ok(())
}
