//! The entry point of every check's derivation.

use dyndrv_builder::error::Result;
use dyndrv_builder::sandbox::Sandbox;
use dyndrv_builder::spec::task::Task;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let task = Task::of_this_build()?;
    let sandbox = Sandbox::of_nix()?;
    let cores = std::env::var("NIX_BUILD_CORES").ok();
    dyndrv_checker::run(&task, &sandbox, cores.as_deref())
}
