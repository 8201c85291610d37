//! Which files each unit can read, known before anything is compiled.
//!
//! [`scan`] reads the sources of a whole project once and answers with one list of files
//! per unit. A list is never too short: a derivation whose source it becomes would fail to
//! build, or build something else. It is hardly ever too long: each file too many is a
//! rebuild for nothing.
//!
//! | construct | what is listed |
//! |---|---|
//! | `mod x;` | `x.rs` and `x/mod.rs`, from the directory that rustc would look in |
//! | `#[path]`, `cfg_attr(…, path)` | every one that the cfgs do not exclude |
//! | `include!`, `include_str!`, `include_bytes!` | the file; `concat!`, `env!("CARGO_MANIFEST_DIR")`, `stringify!` and variables of macros are followed; code from `OUT_DIR` belongs to the build script |
//! | a macro's arguments | what stands in them counts as if it stood there, unless the macro demonstrably drops it |
//! | a macro's body | what stands in it counts at every place that uses the macro |
//! | an unknown macro or attribute | files that its strings name, modules that its words name |
//! | a macro known to read files | what it reads, see the table in the module `policy` |
//! | a false `cfg` | nothing; what cannot be decided counts as true |
//!
//! An include whose name cannot be found widens the list, to a directory if the name's
//! beginning is known, else to the package; see [`Fallback`].
//!
//! The work is divided so that nothing is done twice: `lexer` and `outline` turn a file into
//! the few constructs that matter, once, whatever the number of units; `scanner` walks the
//! outlines with a unit's [`Cfg`]; `package` answers what is not in any crate's text.

mod build_script;
mod cfg;
mod error;
mod globs;
mod known_crates;
mod lists;
mod references;
pub mod report;
mod request;
mod shared_macros;
mod source_file;
mod source_tree;
mod syntax;
mod unit_files;
mod walk;

pub use build_script::{CargoUse, cargo_use, lists_its_package, named_files};
pub use cfg::Cfg;
pub use error::{Error, Result};
pub use globs::files as glob_files;
pub use lists::{Absent, EntryKind, Fallback, Listed, Place, Reason, Scan, UnitFiles, Why, Width};
pub use request::{ConfiguredVariable, Package, Request, Unit, UnitKind};
pub use source_tree::{Contents, Resolved, SourceTree};

use crate::parallel::in_parallel;
use shared_macros::SharedMacros;
use unit_files::{Project, unit_files};

/// Finds the files of every unit.
///
/// The answer depends on the sources and the request only, not on the number of threads.
/// Of several errors, that of the first unit is given.
///
/// # Errors
///
/// If a crate root does not exist, a directory or file cannot be read, a path leads to what a
/// build cannot have, or a glob of the user is wrong.
pub fn scan(request: &Request) -> Result<Scan> {
    let project = Project::new(request)?;
    let first = in_parallel(request.units.len(), |index| {
        unit_files(&project, &request.units[index], None)
    });
    let first = first.into_iter().collect::<Result<Vec<_>>>()?;
    let (mut units, macros): (Vec<_>, Vec<_>) = first.into_iter().unzip();
    // Macros that one package defines and another uses are known now.
    let shared = SharedMacros::new(&macros);
    let again = in_parallel(request.units.len(), |index| {
        let others = shared.needed_by(index)?;
        Some(unit_files(&project, &request.units[index], Some(&others)))
    });
    for (unit, again) in units.iter_mut().zip(again) {
        if let Some((files, _)) = again.transpose()? {
            *unit = files;
        }
    }
    Ok(Scan { units })
}
