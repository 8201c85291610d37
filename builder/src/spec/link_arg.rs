//! The targets that linker arguments of a build script are for.
//!
//! | instruction | target | the linker arguments reach |
//! |---|---|---|
//! | `rustc-link-arg` | `all` | all targets of the package |
//! | `rustc-link-arg-cdylib`, `rustc-cdylib-link-arg` | `cdylib` | the package's cdylib, and cdylibs that it is linked into |
//! | `rustc-link-arg-bins` | `bins` | all programs |
//! | `rustc-link-arg-bin` | `bin:NAME` | one program |
//! | `rustc-link-arg-tests` | `tests` | integration tests |
//! | `rustc-link-arg-benches` | `benches` | benchmarks |
//! | `rustc-link-arg-examples` | `examples` | examples that are programs |

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whom a linker argument of a build script is for. In documents it is the text of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LinkArgTarget {
    /// All targets of the package.
    All,
    /// Dynamic libraries for other languages.
    Cdylib,
    /// All programs.
    Bins,
    /// The program of this name.
    Bin(String),
    /// Integration tests.
    Tests,
    /// Benchmarks.
    Benches,
    /// Examples that are programs.
    Examples,
}

impl LinkArgTarget {
    /// The missing target of a package, for messages.
    pub fn describe(&self) -> String {
        match self {
            Self::All => "target".to_string(),
            Self::Cdylib => "cdylib target".to_string(),
            Self::Bins => "bin target".to_string(),
            Self::Bin(name) => format!("bin target `{name}`"),
            Self::Tests => "test target".to_string(),
            Self::Benches => "benchmark target".to_string(),
            Self::Examples => "example target".to_string(),
        }
    }
}

impl fmt::Display for LinkArgTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Cdylib => formatter.write_str("cdylib"),
            Self::Bins => formatter.write_str("bins"),
            Self::Bin(name) => write!(formatter, "bin:{name}"),
            Self::Tests => formatter.write_str("tests"),
            Self::Benches => formatter.write_str("benches"),
            Self::Examples => formatter.write_str("examples"),
        }
    }
}

impl From<LinkArgTarget> for String {
    fn from(target: LinkArgTarget) -> Self {
        target.to_string()
    }
}

impl TryFrom<String> for LinkArgTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "all" => Ok(Self::All),
            "cdylib" => Ok(Self::Cdylib),
            "bins" => Ok(Self::Bins),
            "tests" => Ok(Self::Tests),
            "benches" => Ok(Self::Benches),
            "examples" => Ok(Self::Examples),
            text => match text.strip_prefix("bin:") {
                Some(name) => Ok(Self::Bin(name.to_string())),
                None => Err(format!("linker arguments are for no target `{text}`")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_read_as_it_is_written() {
        let targets = [
            LinkArgTarget::All,
            LinkArgTarget::Cdylib,
            LinkArgTarget::Bins,
            LinkArgTarget::Bin("rg".to_string()),
            LinkArgTarget::Tests,
            LinkArgTarget::Benches,
            LinkArgTarget::Examples,
        ];
        for target in targets {
            assert_eq!(LinkArgTarget::try_from(target.to_string()), Ok(target));
        }
        assert!(LinkArgTarget::try_from("lib".to_string()).is_err());
    }
}
