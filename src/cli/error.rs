//! Errors of the command line.
//!
//! No message repeats its cause: [`with_causes`](dyndrv::causes::with_causes) prints both.

use dyndrv::{drv, graph, plan};
use dyndrv_builder::sandbox::archive;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A command that cannot be done.
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
    /// A document that cannot be written as JSON.
    #[error("{document} cannot be written as JSON; please report this")]
    Json {
        /// The document.
        document: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// A program of the user's toolchain is missing.
    #[error("`{name}` is neither beside rustc nor on the PATH; install it")]
    NoTool {
        /// The program.
        name: &'static str,
    },
    /// A call of Nix failed, which has said why.
    #[error("nix failed ({status})")]
    Nix {
        /// How.
        status: ExitStatus,
    },
    /// Nix printed something else than asked for.
    #[error("`nix build --json` printed no list of outputs; is it Nix 2.34 or later?")]
    NixOutput {
        /// The cause.
        source: serde_json::Error,
    },
    /// A file that should be a derivation is none.
    #[error("{} is not a derivation", path.display())]
    NotADerivation {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: drv::Error,
    },
    /// Source files cannot be taken out of a bundle.
    #[error(transparent)]
    Bundle(#[from] dyndrv_builder::sandbox::bundle::Error),
    /// A package cannot be unpacked.
    #[error(
        "the package {package} cannot be unpacked. Its archive is the one that Cargo.lock names; if that is broken, take another version of the package"
    )]
    Unpack {
        /// The name and the version.
        package: String,
        /// Why not.
        source: archive::Error,
    },
    /// A derivation lacks an output for something that it names.
    #[error("the derivation has no output `{output}`; please report this")]
    NoOutput {
        /// The output.
        output: String,
    },
    /// A build at the desk cannot be done.
    #[error(transparent)]
    Desk(#[from] dyndrv::desk::Error),
    /// The graph cannot be made.
    #[error(transparent)]
    Graph(#[from] graph::Error),
    /// A step of the plan cannot be done.
    #[error(transparent)]
    Plan(#[from] plan::Error),
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

    /// For `map_err` on what makes a JSON document.
    pub fn json(document: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json { document, source }
    }
}
