//! From a file's text to what in it can bring other files in.
//!
//! Nothing here knows a unit, a package or a file system: a file is read once, whatever the
//! number of units that contain it. [`tokens`] splits the text, [`outline`] keeps the few
//! constructs that matter, and [`predicate`] the `cfg`s that decide about them.

pub mod outline;
pub mod predicate;
pub mod std_names;
pub mod strings;
pub mod token_tree;
pub mod tokens;
