//! Builds real projects through real, sandboxed Nix.
//!
//! `./dev/test` runs these tests; they need a Nix with the features
//! `ca-derivations` and `dynamic-derivations`, which `dev/nix` brings along.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod adapter;
mod agreement;
mod archives;
mod audit;
mod bad_input;
mod book;
mod caches;
mod checks;
mod clock;
mod concurrency;
mod configuration;
mod cross;
mod daemon;
mod desk;
mod determinism;
mod development;
mod emission;
mod environments;
mod examples;
mod faults;
mod fetched;
mod files;
mod flakes;
mod garbage;
mod hostile;
mod incremental;
mod kinds;
mod large_workspace;
mod library;
#[allow(dead_code)] // `tests/book` uses the rest
#[path = "../book/markdown.rs"]
mod markdown;
mod package_files;
mod packaging;
mod programs;
mod project;
mod random_edits;
mod rebuild;
mod rust_package;
mod second_store;
mod shell;
mod sources;
mod store;
mod store_paths;
mod test_surroundings;
mod test_view;
mod toolchains;
