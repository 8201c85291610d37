//! Errors at the desk.
//!
//! No message repeats its cause: [`with_causes`](crate::causes::with_causes) prints both.

use super::client;
use crate::{graph, plan};
use std::path::PathBuf;
use std::process::ExitStatus;

/// A build at the desk that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written, or a program not be started.
    #[error("{action} {}", path.display())]
    Io {
        /// The attempted action, such as `reading`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No flake above the directory.
    #[error(
        "there is no flake.nix in {} or above it; `dyndrv build` takes toolchain and settings from the project's flake. `dyndrv init` writes one",
        path.display()
    )]
    NoFlake {
        /// The directory.
        path: PathBuf,
    },
    /// The directory for what is kept cannot be found.
    #[error(
        "neither XDG_CACHE_HOME nor HOME is set; set XDG_CACHE_HOME to a directory for what is kept between builds"
    )]
    NoCache,
    /// A program failed, and has said why.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// Program and first arguments.
        command: String,
        /// How.
        status: ExitStatus,
    },
    /// The package of the flake was not made by this version's library.
    #[error(
        "the evaluation of `{installable}` gives no settings for `dyndrv build`: it must be a package of dyndrv's library, of this version. `--flake FLAKE#ATTRIBUTE` names another one"
    )]
    NotDesk {
        /// The attribute.
        installable: String,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// The sources of the package are not the checkout.
    #[error(
        "the sources of `{installable}` ({origin}) are not in the checkout {}; `dyndrv build` builds the project whose flake it finds. `--source DIRECTORY` says where they are",
        checkout.display()
    )]
    OtherSources {
        /// The attribute.
        installable: String,
        /// Where its sources are.
        origin: String,
        /// The checkout.
        checkout: PathBuf,
    },
    /// A directory outside of the sources.
    #[error("{} is not below the project's sources {}", path.display(), root.display())]
    Outside {
        /// The directory.
        path: PathBuf,
        /// The sources.
        root: PathBuf,
    },
    /// A directory above the scratch directory configures cargo.
    #[error("{} would configure cargo for everything that is built; remove it, or set TMPDIR to a directory elsewhere", path.display())]
    ConfiguredScratch {
        /// The configuration.
        path: PathBuf,
    },
    /// A derivation of a plan that cannot be read.
    #[error("{} is no derivation that this program can read", path.display())]
    NotADerivation {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: crate::drv::Error,
    },
    /// A document that is no plan.
    #[error("`{name}` is no plan of this version of dyndrv; `dyndrv graph` prints one")]
    NotAPlan {
        /// What was named.
        name: String,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// A predicted store path that came out otherwise.
    #[error("the store has {found} for {expected}; please report this")]
    OtherPath {
        /// The predicted path.
        expected: String,
        /// What Nix says.
        found: String,
    },
    /// A derivation that was built, of which the store has no output.
    #[error("the store has no output of {drv}, which Nix has just built; please report this")]
    NoOutput {
        /// The derivation.
        drv: String,
    },
    /// Units failed. They have said why.
    #[error("{}", failures(*.failed))]
    Build {
        /// How many.
        failed: usize,
    },
    /// Nix's settings cannot be read.
    #[error("`nix config show --json` printed no settings; is it Nix 2.34 or later?")]
    Configuration {
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// A setting of Nix is missing.
    #[error("`nix config show --json` has no value for `{name}`; is it Nix 2.34 or later?")]
    NoSetting {
        /// The setting.
        name: &'static str,
    },
    /// A document cannot be written.
    #[error("{document} cannot be written as JSON; please report this")]
    Json {
        /// Which.
        document: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// Nothing or too much to run.
    #[error("{0}")]
    Run(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] client::Error),
    /// The graph cannot be made.
    #[error(transparent)]
    Graph(Box<graph::Error>),
    /// The plan cannot be made.
    #[error(transparent)]
    Plan(Box<plan::Error>),
    /// The skeleton cannot be unpacked.
    #[error(transparent)]
    Bundle(#[from] dyndrv_builder::sandbox::bundle::Error),
}

fn failures(count: usize) -> String {
    match count {
        1 => "a unit failed to build".to_owned(),
        count => format!("{count} units failed to build"),
    }
}

impl From<graph::Error> for Error {
    fn from(error: graph::Error) -> Self {
        Self::Graph(Box::new(error))
    }
}

impl From<plan::Error> for Error {
    fn from(error: plan::Error) -> Self {
        Self::Plan(Box::new(error))
    }
}

impl Error {
    /// For `map_err` on operations on a file.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
