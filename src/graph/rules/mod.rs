//! cargo's rules for a graph, without a call of cargo.
//!
//! | module | rule |
//! |---|---|
//! | [`identity`] | what tells a unit from every other unit |
//! | [`products`] | the files that a unit makes |
//! | [`linkage`] | the files and build scripts of other units that a unit uses |
//! | [`lto`] | the part of a unit in link-time optimisation |
//! | [`layout`] | the places of files on the machine that runs a unit |
//! | [`command`] | the command line and the environment of a unit |
//! | [`sources`] | the configuration with which cargo finds the packages |
//! | [`package_code`] | whether code of a package runs while a unit is built |
//! | [`checks`] | the same for tests, clippy, rustdoc and rustfmt |
//!
//! The rules are those of cargo 1.95 to 1.97.

pub mod checks;
pub mod command;
pub mod identity;
pub mod layout;
pub mod linkage;
pub mod lto;
pub mod package_code;
pub mod products;
pub mod sources;
