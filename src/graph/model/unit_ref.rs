//! A unit together with its graph.

use super::{
    Dependency, Graph, Identity, Mode, Package, Platform, Target, TargetKind, Unit, UnitId,
};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

/// A unit of a graph, with the objects to which it refers.
///
/// Two of them are equal, and are ordered, by their place in the graph; comparing units of
/// different graphs makes no sense.
#[derive(Clone, Copy)]
pub struct UnitRef<'a> {
    graph: &'a Graph,
    id: UnitId,
}

impl<'a> UnitRef<'a> {
    pub(super) fn new(graph: &'a Graph, id: UnitId) -> Self {
        Self { graph, id }
    }

    /// Its graph.
    pub fn graph(self) -> &'a Graph {
        self.graph
    }

    /// Its place in the graph.
    pub fn id(self) -> UnitId {
        self.id
    }

    /// Its entry in the graph, for as long as the graph lives.
    pub fn unit(self) -> &'a Unit {
        &self.graph.units[self.id.0]
    }

    /// Its name in other documents.
    pub fn identity(self) -> Identity {
        self.unit().identity
    }

    /// Its package.
    pub fn package(self) -> &'a Package {
        &self.graph[self.unit().package]
    }

    /// Its target.
    pub fn target(self) -> &'a Target {
        &self.package().targets[self.unit().target]
    }

    /// The platform that it is built for.
    pub fn platform(self) -> &'a Platform {
        match &self.unit().platform {
            Some(triple) => &self.graph.targets[triple],
            None => &self.graph.host,
        }
    }

    /// Whether it was asked for.
    pub fn is_root(self) -> bool {
        self.graph.roots.binary_search(&self.id).is_ok()
    }

    /// Whether it is the run of a build script.
    pub fn is_run(self) -> bool {
        self.unit().mode == Mode::RunCustomBuild
    }

    /// Whether rustc compiles it with `-C incremental`: if the graph is incremental, cargo's own rule
    /// (profile and package) decides.
    ///
    /// Such a library and one that is compiled without the flag have different crate hashes, so they are
    /// different units: identity and label tell them apart.
    pub fn is_incremental(self) -> bool {
        let compiled = matches!(self.mode, Mode::Build | Mode::Test) || self.mode.is_check();
        self.graph.incremental && self.profile.incremental && compiled
    }

    /// Whether a later build can take up what it left: it is compiled incrementally, or runs the build script
    /// of a package whose units cargo's rule allows to be.
    pub fn has_state(self) -> bool {
        let runs = self.is_run() && self.overridden.is_none() && self.package().is_local();
        self.is_incremental() || (self.graph.incremental && runs)
    }

    /// Its dependencies, in the order of `--extern`.
    pub fn dependencies(self) -> impl Iterator<Item = (&'a Dependency, UnitRef<'a>)> {
        let graph = self.graph;
        let edges = self.unit().dependencies.iter();
        edges.map(move |edge| (edge, graph.unit(edge.unit)))
    }

    /// The units that it needs.
    pub fn needs(self) -> impl Iterator<Item = UnitRef<'a>> {
        self.dependencies().map(|(_, unit)| unit)
    }

    /// The build-script run of its own package, whose instructions it follows.
    pub fn own_run(self) -> Option<UnitRef<'a>> {
        if self.target().kind == TargetKind::CustomBuild {
            return None;
        }
        self.needs()
            .find(|other| other.is_run() && other.package == self.package)
    }

    /// The compiled build script of a run.
    pub fn script(self) -> Option<UnitRef<'a>> {
        self.needs()
            .find(|other| other.mode == Mode::Build && other.package == self.package)
    }

    /// Its name for people and for the store, such as `serde-1.0.228-lib` or
    /// `ripgrep-14.1.0-bin-rg`.
    ///
    /// It holds only characters that Nix allows in names. Two units can have the same label.
    pub fn label(self) -> String {
        let package = self.package();
        let target = self.target();
        let name = &target.name;
        let what = match target.kind {
            TargetKind::CustomBuild if self.is_run() => "build-script-run".to_owned(),
            TargetKind::CustomBuild => "build-script".to_owned(),
            TargetKind::Lib if target.proc_macro => "proc-macro".to_owned(),
            TargetKind::Lib => "lib".to_owned(),
            TargetKind::Bin => format!("bin-{name}"),
            TargetKind::Example => format!("example-{name}"),
            TargetKind::Test => format!("test-{name}"),
            TargetKind::Bench => format!("bench-{name}"),
        };
        let is_test = matches!(target.kind, TargetKind::Test | TargetKind::Bench);
        let suffix = match self.mode {
            Mode::CheckTest if !is_test => "-test-check",
            Mode::Check | Mode::CheckTest => "-check",
            Mode::Doctest => "-doctest",
            Mode::Test if !is_test => "-test",
            _ => "",
        };
        let incremental = if self.is_incremental() {
            "-incremental"
        } else {
            ""
        };
        let label = format!(
            "{}-{}-{what}{suffix}{incremental}",
            package.name, package.version
        );
        store_name(&label)
    }
}

/// ``lib of `serde 1.0.228` ``, for messages.
impl fmt::Display for UnitRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of `{}`",
            self.target().describe(),
            self.package()
        )
    }
}

impl fmt::Debug for UnitRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.label(), self.identity())
    }
}

impl Deref for UnitRef<'_> {
    type Target = Unit;

    fn deref(&self) -> &Unit {
        self.unit()
    }
}

impl PartialEq for UnitRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for UnitRef<'_> {}

impl PartialOrd for UnitRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UnitRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

/// The text with `_` for every character that Nix does not allow in names. It may be longer than a name may be.
pub(crate) fn store_name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._?=".contains(c);
    text.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}
