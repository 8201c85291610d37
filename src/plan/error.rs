//! Errors between a graph and its derivations.
//!
//! No message repeats its cause: [`with_causes`](crate::causes::with_causes) prints both.

use crate::drv::{self, StorePathError};
use std::path::PathBuf;

/// A plan that cannot be made, or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{action} {}", path.display())]
    Io {
        /// The attempted action, such as `reading`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A document that another step wrote does not have the expected form.
    #[error(
        "{} is not of the form that this version of dyndrv reads; steps of different versions were mixed, so build again from the flake",
        path.display()
    )]
    Document {
        /// The document.
        path: PathBuf,
        /// The parser's reason.
        source: serde_json::Error,
    },
    /// The environment does not name the attributes' file.
    #[error(
        "NIX_ATTRS_JSON_FILE is not set: `dyndrv {command}` runs inside a derivation with structured attributes, which nix/dyndrv.nix makes"
    )]
    NoAttributes {
        /// The subcommand.
        command: &'static str,
    },
    /// A locked package is not in the vendor directory.
    #[error(
        "the package `{package}` is not in the vendor directory {} (no entry `{entry}`). Make the vendor directory from the Cargo.lock that is built",
        vendor.display()
    )]
    NotVendored {
        /// Name and version.
        package: String,
        /// The missing entry.
        entry: String,
        /// The directory.
        vendor: PathBuf,
    },
    /// The archive of a third-party package cannot be read.
    #[error(transparent)]
    Archive(#[from] dyndrv_builder::sandbox::archive::Error),
    /// A crate's environment that is not to be had, for a unit that needs it.
    #[error("{unit} cannot be built: {reason}")]
    NoEnvironment {
        /// The unit, for people.
        unit: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A program of another platform that the host's compiler cannot link.
    #[error(
        "{unit} is for {triple}, which the host's C compiler cannot link. Give `build` the package set of that platform (`crossPkgs = pkgs.pkgsCross.…`), or name a linker in cargo's configuration (`target.{triple}.linker`)"
    )]
    NoLinker {
        /// The unit, for people.
        unit: String,
        /// Its platform.
        triple: String,
    },
    /// A path of the settings that is not in the store.
    #[error("{what} must be a store path, but is `{path}`")]
    NotAStorePath {
        /// The setting.
        what: String,
        /// The path.
        path: String,
        /// Why not.
        source: StorePathError,
    },
    /// A name that the store does not take.
    #[error(
        "`{unit}` cannot be a name in the store, which takes at most 211 letters, digits and `+-._?=`; rename the package"
    )]
    Name {
        /// The unit's label.
        unit: String,
        /// Why not.
        source: StorePathError,
    },
    /// Two derivations whose names in the store start alike and end in the same part of an identity.
    #[error(
        "two units have the name `{name}` in the store; rename the target or the package of one of them"
    )]
    SameName {
        /// The name.
        name: String,
    },
    /// Nix has not said where an output is to be written.
    #[error("Nix has prepared no output `{output}`; please report this")]
    NoOutput {
        /// The output.
        output: String,
    },
    /// Nix has not given an emitter that is mentioned.
    #[error(
        "the emitter `{emitter}` is not among those that nix/dyndrv.nix has prepared; please report this"
    )]
    NoEmitter {
        /// Its name.
        emitter: String,
    },
    /// The base of an incremental build has no state to start with.
    #[error(
        "the base (`incrementalFrom`) keeps no incremental state: build it with `incremental = true` and without `incrementalDirectory`"
    )]
    NoStates,
    /// A list of states that is none.
    #[error(
        "{} is no list of incremental states; `incrementalFrom.states` takes what `nix build` of a project's `states` gives",
        path.display()
    )]
    NotAList {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// A file that another step wrote is not complete.
    #[error("{} ends early; please report this", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// Source files cannot be put into a bundle, or taken out of one.
    #[error(transparent)]
    Bundle(#[from] dyndrv_builder::sandbox::bundle::Error),
    /// A source tree cannot be archived.
    #[error(transparent)]
    Nar(#[from] crate::drv::nar::Error),
    /// A unit whose program another one needs, and which makes none.
    #[error("{unit} makes no program, although another unit runs it; please report this")]
    NoProgram {
        /// The unit, for people.
        unit: String,
    },
    /// A store path that would not exist where it is needed.
    #[error(
        "{unit}: `{key}` names {path}, which is not among the inputs of the build and would not exist in its sandbox. Name it in Nix with its context, as in `crateEnv` or `rustflags` with \"${{pkgs.zlib}}/lib\"; what a file of the sources names has to be a reference of the sources, which they have if a derivation writes that file"
    )]
    UnknownStorePath {
        /// The unit's name.
        unit: String,
        /// The variable, or the part of the unit's specification.
        key: String,
        /// The path.
        path: String,
    },
    /// A derivation that Nix would not take.
    #[error("the derivation of {unit} cannot be written")]
    Derivation {
        /// Its name.
        unit: String,
        /// Why not.
        source: drv::Error,
    },
    /// A derivation that is not UTF-8, which no JSON document can hold.
    #[error("the derivation of {unit} is not UTF-8; please report this")]
    NotText {
        /// Its name.
        unit: String,
    },
    /// A document that cannot be written as JSON.
    #[error("{document} cannot be written as JSON; please report this")]
    Json {
        /// The document.
        document: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// The third-party layer does not have a unit that this layer needs.
    #[error(
        "{unit} is not in the index of the third-party plan. The two plans saw different graphs; please report this"
    )]
    NotIndexed {
        /// The unit, for people.
        unit: String,
    },
    /// A unit without a list of files.
    #[error(
        "{unit} has no list of files. The lists were made for another graph; please report this"
    )]
    NotListed {
        /// The unit, for people.
        unit: String,
    },
    /// A source tree has a file that the store cannot hold.
    #[error("{}: {kind} cannot be part of a source tree; remove it or leave it out of the sources", path.display())]
    Special {
        /// The file.
        path: PathBuf,
        /// Its kind.
        kind: &'static str,
    },
    /// A glob that is none.
    #[error("package `{package}`: a glob in `test-data` or `extra-sources` is not valid")]
    Glob {
        /// The package.
        package: String,
        /// The cause.
        source: globset::Error,
    },
    /// The lock file's packages cannot be fetched.
    #[error(transparent)]
    Fetches(#[from] super::fetches::Error),
    /// Cargo's side of the plan failed.
    #[error(transparent)]
    Graph(#[from] crate::graph::Error),
    /// The sources cannot be scanned.
    #[error(transparent)]
    Scan(#[from] crate::depinfo::Error),
}

impl Error {
    /// For `map_err` on what makes a derivation.
    pub fn derivation(unit: &str) -> impl FnOnce(drv::Error) -> Self + use<> {
        let unit = unit.to_owned();
        move |source| Self::Derivation { unit, source }
    }

    /// For `map_err` on what makes a JSON document.
    pub fn json(document: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json { document, source }
    }

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
