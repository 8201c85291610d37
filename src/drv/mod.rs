//! Nix's formats, without a file system, a store or cargo.
//!
//! | module | format | what Nix itself offers to check it |
//! |---|---|---|
//! | [`hash`] | SHA-256 in hexadecimal, incremental | `sha256sum` |
//! | [`nix32`] | Nix's own base 32 | `nix hash convert` |
//! | [`store_path`] | `/nix/store/<hash>-<name>`, and how the hash comes about | `nix-store --add`, `builtins.toFile` |
//! | [`placeholder`] | what stands for a path that is not known yet | `builtins.placeholder` |
//! | [`derivation`] | the text of a `.drv` file | `nix derivation show`, `nix derivation add` |
//! | [`nar`] | the archive whose hash identifies a tree | `nix-store --dump`, `nix hash path` |
//!
//! Every path is that of the store directory [`store_path::STORE_DIR`]: paths are
//! predicted before anything is built, and only there do predictions hold.
//!
//! The path of a derivation and what its dependents use for its output:
//!
//! ```
//! use dyndrv::drv::{derivation::{Derivation, Output}, placeholder};
//!
//! let mut unit = Derivation {
//!     system: "x86_64-linux".into(),
//!     builder: "/bin/sh".into(),
//!     ..Derivation::default()
//! };
//! unit.outputs.insert("out".into(), Output::FloatingNar);
//! unit.env.insert("out".into(), placeholder::output("out"));
//! unit.env.insert("name".into(), "crate-a".into());
//!
//! let drv = unit.store_path("crate-a")?;
//! assert_eq!(drv.name(), "crate-a.drv");
//! let library = placeholder::upstream(&drv, "out")? + "/liba.rlib";
//! assert_eq!(library.len(), "/".len() + 52 + "/liba.rlib".len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod derivation;
pub mod hash;
pub mod nar;
pub mod nix32;
pub mod placeholder;
pub mod store_path;
