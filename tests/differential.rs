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
//! cargo test --test differential -- --program bat@0.25.0 --run 'cargo build --release; cargo test'
//!                                                   a published program (needs the network)
//! cargo test --test differential -- --corpus        all those of `tests/oracle/corpus.txt`
//! ```
//!
//! The sources of published programs stay in `~/.cache/dyndrv-corpus`, for the whole corpus about 11 GB.
//!
//! `CARGO` and `RUSTC` select another toolchain.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::command::CargoCommand;
use oracle::{Outcome, program, standin, workspace};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os(standin::RECORDS).is_some() {
        return standin::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let commands = option("--run").unwrap_or("cargo build; cargo build --release; cargo test");
    let commands: Vec<CargoCommand> = commands.split(';').map(CargoCommand::parse).collect();
    let mut table = Table::default();
    if let Some(name) = option("--program") {
        program::compare(name, &commands, |outcome| table.row(&outcome));
    } else if arguments.iter().any(|argument| argument == "--corpus") {
        for name in program::corpus() {
            program::compare(name, &commands, |outcome| table.row(&outcome));
        }
    } else {
        let filters: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
        let wanted =
            |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
        workspace::compare_all(wanted, |outcome| table.row(&outcome));
    }
    table.end()
}

/// Prints what is found, as it is found.
#[derive(Default)]
struct Table {
    rows: usize,
    rustc: usize,
    scripts: usize,
    differences: usize,
}

impl Table {
    fn row(&mut self, outcome: &Outcome) {
        if self.rows == 0 {
            println!(
                "{:>7} {:>7} {:>11}  command",
                "rustc", "scripts", "differences"
            );
        }
        let Outcome {
            name,
            rustc,
            scripts,
            differences,
        } = outcome;
        println!("{rustc:>7} {scripts:>7} {:>11}  {name}", differences.len());
        differences
            .iter()
            .for_each(|difference| println!("{difference}"));
        self.rows += 1;
        self.rustc += rustc;
        self.scripts += scripts;
        self.differences += differences.len();
    }

    fn end(self) -> ExitCode {
        let Table {
            rows,
            rustc,
            scripts,
            differences,
        } = self;
        println!("{rustc:>7} {scripts:>7} {differences:>11}  in {rows} commands");
        if differences == 0 && rows > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
