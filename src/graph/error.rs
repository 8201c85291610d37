//! Errors between a source tree and its graph.

use super::model::{GraphError, MetadataError};
use std::path::PathBuf;

/// Why there is no graph. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// The attempted action, such as `read`.
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
        /// Its standard error.
        stderr: String,
    },
    /// cargo failed for a reason that the user can remove.
    #[error("{what}\n{advice}\ncargo said:\n{stderr}")]
    Cargo {
        /// The cause.
        what: String,
        /// The remedy.
        advice: String,
        /// cargo's own words.
        stderr: String,
    },
    /// This program does not know the form of an output of cargo or rustc.
    #[error("cannot understand {what}: {reason}")]
    UnknownOutput {
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
        /// The cause.
        source: MetadataError,
    },
    /// A package uses something that is not supported.
    #[error("package `{package}`, {target}: {feature} is not supported; {advice}")]
    Unsupported {
        /// The package, as `name version`.
        package: String,
        /// The target or the part of the package.
        target: String,
        /// The unsupported feature.
        feature: String,
        /// The remedy.
        advice: String,
    },
    /// The configuration uses something that is not supported.
    #[error("cargo's configuration: {feature} is not supported; {advice}")]
    UnsupportedConfig {
        /// The unsupported feature.
        feature: String,
        /// The remedy.
        advice: String,
    },
    /// The output of cargo and rustc makes no valid graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Incremental compilation was asked for, and cargo compiles nothing of the build so.
    #[error(
        "`incremental` has no effect: cargo compiles no unit incrementally with the profile `{profile}`. Build with `profile = \"dev\"`, or write `incremental = true` into `[profile.{profile}]` of Cargo.toml"
    )]
    NotIncremental {
        /// The profile that was asked for.
        profile: String,
    },
    /// The vendor directory is not one.
    #[error("vendor directory {path}: {reason}")]
    Vendor {
        /// The directory.
        path: PathBuf,
        /// The cause and the remedy.
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
