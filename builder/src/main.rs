//! The entry point of every unit derivation.

use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::layout::Sandbox;
use dyndrv_builder::task::Task;
use std::path::Path;
use std::process::ExitCode;

/// Where Nix says which file holds the structured attributes.
const ATTRIBUTES: &str = "NIX_ATTRS_JSON_FILE";

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
    let file = std::env::var_os(ATTRIBUTES).ok_or_else(|| {
        Error::new(format!("{ATTRIBUTES} is not set"))
            .note("this program is the builder of derivations that dyndrv plans; Nix runs it")
    })?;
    let task = Task::read(Path::new(&file))?;
    let cores = std::env::var("NIX_BUILD_CORES").ok();
    dyndrv_builder::run(&task, &Sandbox::default(), cores.as_deref())
}
