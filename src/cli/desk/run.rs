//! `dyndrv run`.

use super::session::{STARTED, Session};
use super::{How, Project, Units};
use crate::cli::error::Error;
use clap::Args;
use dyndrv::desk;
use dyndrv::desk::state::Program;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The options of `dyndrv run`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    units: Units,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: Project,
    /// Arguments for the program
    #[arg(trailing_var_arg = true)]
    arguments: Vec<OsString>,
}

/// Builds, and becomes the program.
pub fn run(options: &Options) -> Result<(), Error> {
    let mut session = Session::open(&options.project, &options.how)?;
    let record = session.build(&options.units, false)?;
    let program = chosen(&record.programs)?;
    let path = record
        .out()
        .unwrap_or(Path::new(""))
        .join("bin")
        .join(&program.name);
    session.running(&path);
    drop(session);
    let mut command = Command::new(&path);
    // What is meant for this program only.
    command.args(&options.arguments).env_remove(STARTED);
    let error = command.exec();
    Err(desk::Error::io("running", path)(error).into())
}

/// The only program, or the one that its package names.
fn chosen(programs: &[Program]) -> Result<&Program, desk::Error> {
    let mut defaults = programs.iter().filter(|program| program.is_default);
    let chosen = match (programs, defaults.next(), defaults.next()) {
        ([one], _, _) => Some(one),
        (_, Some(one), None) => Some(one),
        _ => None,
    };
    chosen.ok_or_else(|| {
        let names: Vec<&str> = programs
            .iter()
            .map(|program| program.name.as_str())
            .collect();
        desk::Error::Run(match names.is_empty() {
            true => {
                "there is no program among what was asked for; `--package` names a package with one"
                    .to_owned()
            }
            false => format!(
                "there are several programs; `--bin` names one of: {}",
                names.join(", ")
            ),
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn program(name: &str, is_default: bool) -> Program {
        Program {
            name: name.to_owned(),
            package: "p".to_owned(),
            is_default,
        }
    }

    #[test]
    fn the_only_program_or_the_default_is_run() {
        let (a, b) = (program("a", false), program("b", true));
        assert_eq!(chosen(std::slice::from_ref(&a)).unwrap(), &a);
        assert_eq!(chosen(&[a.clone(), b.clone()]).unwrap(), &b);
        let error = chosen(&[a.clone(), a]).unwrap_err().to_string();
        assert!(error.contains("one of: a, a"), "{error}");
        assert!(chosen(&[]).is_err());
    }
}
