//! rustfmt over one package.

use super::{Command, Context, report_of};
use crate::spec::Fmt;
use crate::supervise::echo;
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::shorten;
use dyndrv_builder::sandbox::environment;

pub fn run(fmt: &Fmt, context: &Context<'_>) -> Result<()> {
    let sandbox = context.sandbox;
    sandbox.settle(&fmt.process)?;
    let command = Command {
        program: &fmt.program,
        args: shorten(fmt.args.clone(), sandbox)?,
        cwd: &fmt.process.cwd,
        env: environment::of(&fmt.process, sandbox)?,
    };
    let finished = context.run("rustfmt", &command, None, echo)?;
    if !finished.succeeded() {
        let error = Error::new("the sources are not formatted as rustfmt would");
        return Err(error.note("`cargo fmt --all` formats them"));
    }
    context.keep(&report_of(&fmt.process), &finished)
}
