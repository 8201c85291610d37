//! Shows another derivation's output under a name that a flake can give.

use crate::spec::Show;
use dyndrv_builder::error::Result;
use dyndrv_builder::sandbox::files::{create_dir_all, entries, make_link};
use dyndrv_builder::spec::task::Outputs;
use std::path::Path;

/// Links all entries of the other output into the output `out`.
pub fn run(show: &Show, outputs: &Outputs) -> Result<()> {
    let (from, out) = (Path::new(&show.of), outputs.get("out")?);
    create_dir_all(out)?;
    for (entry, _) in entries(from)? {
        make_link(&from.join(&entry), &out.join(&entry))?;
    }
    Ok(())
}
