//! Compares every command line and environment with those of cargo itself.
//!
//! A real cargo builds each workspace of `tests/oracle/workspaces/` with this
//! very program in place of rustc, which writes down how it is called. What
//! [`dyndrv::graph`] says must be equal, argument by argument and variable by variable, but for
//! hashes, for which a one-to-one correspondence must exist.
//!
//! ```text
//! cargo test --test differential                    all workspaces
//! cargo test --test differential -- links           those with `links` in their name
//! cargo test --test differential -- --program bat@0.25.0 --run 'cargo build --release'
//!                                                   a published program (needs the network)
//! ```
//!
//! `CARGO` and `RUSTC` select another toolchain.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::command::CargoCommand;
use oracle::{program, standin, workspace};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os(standin::RECORDS).is_some() {
        return standin::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        arguments
            .iter()
            .position(|a| a == name)
            .map(|at| arguments[at + 1].as_str())
    };
    let results = match option("--program") {
        Some(name) => {
            let commands =
                option("--run").unwrap_or("cargo build; cargo build --release; cargo test");
            program::compare(name, commands.split(';').map(CargoCommand::parse))
        }
        None => {
            let filters: Vec<&String> = arguments
                .iter()
                .filter(|argument| !argument.starts_with('-'))
                .collect();
            workspace::compare_all(|name| {
                filters.is_empty() || filters.iter().any(|filter| name.contains(*filter))
            })
        }
    };
    let mut differences = 0;
    println!(
        "\n{:>7} {:>7} {:>11}  workspace",
        "rustc", "scripts", "differences"
    );
    for result in &results {
        differences += result.differences.len();
        println!(
            "{:>7} {:>7} {:>11}  {}",
            result.rustc,
            result.scripts,
            result.differences.len(),
            result.name
        );
        for difference in &result.differences {
            println!("{difference}");
        }
    }
    let sum = |count: fn(&oracle::Outcome) -> usize| results.iter().map(count).sum::<usize>();
    println!(
        "{:>7} {:>7} {:>11}  in all",
        sum(|r| r.rustc),
        sum(|r| r.scripts),
        differences
    );
    if differences == 0 && !results.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
