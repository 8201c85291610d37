//! The units of the graph.
//!
//! They come out of cargo in an order that depends on absolute paths. So they are sorted
//! anew: by dependency, and by identity among those that are ready.

use super::config::Config;
use super::documents::{self, UnitGraph};
use super::packages::{Packages, target_kind};
use crate::graph::error::{Error, Result};
use crate::graph::model::*;
use crate::graph::rules::identity::{Subject, identity};
use crate::graph::rules::lto;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// The mode of documentation tests.
const DOCTEST: &str = "doctest";
/// The units in cargo's order, without identities.
#[derive(Debug)]
pub(super) struct RawUnits {
    units: Vec<Unit>,
    roots: Vec<usize>,
}

impl RawUnits {
    /// Joins the units with their packages, and decides their parts in optimisation.
    pub fn resolve(graph: &UnitGraph, packages: &Packages) -> Result<Self> {
        let mut units = Vec::with_capacity(graph.units.len());
        for raw in &graph.units {
            let id = packages.index.get(&raw.pkg_id).copied();
            let id = id.ok_or_else(|| Error::UnknownOutput {
                what: "cargo's unit graph".to_owned(),
                reason: format!("the package `{}` is not known", raw.pkg_id),
            })?;
            units.push(resolve_unit(raw, id, &packages.list[id.0])?);
        }
        check_edges(&units, packages)?;
        mark_tests(&mut units, packages, &graph.roots);
        let lto = {
            let nodes: Vec<lto::Node<'_>> = units
                .iter()
                .map(|unit| lto::Node {
                    target: &packages.list[unit.package.0].targets[unit.target],
                    mode: unit.mode,
                    lto: &unit.profile.lto,
                    dependencies: unit.dependencies.iter().map(|d| d.unit.0).collect(),
                })
                .collect();
            lto::compute(&nodes, &graph.roots)
        };
        for (unit, lto) in units.iter_mut().zip(lto) {
            unit.lto = lto.ok_or_else(|| Error::UnknownOutput {
                what: "cargo's unit graph".to_owned(),
                reason: "it has a unit that no other unit needs and that was not asked for"
                    .to_owned(),
            })?;
        }
        let mut raw = Self {
            units,
            roots: graph.roots.clone(),
        };
        raw.drop_roots(|index| graph.units[index].mode == DOCTEST)?;
        Ok(raw)
    }

    /// Notes the instructions that replace build scripts by the configuration.
    pub fn apply_overrides(&mut self, config: &Config, host: &str, packages: &[Package]) {
        for unit in self
            .units
            .iter_mut()
            .filter(|unit| unit.mode == Mode::RunCustomBuild)
        {
            let triple = unit.platform.as_deref().unwrap_or(host);
            let links = packages[unit.package.0].links.as_deref();
            unit.overridden = links.and_then(|links| config.overridden(triple, links));
        }
    }

    /// Removes roots on which nothing depends.
    fn drop_roots(&mut self, dropped: impl Fn(usize) -> bool) -> Result<()> {
        let kept: Vec<usize> = (0..self.units.len())
            .filter(|&index| !dropped(index))
            .collect();
        let place = |old: &usize| kept.binary_search(old).ok();
        self.roots = self.roots.iter().filter_map(place).collect();
        let mut index = 0;
        self.units.retain(|_| {
            index += 1;
            !dropped(index - 1)
        });
        for dependency in self
            .units
            .iter_mut()
            .flat_map(|unit| &mut unit.dependencies)
        {
            let place = place(&dependency.unit.0).ok_or_else(|| Error::UnknownOutput {
                what: "cargo's unit graph".to_owned(),
                reason: "a unit needs the tests of a documentation".to_owned(),
            })?;
            dependency.unit = UnitId(place);
        }
        Ok(())
    }

    /// The units and roots, in an order that the units alone decide.
    pub fn sorted(
        mut self,
        rustc: &RustcInfo,
        packages: &[Package],
        incremental: bool,
    ) -> Result<(Vec<Unit>, Vec<UnitId>)> {
        for index in self.dependencies_first()? {
            let id = self.identify(index, rustc, packages, incremental);
            self.units[index].identity = id;
        }
        let order = self.by_identity(packages)?;
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let mut old: Vec<Option<Unit>> = self.units.into_iter().map(Some).collect();
        let mut units: Vec<Unit> = order
            .iter()
            .filter_map(|&index| old[index].take())
            .collect();
        for unit in &mut units {
            for dependency in &mut unit.dependencies {
                dependency.unit = UnitId(place[dependency.unit.0]);
            }
        }
        let roots = self.roots.iter().map(|&root| UnitId(place[root]));
        let mut roots: Vec<UnitId> = roots.collect();
        roots.sort_unstable();
        roots.dedup();
        Ok((units, roots))
    }

    fn identify(
        &self,
        index: usize,
        rustc: &RustcInfo,
        packages: &[Package],
        incremental: bool,
    ) -> Identity {
        let unit = &self.units[index];
        let package = &packages[unit.package.0];
        identity(Subject {
            rustc,
            package,
            target: &package.targets[unit.target],
            mode: unit.mode,
            platform: unit.platform.as_deref(),
            profile: &unit.profile,
            features: &unit.features,
            lto: &unit.lto,
            incremental,
            dependencies: unit
                .dependencies
                .iter()
                .map(|dependency| self.units[dependency.unit.0].identity)
                .collect(),
        })
    }

    fn dependencies_first(&self) -> Result<Vec<usize>> {
        self.topological(|index| index)
    }

    fn by_identity(&self, packages: &[Package]) -> Result<Vec<usize>> {
        let order = self.topological(|index| self.units[index].identity)?;
        let mut seen = BTreeMap::new();
        for &index in &order {
            let unit = &self.units[index];
            if seen.insert(unit.identity, index).is_some() {
                let package = &packages[unit.package.0];
                return Err(Error::Unsupported {
                    package: format!("{} {}", package.name, package.version),
                    target: package.targets[unit.target].describe(),
                    feature: "being built twice in ways that cargo does not tell apart".to_owned(),
                    advice: "an artifact dependency (`-Z bindeps`) does this; remove it".to_owned(),
                });
            }
        }
        Ok(order)
    }

    /// Dependencies before dependents; of those that are ready, the least key first.
    fn topological<K: Ord>(&self, key: impl Fn(usize) -> K) -> Result<Vec<usize>> {
        let mut missing: Vec<usize> = self.units.iter().map(|u| u.dependencies.len()).collect();
        let mut dependents = vec![Vec::new(); self.units.len()];
        for (index, unit) in self.units.iter().enumerate() {
            for dependency in &unit.dependencies {
                dependents[dependency.unit.0].push(index);
            }
        }
        let mut ready: BinaryHeap<_> = (0..self.units.len())
            .filter(|&index| missing[index] == 0)
            .map(|index| Reverse((key(index), index)))
            .collect();
        let mut order = Vec::with_capacity(self.units.len());
        while let Some(Reverse((_, index))) = ready.pop() {
            order.push(index);
            for &dependent in &dependents[index] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    ready.push(Reverse((key(dependent), dependent)));
                }
            }
        }
        if order.len() == self.units.len() {
            return Ok(order);
        }
        Err(Error::UnknownOutput {
            what: "cargo's unit graph".to_owned(),
            reason: "units depend on each other in a circle".to_owned(),
        })
    }
}

fn resolve_unit(raw: &documents::Unit, id: PackageId, package: &Package) -> Result<Unit> {
    let unsupported = |feature: String, advice: &str| Error::Unsupported {
        package: format!("{} {}", package.name, package.version),
        target: format!("target `{}`", raw.target.name),
        feature,
        advice: advice.to_owned(),
    };
    if raw.is_std {
        return Err(unsupported(
            "building the standard library".to_owned(),
            "remove `build-std`",
        ));
    }
    let mode = match raw.mode.as_str() {
        "build" => Mode::Build,
        // Documentation tests are compiled when they are run, and are no units here; but for
        // link-time optimisation cargo takes them for tests.
        "test" | DOCTEST => Mode::Test,
        "check" => Mode::Check,
        "run-custom-build" => Mode::RunCustomBuild,
        mode => {
            return Err(unsupported(
                format!("the mode `{mode}`"),
                "select other targets",
            ));
        }
    };
    if raw
        .platform
        .as_deref()
        .is_some_and(|triple| triple.ends_with(".json"))
    {
        return Err(unsupported(
            "a custom target file".to_owned(),
            "use a built-in target",
        ));
    }
    let kind = target_kind(&raw.target.kind);
    let target = package
        .targets
        .iter()
        .position(|t| t.name == raw.target.name && Some(t.kind) == kind);
    let target = target.ok_or_else(|| Error::UnknownOutput {
        what: "cargo's metadata".to_owned(),
        reason: format!(
            "{} {} lacks `{}`",
            package.name, package.version, raw.target.name
        ),
    })?;
    Ok(Unit {
        // It depends on the dependencies', so that it comes when all units are known.
        identity: Identity::of([0; 8]),
        package: id,
        target,
        mode,
        platform: raw.platform.clone(),
        profile: profile(&raw.profile)
            .map_err(|feature| unsupported(feature, "change the profile"))?,
        features: raw.features.clone(),
        lto: Lto::OnlyObject,
        dependencies: raw.dependencies.iter().map(dependency).collect(),
        overridden: None,
    })
}

fn dependency(raw: &documents::Dependency) -> Dependency {
    Dependency {
        unit: UnitId(raw.index),
        extern_crate_name: raw.extern_crate_name.clone(),
        public: raw.public,
        noprelude: raw.noprelude,
        nounused: raw.nounused,
    }
}

fn profile(raw: &documents::Profile) -> std::result::Result<Profile, String> {
    if raw
        .trim_paths
        .as_ref()
        .is_some_and(|value| !value.is_null() && value != "none")
    {
        return Err("`trim-paths`".to_owned());
    }
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let strip = raw
        .strip
        .values()
        .find_map(|value| value.get("Named"))
        .map(&word);
    Ok(Profile {
        name: raw.name.clone(),
        opt_level: raw.opt_level.clone(),
        lto: raw.lto.clone(),
        codegen_backend: raw.codegen_backend.clone(),
        codegen_units: raw.codegen_units,
        debuginfo: raw.debuginfo.as_ref().map_or("0".to_owned(), word),
        split_debuginfo: raw.split_debuginfo.clone(),
        debug_assertions: raw.debug_assertions,
        overflow_checks: raw.overflow_checks,
        rpath: raw.rpath,
        incremental: raw.incremental,
        panic: raw.panic.clone(),
        strip,
        rustflags: raw.rustflags.clone(),
    })
}

/// Refuses what the unit graph only hints at: artifact dependencies.
fn check_edges(units: &[Unit], packages: &Packages) -> Result<()> {
    for unit in units {
        let package = &packages.list[unit.package.0];
        let target = &package.targets[unit.target];
        for dependency in &unit.dependencies {
            let Some(other) = units.get(dependency.unit.0) else {
                return Err(Error::UnknownOutput {
                    what: "cargo's unit graph".to_owned(),
                    reason: "a dependency has no unit".to_owned(),
                });
            };
            let needed = &packages.list[other.package.0].targets[other.target];
            if other.package != unit.package && needed.kind == TargetKind::Bin {
                return Err(Error::Unsupported {
                    package: format!("{} {}", package.name, package.version),
                    target: target.describe(),
                    feature: format!("the artifact dependency on `{}`", needed.name),
                    advice: "build that program by itself and pass its path".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Tells checks of tests, for which cargo has the same word as for other checks.
///
/// | the check | is one of a test |
/// |---|---|
/// | of a test or benchmark | always |
/// | of a target that is checked once | never: `--all-targets` adds the tests to the targets themselves |
/// | the first of two that differs: is needed by another unit; does not unwind; has fewer dependencies | no, and the other one is |
/// | neither differs | either: cargo would compile both the same but for that |
fn mark_tests(units: &mut [Unit], packages: &Packages, roots: &[usize]) {
    let needed: BTreeSet<usize> = units
        .iter()
        .flat_map(|unit| unit.dependencies.iter().map(|dependency| dependency.unit.0))
        .collect();
    let mut twice: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for &root in roots {
        let unit = &units[root];
        if unit.mode != Mode::Check {
            continue;
        }
        match packages.list[unit.package.0].targets[unit.target].kind {
            TargetKind::Test | TargetKind::Bench => units[root].mode = Mode::CheckTest,
            _ => twice
                .entry((unit.package, unit.target, unit.platform.clone()))
                .or_default()
                .push(root),
        }
    }
    for mut checks in twice.into_values().filter(|checks| checks.len() > 1) {
        checks.sort_by_key(|&check| {
            let unit = &units[check];
            (
                !needed.contains(&check),
                unit.profile.panic == "unwind",
                unit.dependencies.len(),
            )
        });
        if let Some(&test) = checks.last() {
            units[test].mode = Mode::CheckTest;
        }
    }
}
