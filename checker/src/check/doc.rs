//! rustdoc over one target. The pages of crates are merged later, by the summary.

use super::{Context, Prepared, report_of, succeed, without_libraries};
use crate::spec::Doc;
use crate::supervise::echo;
use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::rustc::link_flags;
use dyndrv_builder::sandbox::files::create_dir_all;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub fn run(doc: &Doc, context: &Context<'_>) -> Result<()> {
    let prepared = Prepared::new(&doc.rustdoc, context.sandbox)?;
    let pages = context.out.join("doc");
    let mut args = doc.rustdoc.args.clone();
    let link = link_flags::link(&prepared.instructions.link);
    args.extend(without_libraries(link));
    args.extend(prepared.instructions.cfg.iter().flat_map(link_flags::cfg));
    for neighbour in &doc.neighbours {
        // rustdoc takes a crate that has a directory here for one to link to.
        create_dir_all(&pages.join(neighbour))?;
    }
    args.extend([
        "--out-dir".to_owned(),
        pages.display().to_string(),
        "--parts-out-dir".to_owned(),
        context.out.join("parts").display().to_string(),
    ]);
    let command = prepared.command(args, context.sandbox)?;
    let finished = context.run("rustdoc", &command, None, echo)?;
    succeed("rustdoc", &finished)?;
    tidy(doc, &pages)?;
    context.keep(&report_of(&doc.rustdoc.process), &finished)
}

/// Removes what is no result: the lock, and the neighbours' directories.
fn tidy(doc: &Doc, pages: &Path) -> Result<()> {
    for neighbour in &doc.neighbours {
        // Only an empty directory goes.
        let _ = fs::remove_dir(pages.join(neighbour));
    }
    let lock = pages.join(".lock");
    match fs::remove_file(&lock) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("cannot remove", &lock, e)),
        _ => Ok(()),
    }
}
