//! Lock files by which packages cannot be fetched.

/// A package that cannot be fetched, or no lock file that names any.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sources have no lock file.
    #[error(
        "the sources have no {lock_file}. Name one by `cargoLock = ./Cargo.lock`, a copy of what `cargo generate-lockfile` makes, or say by `workspace` where theirs is"
    )]
    NoLockFile {
        /// Its place below the sources.
        lock_file: String,
    },
    /// The sources' configuration takes packages from a directory among them.
    #[error(
        "cargo's configuration among the sources ({configuration}) takes packages from the directory {directory} there. Of sources that are built, that needs a derivation: `vendor = pkgs.runCommand \"vendor\" {{ }} \"cp -R ${{src}}/{directory} $out\"`"
    )]
    VendoredTree {
        /// The configuration's place below the sources.
        configuration: String,
        /// The directory's place below the sources.
        directory: String,
    },
    /// A lock file that is none.
    #[error(
        "{lock_file} among the sources is not a lock file of cargo; `cargo generate-lockfile` makes it anew"
    )]
    Syntax {
        /// Its place.
        lock_file: String,
        /// The parser's reason.
        source: Box<toml::de::Error>,
    },
    /// A package without a name or a version.
    #[error(
        "{lock_file} has a package from {source_of_package} with no `{key}`; `cargo generate-lockfile` makes it anew"
    )]
    NoKey {
        /// The lock file's place.
        lock_file: String,
        /// What is missing.
        key: &'static str,
        /// Where the package comes from.
        source_of_package: String,
    },
    /// A package of a registry without its archive's checksum.
    #[error(
        "the lock file has no checksum for `{name} {version}`, which comes from {registry}. `cargo update -p {name}@{version} --precise {version}` adds it"
    )]
    NoChecksum {
        /// The package's name.
        name: String,
        /// Its version.
        version: String,
        /// Where it comes from.
        registry: String,
    },
    /// A checksum that is none.
    #[error(
        "`{package}` has the checksum `{checksum}` in the lock file, which is not the SHA-256 of an archive (64 hexadecimal digits); `cargo generate-lockfile` makes the lock file anew"
    )]
    Checksum {
        /// The package's name and version.
        package: String,
        /// What stands there.
        checksum: String,
    },
    /// A package from git.
    #[error(
        "`{package}` comes from {repository}. By a lock file that is only in sources which are built, packages of registries can be fetched, but none from git. Give a copy of the lock file, `cargoLock = ./Cargo.lock`, or a directory of the packages, `vendor = rustPlatform.fetchCargoVendor {{ … }}`"
    )]
    Git {
        /// The package's name and version.
        package: String,
        /// Where it comes from.
        repository: String,
    },
    /// A package of a registry that nobody has named.
    #[error(
        "`{package}` comes from the registry {registry}. Say where its archives are: `cargoLock.extraRegistries.\"{registry}\" = \"https://…/crates\"`"
    )]
    UnknownRegistry {
        /// The package's name and version.
        package: String,
        /// The address of its index.
        registry: String,
    },
    /// A crate that `crateEnv` names and the lock file does not have.
    #[error(
        "crateEnv names the crate `{name}`, which {lock_file} does not have. Correct the name or remove the entry"
    )]
    NoSuchCrate {
        /// Its name.
        name: String,
        /// The lock file's place.
        lock_file: String,
    },
    /// A name and version from several sources.
    #[error(
        "{lock_file} has `{package}` from several sources, which is not supported, nor does `cargo vendor`. Use one of them, by `[patch]` if need be"
    )]
    SeveralSources {
        /// The package's name and version.
        package: String,
        /// The lock file's place.
        lock_file: String,
    },
}
