//! The command line of dyndrv.
//!
//! Users call `build`, `check`, `run`, `test`, `clippy`, `doc`, `why`, `diff`, `graph`, `editor`, `init`, `clean`, `scan`, `audit` and `outputs`; the other commands are the steps that the
//! derivations of `nix/dyndrv.nix` run, with their arguments in the structured
//! attributes.

use clap::{Parser, Subcommand};
use error::Error;
use std::process::ExitCode;

mod audit;
mod desk;
mod error;
mod nix;
mod outputs;
mod scan;
mod steps;
mod vendor;

/// One content-addressed Nix derivation per cargo unit.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the project around the current directory
    Build(Box<desk::build::Options>),
    /// Find errors in the project around the current directory, without building it
    Check(Box<desk::build::CheckOptions>),
    /// Build a program of the project, and run it
    Run(Box<desk::run::Options>),
    /// Run the tests of the project around the current directory
    Test(Box<desk::checks::TestOptions>),
    /// Run clippy on the project around the current directory
    Clippy(Box<desk::checks::Options>),
    /// Make the documentation of the project around the current directory
    Doc(Box<desk::checks::Options>),
    /// Say which inputs of a unit changed since the last build
    Why(Box<desk::why::Options>),
    /// Say how two plans differ
    Diff(desk::diff::Options),
    /// Print the units of a build
    Graph(Box<desk::graph::Options>),
    /// Print settings for an editor with rust-analyzer
    Editor(desk::editor::Options),
    /// Write the flake of a project that has none
    Init(desk::init::Options),
    /// Remove what is kept of builds of the project around the current directory
    Clean(desk::clean::Options),
    /// Print which files each unit of a checkout can read, and why
    Scan(scan::Options),
    /// Print which listed files no compiler has read
    Audit(audit::Options),
    /// Print all derivations of a build, for `nix copy --stdin`
    Outputs(outputs::Options),
    /// Unpack archives of packages (a derivation's builder).
    #[command(hide = true)]
    Vendor,
    /// Write what cargo reads of archives of packages (a derivation's builder).
    #[command(hide = true)]
    Manifests,
    /// Make a directory of links to packages (a derivation's builder).
    #[command(hide = true)]
    Links,
    /// Plan what fetches third-party packages (a derivation's builder).
    #[command(hide = true)]
    PlanFetches,
    /// Reduce a source tree to what cargo looks at (a derivation's builder).
    #[command(hide = true)]
    Skeleton,
    /// Ask cargo for the units (a derivation's builder).
    #[command(hide = true)]
    Ask,
    /// Plan the third-party units (a derivation's builder).
    #[command(hide = true)]
    PlanDeps,
    /// Plan the workspace's units (a derivation's builder).
    #[command(hide = true)]
    PlanWorkspace,
    /// Plan the checks (a derivation's builder).
    #[command(hide = true)]
    PlanChecks,
    /// Write down what the steps of a plan are given (a derivation's builder).
    #[command(hide = true)]
    Record,
    /// Make the derivation of an emitter (a derivation's builder).
    #[command(hide = true)]
    Emitter,
    /// Write the derivations of an emitter (a derivation's builder).
    #[command(hide = true)]
    Emit,
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Build(options) => desk::build::run(&options),
        Command::Check(options) => desk::build::check(&options),
        Command::Run(options) => desk::run::run(&options),
        Command::Test(options) => desk::checks::test(&options),
        Command::Clippy(options) => desk::checks::clippy(&options),
        Command::Doc(options) => desk::checks::doc(&options),
        Command::Why(options) => desk::why::run(&options),
        Command::Diff(options) => desk::diff::run(&options),
        Command::Graph(options) => desk::graph::run(&options),
        Command::Editor(options) => desk::editor::run(&options),
        Command::Init(options) => desk::init::run(&options),
        Command::Clean(options) => desk::clean::run(&options),
        Command::Scan(options) => scan::run(options),
        Command::Audit(options) => audit::run(&options),
        Command::Outputs(options) => outputs::run(&options),
        Command::Vendor => vendor::unpack(),
        Command::Manifests => vendor::manifests(),
        Command::Links => vendor::links(),
        Command::PlanFetches => steps::plan_fetches(),
        Command::Skeleton => steps::skeleton(),
        Command::Ask => steps::graph(),
        Command::PlanDeps => steps::plan_dependencies(),
        Command::PlanWorkspace => steps::plan_workspace(),
        Command::PlanChecks => steps::plan_checks(),
        Command::Record => steps::record(),
        Command::Emitter => steps::emitter(),
        Command::Emit => dyndrv::plan::emitter::emit::run().map_err(Error::from),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", dyndrv::causes::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output; a reader that has gone away has seen enough.
fn print(text: &str) -> Result<(), Error> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("writing", "the standard output")(e))
        }
        _ => Ok(()),
    }
}
