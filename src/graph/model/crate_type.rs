//! The crate types of rustc, with the questions that cargo asks of them.
//!
//! | crate type | linkable | dynamic | runs LTO | needs objects of its dependencies |
//! |---|---|---|---|---|
//! | `lib`, `rlib` | yes | | | |
//! | `dylib` | yes | yes | | yes |
//! | `proc-macro` | yes | yes | | yes |
//! | `cdylib` | | yes | yes | yes |
//! | `staticlib` | | | yes | yes |
//! | `bin` | | | yes | yes |

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A value of rustc's `--crate-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrateType {
    /// A program.
    Bin,
    /// A Rust library in the form that rustc prefers, which is an rlib.
    Lib,
    /// A Rust library.
    Rlib,
    /// A dynamic library for Rust programs.
    Dylib,
    /// A dynamic library for other languages.
    Cdylib,
    /// A static library for other languages.
    Staticlib,
    /// A procedural macro.
    ProcMacro,
}

impl CrateType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bin,
        Self::Lib,
        Self::Rlib,
        Self::Dylib,
        Self::Cdylib,
        Self::Staticlib,
        Self::ProcMacro,
    ];

    /// Its name for rustc and in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bin => "bin",
            Self::Lib => "lib",
            Self::Rlib => "rlib",
            Self::Dylib => "dylib",
            Self::Cdylib => "cdylib",
            Self::Staticlib => "staticlib",
            Self::ProcMacro => "proc-macro",
        }
    }

    /// The same with `rlib` for `lib`: what rustc makes of it.
    pub fn made(self) -> Self {
        match self {
            Self::Lib => Self::Rlib,
            other => other,
        }
    }

    /// Whether `extern crate` can name it.
    pub fn is_linkable(self) -> bool {
        matches!(self, Self::Lib | Self::Rlib | Self::Dylib | Self::ProcMacro)
    }

    /// Whether it is a dynamic library.
    pub fn is_dynamic(self) -> bool {
        matches!(self, Self::Dylib | Self::Cdylib | Self::ProcMacro)
    }

    /// Whether rustc can run link-time optimisation for it.
    pub fn can_lto(self) -> bool {
        matches!(self, Self::Bin | Self::Staticlib | Self::Cdylib)
    }

    /// Whether it is linked, so that its dependencies must have been compiled before and not
    /// only checked.
    pub fn requires_upstream_objects(self) -> bool {
        !matches!(self, Self::Lib | Self::Rlib)
    }
}

impl fmt::Display for CrateType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that is no crate type.
#[derive(Debug, thiserror::Error)]
#[error("the crate type `{0}`")]
pub struct UnknownCrateType(String);

impl FromStr for CrateType {
    type Err = UnknownCrateType;

    fn from_str(name: &str) -> Result<Self, UnknownCrateType> {
        Self::ALL
            .into_iter()
            .find(|crate_type| crate_type.name() == name)
            .ok_or_else(|| UnknownCrateType(name.to_owned()))
    }
}
