//! The command line of dyndrv.
//!
//! Users call `scan` and `audit`; the other commands are the steps that the
//! derivations of `nix/dyndrv.nix` run, with their arguments in the structured
//! attributes.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod steps;

/// One content-addressed Nix derivation per cargo unit.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reduce a source tree to what cargo looks at (a derivation's builder).
    #[command(hide = true)]
    Skeleton,
    /// Ask cargo for the units (a derivation's builder).
    #[command(hide = true)]
    Graph,
    /// Plan the third-party units (a derivation's builder).
    #[command(hide = true)]
    PlanDeps,
    /// Plan the workspace's units (a derivation's builder).
    #[command(hide = true)]
    PlanWorkspace,
    /// Write the derivations of a stage (a derivation's builder).
    #[command(hide = true)]
    Emit,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Skeleton => steps::skeleton(),
        Command::Graph => steps::graph(),
        Command::PlanDeps => steps::plan_dependencies(),
        Command::PlanWorkspace => steps::plan_workspace(),
        Command::Emit => dyndrv::plan::emit::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
