//! clippy over one target. Its messages are kept as data, and shown as text.

use super::compiler::printed;
use super::{Context, Prepared, report_of, succeed};
use crate::diagnostics;
use crate::report::LOG;
use crate::spec::Clippy;
use crate::supervise::echo;
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::link_flags;
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
    args.extend([
        "--error-format=json".to_owned(),
        "--out-dir".to_owned(),
        scratch.display().to_string(),
    ]);
    args.extend(link_flags::link(&prepared.instructions.link));
    args.extend(prepared.instructions.cfg.iter().flat_map(link_flags::cfg));
    let command = prepared.command(args, context.sandbox)?;
    let finished = context.run("clippy", &command, None, |_| {})?;

    let (messages, other) = diagnostics::split(&finished.printed);
    for message in &messages {
        echo(diagnostics::rendered(message).as_bytes());
    }
    echo(other.as_bytes());
    succeed("clippy", &finished)?;
    let mut report = report_of(&clippy.driver.process);
    report.messages = messages;
    report.messages.retain(diagnostics::is_about_code);
    let text: Vec<&str> = report.messages.iter().map(diagnostics::rendered).collect();
    let file = context.log.join(LOG);
    fs::write(&file, text.concat()).map_err(|e| Error::io("cannot write", &file, e))?;
    context.keep(&report, &finished)
}
