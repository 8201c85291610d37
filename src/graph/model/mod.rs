//! The description of everything that is to be built, and nothing that is
//! particular to one machine.
//!
//! A [`Graph`] is made by [`ask`](crate::graph::ask) and read by all that
//! follows. It holds no absolute path of the machine that made it, and its order does not depend on
//! one: units are sorted so that dependencies precede dependents, and by
//! identity where that leaves a choice. Equal inputs give equal bytes of JSON.
//!
//! Names are cargo's own. Paths are relative, with `/`, and are either below a
//! package's directory or below the *source root*: the one tree that is built.

mod check;
mod crate_type;
mod id;
mod metadata;
mod package;
mod platform;
mod unit;
mod unit_ref;

pub use check::GraphError;
pub use crate_type::{CrateType, UnknownCrateType};
pub use id::{Identity, NotAnIdentity, PackageId, UnitId};
pub use metadata::{MetadataError, PackageMetadata};
pub use package::{Location, Origin, Package, SrcPath, Target, TargetKind};
pub(in crate::graph) use platform::below_root;
pub use platform::{ConfigEnv, ConfigProgram, FileName, Platform, Runner};
pub use unit::{Dependency, Lto, Mode, Profile, Unit};
pub use unit_ref::UnitRef;
pub(crate) use unit_ref::store_name;

use semver::Version;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::ops::Index;

/// The version of the document's format.
pub const VERSION: u32 = 1;

/// Every unit of one cargo invocation, resolved.
///
/// Every graph keeps the rules that the head of `check` lists, also one that is read from a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Graph {
    /// [`VERSION`].
    pub version: u32,
    /// The compiler that the graph was made for.
    pub rustc: RustcInfo,
    /// The workspace root's directory, relative to the source root; empty for the root itself.
    pub workspace_root: String,
    /// The profile that was asked for.
    pub profile: ProfileName,
    /// Whether units whose profile asks for it are compiled incrementally: see [`UnitRef::is_incremental`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incremental: bool,
    /// The platform of units whose `platform` is `None`.
    pub host: Platform,
    /// The platforms named by `--target`, by triple.
    pub targets: BTreeMap<String, Platform>,
    /// The `[env]` table of cargo's configuration, in its order.
    pub config_env: Vec<ConfigEnv>,
    /// The sources whose packages are in the vendor directory.
    #[serde(default, skip_serializing_if = "Sources::is_empty")]
    pub sources: Sources,
    /// The packages of all units, sorted as cargo sorts them: name, version, source.
    pub(in crate::graph) packages: Vec<Package>,
    /// The units, dependencies before dependents.
    pub(in crate::graph) units: Vec<Unit>,
    /// The units that were asked for, ascending.
    pub(in crate::graph) roots: Vec<UnitId>,
}

/// Sources of packages, by their names in cargo's configuration: the keys and values that define
/// each there, such as `git` and `tag`, or `registry`. The public registry needs none.
pub type Sources = BTreeMap<String, BTreeMap<String, String>>;

/// The output of `rustc -vV`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RustcInfo {
    /// The release, such as `1.95.0`.
    pub release: Version,
    /// The whole text, which enters every unit's identity.
    pub verbose: String,
    /// The triple of the platform that the compiler runs on.
    pub host: String,
}

/// The profile of the invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileName {
    /// The name that was asked for, such as `dev`.
    pub name: String,
    /// The directory below cargo's target directory: `debug`, `release`, or a custom profile's name.
    pub dir: String,
    /// The variable `PROFILE` of build scripts: `debug` or `release`.
    pub root: String,
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let graph = Self::deserialize(deserializer)?;
        graph.check().map_err(D::Error::custom)?;
        Ok(graph)
    }
}

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl Graph {
    /// A unit of this graph.
    pub fn unit(&self, id: UnitId) -> UnitRef<'_> {
        UnitRef::new(self, id)
    }

    /// The units, dependencies before dependents.
    pub fn units(&self) -> impl DoubleEndedIterator<Item = UnitRef<'_>> + ExactSizeIterator {
        (0..self.units.len()).map(|place| self.unit(UnitId(place)))
    }

    /// The units that were asked for, in the order of all units.
    pub fn roots(&self) -> impl Iterator<Item = UnitRef<'_>> {
        self.roots.iter().map(|&root| self.unit(root))
    }

    /// The packages of all units, in the order of name, version and source.
    pub fn packages(&self) -> impl Iterator<Item = (PackageId, &Package)> {
        let places = self.packages.iter().enumerate();
        places.map(|(place, package)| (PackageId(place), package))
    }
}

/// A package of this graph.
impl Index<PackageId> for Graph {
    type Output = Package;

    fn index(&self, id: PackageId) -> &Package {
        &self.packages[id.0]
    }
}
