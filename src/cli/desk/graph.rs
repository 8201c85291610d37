//! `dyndrv graph`.

use super::session::{Looked, Session};
use super::{How, Project, Units};
use crate::cli::error::Error;
use clap::{Args, ValueEnum};
use dyndrv::desk;
use dyndrv::desk::pages;
use dyndrv::desk::state::Record;

/// The options of `dyndrv graph`.
#[derive(Args)]
pub struct Options {
    /// The form
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    format: Format,
    #[command(flatten)]
    pub plan: PlanOptions,
}

/// The options that choose what is planned, of the commands that only plan.
#[derive(Args)]
pub struct PlanOptions {
    /// Plan what `dyndrv check` would do, and not `dyndrv build`
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    units: Units,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: Project,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A document with all units
    Json,
    /// For Graphviz
    Dot,
    /// A page to search and to walk through
    Html,
}

impl PlanOptions {
    /// The plan of the files as they are, and those that are kept.
    pub fn look(&self) -> Result<Looked, Error> {
        let mut session = Session::open(&self.project, &self.how)?;
        Ok(session.look(&self.units, self.check)?)
    }
}

/// Prints the units of a plan.
pub fn run(options: &Options) -> Result<(), Error> {
    let record = options.plan.look()?.now;
    let text = match options.format {
        Format::Json => serde_json::to_string(&record).map_err(|source| desk::Error::Json {
            document: "the units",
            source,
        })?,
        Format::Dot => dot(&record),
        Format::Html => pages::graph(&record)?,
    };
    crate::cli::print(&format!("{}\n", text.trim_end()))
}

/// The units as boxes, with an arrow to each unit that one needs; those of the workspace are bold.
fn dot(record: &Record) -> String {
    let mut text = "digraph units {\n  rankdir = LR;\n  node [shape = box];\n".to_owned();
    for unit in &record.units {
        let style = match unit.directory {
            Some(_) => ", style = bold",
            None => "",
        };
        text += &format!(
            "  \"{}\" [label = \"{}\"{style}];\n",
            unit.identity, unit.label
        );
    }
    for unit in &record.units {
        for need in &unit.needs {
            text += &format!("  \"{}\" -> \"{need}\";\n", unit.identity);
        }
    }
    text + "}\n"
}
