//! The identity of a unit, which names its files and seeds rustc's crate hash.
//!
//! It is a hash of what the unit *is*: package, source address, target,
//! features, profile, mode, platform, part in link-time optimisation, compiler, and recursively
//! the identities of its dependencies. Neither a path of the machine nor
//! the content of any file enters it. Hence `-C metadata` and
//! `-C extra-filename` stay the same when a source file changes, and two units that differ only in
//! what they depend on are told apart.

use crate::graph::model::{
    CrateType, Graph, Identity, Lto, Mode, Package, Profile, RustcInfo, Target, Unit,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Changes whenever the meaning of an identity does.
const SCHEME: &str = "dyndrv unit 1";

/// All that makes a unit what it is.
#[derive(Debug)]
pub(in crate::graph) struct Subject<'a> {
    pub rustc: &'a RustcInfo,
    pub package: &'a Package,
    pub target: &'a Target,
    pub mode: Mode,
    pub platform: Option<&'a str>,
    pub profile: &'a Profile,
    pub features: &'a [String],
    pub lto: &'a Lto,
    /// Whether units whose profile asks for it are compiled incrementally.
    pub incremental: bool,
    /// The identities of the dependencies, in any order.
    pub dependencies: Vec<Identity>,
}

#[derive(Serialize)]
struct Hashed<'a>(
    &'a str,
    &'a str,
    (&'a str, String, &'a str),
    (&'a str, crate::graph::model::TargetKind, &'a [CrateType]),
    (Mode, Option<&'a str>, &'a [String], &'a Lto),
    &'a Profile,
    Vec<Identity>,
);

/// The identity of a unit whose dependencies are in the graph.
pub(in crate::graph) fn of_unit(graph: &Graph, unit: &Unit) -> Identity {
    let package = &graph[unit.package];
    let needs = unit.dependencies.iter();
    identity(Subject {
        rustc: &graph.rustc,
        package,
        target: &package.targets[unit.target],
        mode: unit.mode,
        platform: unit.platform.as_deref(),
        profile: &unit.profile,
        features: &unit.features,
        lto: &unit.lto,
        incremental: graph.incremental,
        dependencies: needs.map(|d| graph.unit(d.unit).identity()).collect(),
    })
}

/// The identity of a unit.
pub(in crate::graph) fn identity(mut subject: Subject<'_>) -> Identity {
    subject.dependencies.sort_unstable();
    let Subject {
        rustc,
        package,
        target,
        ..
    } = subject;
    // The profile's word on incremental compilation has no effect in other graphs. The name is left
    // out as in cargo, so that `test` shares with `dev` what has the same settings.
    let profile = Profile {
        name: String::new(),
        incremental: subject.incremental && subject.profile.incremental,
        ..subject.profile.clone()
    };
    let hashed = Hashed(
        SCHEME,
        &rustc.verbose,
        (&package.name, package.version.to_string(), &package.source),
        (&target.name, target.kind, &target.crate_types),
        (
            subject.mode,
            subject.platform,
            subject.features,
            subject.lto,
        ),
        &profile,
        subject.dependencies,
    );
    // A tuple of strings, numbers and lists always has a JSON form.
    let text = serde_json::to_vec(&hashed).unwrap_or_default();
    let digest = Sha256::digest(&text);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    Identity::of(bytes)
}
