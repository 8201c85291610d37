//! A function of bytes for each parser of input that others write. Each panics where the parser is wrong.
//!
//! | target | input | property |
//! |---|---|---|
//! | `derivation` | a derivation (ATerm) | what is read is written the same, with the same path |
//! | `store_path` | a text with store paths | each known object is found, base 32 has one spelling |
//! | `scan` | Rust code | the scan of a tree of plain files succeeds |
//! | `dep_info` | rustc's make rules | no name is empty |
//! | `instructions` | what a build script prints | no line break gets into a value |
//! | `manifest` | `Cargo.toml` | the skeleton holds entries of the tree alone |
//! | `graph` | cargo's unit graph and metadata | a graph, or an error |
//! | `configuration` | cargo's configuration and its origins | settings, or an error |
//! | `lock_file` | `Cargo.lock` and a configuration with sources | each source is replaced by the vendor directory, and what fetches the packages is derivations |
//! | `archive` | the members of a `.crate` file | nothing is written outside of the directory |
//! | `bundle` | a source bundle | likewise; what is read is written the same |
//! | `daemon` | what Nix's daemon answers | values, or an error, and no more than it sent |
//!
//! Of several parts, each but the first stands behind a line [`SEPARATOR`].
//!
//! Documents that the steps of dyndrv write for each other have no target. The lock file is also read in Nix's own
//! language (`nix/lock.nix`), which this does not reach.

mod files;
mod formats;
mod of_cargo;

/// The line between parts of an input.
pub const SEPARATOR: &str = "\n=====\n";

/// A target: its name, and what runs it once.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 12] = [
    ("archive", files::archive),
    ("bundle", files::bundle),
    ("configuration", of_cargo::configuration),
    ("daemon", formats::daemon),
    ("dep_info", of_cargo::dep_info),
    ("derivation", formats::derivation),
    ("graph", of_cargo::graph),
    ("instructions", of_cargo::instructions),
    ("lock_file", of_cargo::lock_file),
    ("manifest", of_cargo::manifest),
    ("scan", files::scan),
    ("store_path", formats::store_path),
];

/// Runs a target on an input.
///
/// # Panics
///
/// If there is no such target, or the parser is wrong.
#[allow(dead_code)] // `tests/fuzz.rs` goes through the list
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.expect("a target of the list").1(input);
}

/// An input in two parts; the second may be empty.
fn parts(input: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(input).ok()?;
    Some(text.split_once(SEPARATOR).unwrap_or((text, "")))
}
