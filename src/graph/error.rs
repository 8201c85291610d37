//! What can go wrong between a source tree and its graph.

use super::model::{GraphError, MetadataError};
use std::path::PathBuf;

/// Why there is no graph. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The skeleton of the source tree cannot be written.
    #[error(transparent)]
    Bundle(#[from] dyndrv_builder::sandbox::bundle::Error),
    /// cargo or rustc could not be started.
    #[error("cannot run {program}")]
    Spawn {
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// cargo or rustc failed, for a reason that has no description of its own here.
    #[error("`{command}` failed:\n{stderr}")]
    Failed {
        /// The command.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// cargo failed for a reason that the user can remove.
    #[error("{what}\n{advice}\ncargo said:\n{stderr}")]
    Cargo {
        /// The cause.
        what: String,
        /// What to do.
        advice: String,
        /// cargo's own words.
        stderr: String,
    },
    /// An answer of cargo or rustc is not what this program knows.
    #[error("cannot understand {what}: {reason}")]
    Answer {
        /// The document.
        what: String,
        /// The reason.
        reason: String,
    },
    /// A manifest or configuration file could not be understood.
    #[error("{path}: {reason}")]
    Manifest {
        /// The file, relative to the source root where it is below it.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A table `[package.metadata.dyndrv]` cannot be right.
    #[error("package `{package}`, {manifest}")]
    Metadata {
        /// The package, as `name version`.
        package: String,
        /// Its manifest, relative to the source root.
        manifest: String,
        /// What is wrong with it.
        source: MetadataError,
    },
    /// A package uses something that is not supported.
    #[error("package `{package}`, {target}: {feature} is not supported; {advice}")]
    Unsupported {
        /// The package, as `name version`.
        package: String,
        /// The target or the part of the package.
        target: String,
        /// What it uses.
        feature: String,
        /// What to do.
        advice: String,
    },
    /// The configuration uses something that is not supported.
    #[error("cargo's configuration: {feature} is not supported; {advice}")]
    UnsupportedConfig {
        /// What it uses.
        feature: String,
        /// What to do.
        advice: String,
    },
    /// What cargo and rustc say makes no graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The vendor directory is not one.
    #[error("vendor directory {path}: {reason}")]
    Vendor {
        /// The directory.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
}

/// The result of everything in this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Wraps an I/O error with its place.
pub(crate) fn io<'a>(
    action: &'static str,
    path: impl Into<PathBuf> + 'a,
) -> impl FnOnce(std::io::Error) -> Error + 'a {
    move |source| Error::Io {
        action,
        path: path.into(),
        source,
    }
}
