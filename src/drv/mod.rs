//! Nix's formats, without a file system, a store or cargo.
//!
//! The crate [`nix_derivation`] reads and writes them. This module is what the
//! project uses of it, and what it lacks.
//!
//! | format | here | what Nix itself offers to check it |
//! |---|---|---|
//! | `/nix/store/<hash>-<name>`, and how the hash comes about | [`StorePath`], [`tree_path`], [`text_path`] | `nix-store --add`, `builtins.toFile` |
//! | the text of a `.drv` file (ATerm) | [`DerivationBuilder`], [`Derivation`] | `nix derivation show`, `nix derivation add` |
//! | what stands for a path that is not known yet | [`placeholder`] | `builtins.placeholder` |
//! | the archive whose hash identifies a tree | [`nar`] | `nix-store --dump`, `nix hash path` |
//! | which store objects a text mentions | [`references`] | `nix-store --query --references` |
//!
//! Every path is that of the store directory [`STORE_DIR`]: paths are predicted
//! before anything is built, and only there do predictions hold.
//!
//! The path of a derivation and what its dependents use for its output:
//!
//! ```
//! use dyndrv::drv::{DerivationBuilder, FLOATING_TREE, StructuredAttrs, placeholder};
//!
//! let attributes = serde_json::json!({ "name": "crate-a" });
//! let unit = DerivationBuilder::new("crate-a", "x86_64-linux", "/bin/sh")
//!     .output("out", FLOATING_TREE)
//!     .structured_attrs(StructuredAttrs::from_json_bytes(attributes.to_string())?)
//!     .build()?;
//! assert_eq!(
//!     String::from_utf8(unit.to_aterm_bytes())?,
//!     r#"Derive([("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",[],[("__json","{\"name\":\"crate-a\"}")])"#,
//! );
//!
//! let drv = unit.drv_path();
//! assert_eq!(drv.name(), "crate-a.drv");
//! let library = placeholder::upstream(&drv, "out")? + "/liba.rlib";
//! assert_eq!(library.len(), "/".len() + 52 + "/liba.rlib".len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod nar;
pub mod placeholder;
pub mod references;

pub use nix_derivation::store_path::{Error as StorePathError, STORE_DIR};
pub use nix_derivation::{
    CAHash, ContentAddressMethod, Derivation, DerivationBuilder, Error, HashAlgorithm,
    InputDerivation, NixHash, Output, StorePath, StructuredAttrs, ValidatedDerivation, hash_bytes,
    nixbase32,
};
use std::collections::BTreeSet;

/// An output whose path follows from its content, a tree: `r:sha256`.
pub const FLOATING_TREE: Output = Output::Floating {
    method: ContentAddressMethod::Nar,
    hash_algorithm: HashAlgorithm::Sha256,
};

/// An output whose path follows from its content, a plain file whose references
/// Nix scans for: `text:sha256`.
pub const FLOATING_TEXT: Output = Output::Floating {
    method: ContentAddressMethod::Text,
    hash_algorithm: HashAlgorithm::Sha256,
};

/// How many characters Nix takes for the name of a store object.
pub const MAX_NAME_LENGTH: usize = nix_derivation::store_path::MAX_NAME_LEN;

/// The path of a plain file with this content and these references: `text:sha256`
/// outputs, `builtins.toFile`.
///
/// # Errors
///
/// If the store takes no such name.
pub fn text_path(
    name: &str,
    content: impl AsRef<[u8]>,
    references: &BTreeSet<StorePath>,
) -> Result<StorePath, StorePathError> {
    nix_derivation::store_path::build_text_path(name, content.as_ref(), references)
}

/// The path of a tree with this SHA-256 of its NAR and these references:
/// `r:sha256` outputs, `nix-store --add`.
///
/// # Errors
///
/// If the store takes no such name.
pub fn tree_path(
    name: &str,
    nar: &NixHash,
    references: &BTreeSet<StorePath>,
) -> Result<StorePath, StorePathError> {
    let content = CAHash::Nar(nar.clone());
    nix_derivation::store_path::build_ca_path(name, &content, references, false)
}

/// The 32 characters of a store path by which Nix finds references to it.
pub fn hash_part(path: &StorePath) -> String {
    nixbase32::encode(path.digest())
}
