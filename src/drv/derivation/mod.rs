//! Derivations: the text of a `.drv` file (ATerm), and its path.
//!
//! Nix's `derivations.cc` is what this mirrors. One text has one derivation and one
//! derivation has one text: everything is sorted, and what is not sorted is not
//! read, so that a path predicted here is the path that
//! `nix derivation show X | nix derivation add` gives.
//!
//! ```
//! use dyndrv::drv::derivation::{Derivation, Output};
//!
//! let mut drv = Derivation {
//!     system: "x86_64-linux".into(),
//!     builder: "/bin/sh".into(),
//!     args: vec!["-c".into(), "echo \"hello\" > $out".into()],
//!     ..Derivation::default()
//! };
//! drv.outputs.insert("out".into(), Output::FloatingNar);
//!
//! let text = drv.to_aterm();
//! assert_eq!(
//!     text,
//!     r#"Derive([("out","","r:sha256","")],[],[],"x86_64-linux","/bin/sh",["-c","echo \"hello\" > $out"],[])"#,
//! );
//! assert_eq!(Derivation::parse(&text)?, drv);
//! # Ok::<(), dyndrv::drv::derivation::ParseError>(())
//! ```

mod attributes;
mod parser;
mod printer;

pub use attributes::{AttributesError, STRUCTURED_ATTRIBUTES};
pub use parser::ParseError;

use super::store_path::{self, StorePath};
use std::collections::{BTreeMap, BTreeSet};

/// What Nix runs, and on what.
///
/// The name of a derivation is not part of it: it is in its path alone. Nix takes
/// two derivations that are equal for one, whatever their paths are, so put `name`
/// into the environment of everything that is emitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derivation {
    /// By output name. Nix wants either floating ones only or none.
    pub outputs: BTreeMap<String, Output>,
    /// The outputs of other derivations that the builder sees.
    pub input_drvs: BTreeMap<StorePath, BTreeSet<String>>,
    /// The store objects that the builder sees as they are.
    pub input_srcs: BTreeSet<StorePath>,
    /// The kind of machine that can build it, as `x86_64-linux`.
    pub system: String,
    /// The absolute path of the program that builds it.
    pub builder: String,
    /// The program's arguments, without its name.
    pub args: Vec<String>,
    /// The program's environment; see also [`Derivation::set_structured_attributes`].
    pub env: BTreeMap<String, String>,
}

/// How the path of an output comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// From its content, a tree: `r:sha256`.
    FloatingNar,
    /// From its content, a plain file whose references are scanned for: `text:sha256`.
    FloatingText,
    /// From its content, which is known beforehand.
    Fixed {
        /// Where it will be.
        path: StorePath,
        /// Method and algorithm, as `sha256`, `r:sha1` or `text:sha256`.
        algorithm: String,
        /// The hash in hexadecimal.
        hash: String,
    },
    /// From the derivation itself.
    InputAddressed(StorePath),
    /// From the derivation itself, once the paths of its inputs are known.
    Deferred,
}

impl Derivation {
    /// The text of the `.drv` file.
    pub fn to_aterm(&self) -> String {
        printer::print(self)
    }

    /// Reads the text of a `.drv` file.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parser::parse(text)
    }

    /// The path of the `.drv` file of a derivation with this name (without `.drv`).
    pub fn store_path(&self, name: &str) -> Result<StorePath, store_path::Error> {
        StorePath::text(&format!("{name}.drv"), self.to_aterm(), &self.references())
    }

    /// What the `.drv` file refers to: all inputs.
    pub fn references(&self) -> BTreeSet<StorePath> {
        self.input_drvs
            .keys()
            .chain(&self.input_srcs)
            .cloned()
            .collect()
    }
}
