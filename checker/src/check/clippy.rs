//! clippy over one target. Its messages are kept and told as those of rustc are: see the builder's module `messages`.

use super::compiler::printed;
use super::{Context, Prepared, report_of, succeed};
use crate::diagnostics;
use crate::report::LOG;
use crate::spec::Clippy;
use crate::supervise::echo;
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::{link_flags, messages};
use dyndrv_builder::sandbox::files::create_dir_all;
use std::fs;

/// The variable that tells clippy-driver where the standard libraries are.
const SYSROOT: &str = "SYSROOT";

pub fn run(clippy: &Clippy, context: &Context<'_>) -> Result<()> {
    let mut prepared = Prepared::new(&clippy.driver, context.sandbox)?;
    // By itself it looks beside its own program, where other targets have no libraries.
    let [sysroot] = printed(&clippy.rustc, ["sysroot"], &prepared.env)?;
    prepared.env.entry(SYSROOT.to_owned()).or_insert(sysroot);
    // What clippy writes is no result.
    let scratch = context.sandbox.tmp().join("clippy");
    create_dir_all(&scratch)?;
    let mut args = clippy.driver.args.clone();
    args.extend(messages::ARGUMENTS.map(str::to_owned));
    args.extend(["--out-dir".to_owned(), scratch.display().to_string()]);
    args.extend(link_flags::link(&prepared.instructions.link));
    args.extend(prepared.instructions.cfg.iter().flat_map(link_flags::cfg));
    let command = prepared.command(args, context.sandbox)?;
    let finished = context.run("clippy", &command, None, |_| {})?;

    let (said, other) = diagnostics::split(&finished.printed);
    for message in &said {
        echo(diagnostics::rendered(message).as_bytes());
    }
    echo(other.as_bytes());
    if !finished.succeeded() {
        messages::tell(&finished.printed);
    }
    succeed("clippy", &finished)?;
    messages::keep(context.out, &finished.printed)?;
    let mut report = report_of(&clippy.driver.process);
    report.messages = said;
    report.messages.retain(diagnostics::is_about_code);
    let text: Vec<&str> = report.messages.iter().map(diagnostics::rendered).collect();
    let file = context.log.join(LOG);
    fs::write(&file, text.concat()).map_err(|e| Error::io("cannot write", &file, e))?;
    context.keep(&report, &finished)
}
