//! The program `dyndrv`.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}
