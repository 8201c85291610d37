//! `dyndrv diff`.
//!
//! | a plan is named by | which is it |
//! |---|---|
//! | `now` | that of the files as they are |
//! | `last`, `before` | that of the last build, and the last one before that with other units |
//! | a file | one that `dyndrv graph` has printed |
//! | anything else | that of a commit, in a worktree for the moment |

use super::graph;
use crate::cli::error::Error;
use clap::{Args, Parser};
use dyndrv::desk;
use dyndrv::desk::checkout::Checkout;
use dyndrv::desk::explain::Explanation;
use dyndrv::desk::state::Record;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The options of `dyndrv diff`.
#[derive(Args)]
pub struct Options {
    /// A plan: now, last, before, a file of `dyndrv graph`, or a commit
    from: String,
    /// The other plan
    #[arg(default_value = "now")]
    to: String,
    /// Options of `dyndrv graph` that choose the units
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Parser)]
#[command(name = "dyndrv diff … --")]
struct Graph {
    #[command(flatten)]
    options: graph::Options,
}

/// Prints how two plans differ.
pub fn run(options: &Options) -> Result<(), Error> {
    let (from, to) = (
        plan(&options.from, &options.arguments)?,
        plan(&options.to, &options.arguments)?,
    );
    let explanation = Explanation::new(&from, &to);
    if explanation.is_empty() {
        return crate::cli::print("all units are the same\n");
    }
    let mut text = String::new();
    for unit in explanation.removed() {
        text += &format!("- {}\n", unit.label);
    }
    for unit in explanation.added() {
        text += &format!("+ {}\n", unit.label);
    }
    let origins = explanation.origins()?;
    for (unit, changes) in origins.units {
        text += &format!("~ {}\n", unit.label);
        for change in changes {
            text += &format!("    {change}\n");
        }
    }
    if origins.others > 0 {
        text += &format!(
            "~ {} more, because of units that they need\n",
            origins.others
        );
    }
    crate::cli::print(&text)
}

fn plan(name: &str, arguments: &[String]) -> Result<Record, Error> {
    if !matches!(name, "now" | "last" | "before") {
        return match Path::new(name).is_file() {
            true => {
                let text = fs::read(name).map_err(Error::io("reading", name))?;
                Ok(record(name, &text)?)
            }
            false => Ok(of_commit(name, arguments)?),
        };
    }
    let words = ["dyndrv diff … --".to_owned()].into_iter();
    let graph = Graph::try_parse_from(words.chain(arguments.iter().cloned()));
    let graph = graph.unwrap_or_else(|error| error.exit());
    let looked = graph.options.plan.look()?;
    let missing = || {
        desk::Error::Run(format!(
            "no plan `{name}` is kept of these units; `dyndrv build` keeps one"
        ))
    };
    let found = match name {
        "now" => Some(looked.now),
        "last" => looked.last,
        _ => looked.before,
    };
    Ok(found.ok_or_else(missing)?)
}

fn record(name: &str, text: &[u8]) -> Result<Record, desk::Error> {
    serde_json::from_slice(text).map_err(|source| desk::Error::NotAPlan {
        name: name.to_owned(),
        source,
    })
}

/// The plan of a commit, made by this program in a worktree that is removed again.
fn of_commit(commit: &str, arguments: &[String]) -> Result<Record, desk::Error> {
    let checkout = Checkout::find(Path::new("."))?;
    let worktree = Worktree::add(&checkout, commit)?;
    let below = checkout.flake.strip_prefix(&checkout.root);
    let program = std::env::current_exe().map_err(desk::Error::io("finding", "dyndrv"))?;
    let output = Command::new(&program)
        .args(["graph", "--format", "json"])
        .args(arguments)
        .current_dir(worktree.directory.join(below.unwrap_or(Path::new(""))))
        .stderr(Stdio::inherit())
        .output()
        .map_err(desk::Error::io("running", &program))?;
    if !output.status.success() {
        return Err(desk::Error::Failed {
            command: format!("dyndrv graph` at `{commit}"),
            status: output.status,
        });
    }
    record(commit, &output.stdout)
}

/// A worktree that goes with the value.
struct Worktree {
    repository: PathBuf,
    directory: PathBuf,
}

impl Worktree {
    fn add(checkout: &Checkout, commit: &str) -> Result<Self, desk::Error> {
        let name = format!("dyndrv-diff-{}-{commit}", std::process::id());
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let worktree = Self {
            repository: checkout.root.clone(),
            directory: std::env::temp_dir().join(name),
        };
        let directory = worktree.directory.as_os_str();
        let arguments = ["worktree", "add", "--quiet", "--detach"];
        let output = Command::new("git")
            .arg("-C")
            .arg(&worktree.repository)
            .args(arguments)
            .args([directory, std::ffi::OsStr::new(commit)])
            .output()
            .map_err(desk::Error::io("running", "git"))?;
        match output.status.success() {
            true => Ok(worktree),
            false => Err(desk::Error::Run(format!(
                "`{commit}` is neither a plan that is kept, nor a file, nor a commit: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ))),
        }
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // What stays is a directory of temporary files, which `git worktree prune` forgets.
        let _ = Command::new("git")
            .arg("-C")
            .arg(&self.repository)
            .args(["worktree", "remove", "--force"])
            .arg(&self.directory)
            .output();
    }
}
