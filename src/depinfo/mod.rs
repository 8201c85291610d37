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
mod dep_info;
mod files;
mod includes;
mod lexer;
mod macros;
mod model;
mod modules;
mod outline;
mod package;
mod policy;
mod readers;
pub mod report;
mod scanner;

pub use build_script::named_files;
pub use cfg::Cfg;
pub use dep_info::{Checksum, DepInfo};
pub use model::{
    Absent, EntryKind, Error, Fallback, Listed, Package, Place, Reason, Request, Result, Scan,
    Unit, UnitFiles, UnitKind, Why, Width,
};

use files::Files;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Finds the files of every unit.
///
/// The answer depends on the sources and the request only, not on the number of threads.
/// Of several errors, that of the first unit is given.
pub fn scan(request: &Request) -> Result<Scan> {
    let project = package::Project::new(request)?;
    let files = Files::new(request.root.clone());
    let first = in_parallel(request.units.len(), |index| {
        package::unit_files(&project, &files, &request.units[index], &[])
    });
    let first = first.into_iter().collect::<Result<Vec<_>>>()?;
    let (mut units, crossings): (Vec<_>, Vec<_>) = first.into_iter().unzip();
    // Macros that one package defines and another uses are known now.
    let exports = package::Exports::new(&crossings);
    let again = in_parallel(request.units.len(), |index| {
        let foreign = exports.needed_by(index);
        let again = || package::unit_files(&project, &files, &request.units[index], &foreign);
        (!foreign.is_empty()).then(again).transpose()
    });
    for (unit, again) in units.iter_mut().zip(again) {
        if let Some((files, _)) = again? {
            *unit = files;
        }
    }
    Ok(Scan { units })
}

/// Calls `job` for `0..count` on all processors; the answers are in order.
fn in_parallel<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(count);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::default();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let result = job(index);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
