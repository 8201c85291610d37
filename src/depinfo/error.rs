//! Errors of a scan.

/// Why a scan failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The crate root of a unit does not exist.
    #[error(
        "unit `{unit}` of package `{package}`: its crate root {path} does not exist below the source root; \
         check that it is part of the sources given to the build (a file that git does not track is not)"
    )]
    NoCrateRoot {
        /// The unit.
        unit: String,
        /// The package.
        package: String,
        /// The crate root.
        path: String,
    },
    /// A file or directory cannot be read.
    #[error(
        "{path} cannot be read: {source}; give it read permission, or remove it from the sources"
    )]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A listed symbolic link leads out of the source root.
    #[error(
        "the symbolic link {path} leads out of the source root (to {target}); \
         replace it by the file itself, or move the source root up so that it contains the target"
    )]
    SymlinkOut {
        /// The link.
        path: String,
        /// Its text.
        target: String,
    },
    /// Symbolic links that lead to each other.
    #[error(
        "the symbolic link {path} never reaches a file, because links lead round in a circle; remove one of them"
    )]
    SymlinkLoop {
        /// The first link.
        path: String,
    },
    /// A listed path is a socket, a pipe or a device.
    #[error(
        "{path} is neither a file, a directory nor a symbolic link, so no build can read it; remove it from the sources, or, if it is \
         a build script's run that sees its whole package, name what it reads by `build-script-sources` under [package.metadata.dyndrv]"
    )]
    Special {
        /// The path.
        path: String,
    },
    /// A listed file's name is not UTF-8.
    #[error(
        "{path} (in lossy spelling) has a name that is not UTF-8, which no list of files can hold; rename it, or, if it is a \
         build script's run that sees its whole package, name what it reads by `build-script-sources` under [package.metadata.dyndrv]"
    )]
    NotUtf8 {
        /// The path, lossily.
        path: String,
    },
    /// A glob of the user is not well-formed.
    #[error("package `{package}`: the glob `{glob}` in `{setting}` is not valid: {message}")]
    Glob {
        /// The package.
        package: String,
        /// The setting that has it.
        setting: &'static str,
        /// The glob.
        glob: String,
        /// The message of the glob parser.
        message: String,
    },
    /// A glob of the user names nothing.
    #[error(
        "package `{package}`: the glob `{glob}` in `{setting}` matches no file; correct or remove it"
    )]
    GlobEmpty {
        /// The package.
        package: String,
        /// The setting that has it.
        setting: &'static str,
        /// The glob.
        glob: String,
    },
    /// A unit names a package that the request does not contain.
    #[error("unit `{unit}` names package number {package}, but the request has only {count}")]
    NoPackage {
        /// The unit.
        unit: String,
        /// The index.
        package: usize,
        /// The number of packages.
        count: usize,
    },
    /// A source file is too large to be scanned.
    #[error("{path} is larger than 4 GiB, which rustc refuses too")]
    TooLarge {
        /// The path.
        path: String,
    },
    /// Dep-info that does not follow rustc's format.
    #[error("dep-info, line {line}: {message}")]
    DepInfo {
        /// The line, from 1.
        line: usize,
        /// The cause.
        message: &'static str,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
