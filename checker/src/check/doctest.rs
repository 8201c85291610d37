//! The tests in a library's documentation, which rustdoc compiles and runs.

use super::{Context, Prepared, trial, without_libraries};
use crate::spec::Doctest;
use crate::supervise::echo;
use dyndrv_builder::error::Result;
use dyndrv_builder::rustc::link_flags;

pub fn run(doctest: &Doctest, context: &Context<'_>) -> Result<()> {
    let tool = &doctest.rustdoc;
    let mut prepared = Prepared::new(tool, context.sandbox)?;
    trial::surround(&doctest.surroundings, context.sandbox)?;
    let libraries = trial::Libraries {
        instructions: &prepared.instructions,
        shown: !tool.crates.is_empty(),
        loads_from: doctest.loads_from.as_deref(),
    };
    trial::equip(&mut prepared.env, &tool.process, &libraries, context)?;
    let mut args = tool.args.clone();
    let link = link_flags::link(&prepared.instructions.link);
    args.extend(without_libraries(link));
    args.extend(prepared.instructions.cfg.iter().flat_map(link_flags::cfg));
    args.extend(link_flags::environment(&prepared.env));
    let command = prepared.command(args, context.sandbox)?;
    let finished = context.run("doctest", &command, doctest.trial.timeout, echo)?;
    let report = trial::report(&tool.process, &doctest.trial, &finished, Vec::new)?;
    context.keep(&report, &finished)
}
