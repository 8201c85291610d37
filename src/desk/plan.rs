//! The steps of a plan as calls: skeleton, graph, third-party units, workspace's units.

use super::Error;
use super::checkout::{Stamps, hash, view};
use super::client::Client;
use super::incremental;
use super::scope::{self, Scope};
use super::script_inputs::Depends;
use super::settings::{Checks, Desk, Recorded, ThirdParty, Workspace};
use super::state::{self, Asked, Cache, Program, Record, Source, Unit, UnitProfile};
use super::{build, settings};
use crate::drv::StorePath;
use crate::drv::references::Objects;
use crate::graph::rules::products::ProductKind;
use crate::graph::{self, Graph, Location, Mode, UnitRef};
use crate::plan::emitter::{Index, Plan, Prepared};
use crate::plan::selection::Selection;
use crate::plan::settings::read_json;
use crate::plan::{checks, files, layers};
use crate::source_root::SourceRoot;
use dyndrv_builder::sandbox::bundle::Bundle;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The settings of the flake.
    pub desk: &'a Desk,
    /// The root of the sources.
    pub root: &'a Path,
    /// The files of the sources.
    pub stamps: &'a Stamps,
    /// The units.
    pub selection: Selection,
    /// Where cargo is started, relative to the root.
    pub directory: String,
    /// What is asked for.
    pub what: What,
    /// How units are compiled incrementally, if it is not as the flake says.
    pub incremental: Option<Incremental>,
}

/// How units are compiled incrementally: those of the workspace whose profile asks for it, as with cargo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incremental {
    /// The list of states that they start with.
    pub base: Option<PathBuf>,
    /// Whether they keep their state in any case.
    pub renew: bool,
    /// Whether it is an error if there is no such unit.
    pub required: bool,
}

/// What is asked for of the units.
#[derive(Clone, Debug)]
pub enum What {
    /// The result of a build.
    Result,
    /// Checks.
    Checks {
        /// Their kinds, as `test`.
        kinds: Vec<&'static str>,
        /// The packages; none for all.
        packages: Vec<String>,
        /// The directory of the package, if none is named.
        directory: Option<String>,
        /// Further arguments of test executables.
        test_args: Vec<String>,
    },
}

/// A plan of the workspace's units.
#[derive(Debug)]
pub struct Planned {
    /// The derivations and bundles.
    pub plan: Plan,
    /// The third-party derivations, by their paths.
    pub third_party: BTreeSet<String>,
    /// What is planned, without a result.
    pub record: Record,
    /// The files whose content counts.
    pub depends: Depends,
    /// Parts of the sources that have no effect, a sentence each.
    pub warnings: Vec<String>,
    /// The derivation of the list of states, if there is a new one.
    pub states: Option<String>,
}

/// Reads a document of the flake's settings.
///
/// # Errors
///
/// If it is of another version.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let recorded: Recorded<T> = read_json(path)?;
    Ok(recorded.attributes)
}

/// Plans. Third-party derivations that are not in the store are added to it.
///
/// # Errors
///
/// If cargo refuses, or a unit cannot be described.
pub fn plan(request: &Request<'_>, cache: &Cache, client: &mut Client) -> Result<Planned, Error> {
    let source = SourceRoot::viewed(request.root.to_owned(), Arc::new(view(request.stamps, "")));
    let (graph, key, warnings) = graph(request, &source, cache)?;
    let (index_file, index) = third_party(request, &graph, &key, cache, client)?;

    let scope = scope::of(&request.what, &graph)?;
    let mut keeps = false;
    let (plan, lists) = match &request.what {
        What::Result => {
            let Recorded {
                attributes:
                    Workspace {
                        settings,
                        mut workspace,
                    },
                objects,
            } = read_json(&request.desk.workspace)?;
            workspace.src = source.clone();
            workspace.index = index_file;
            let lists = files::of_units(&graph, &settings, &workspace)?;
            let mut objects = parse(&objects)?;
            if let Some(incremental) = &request.incremental
                && graph.incremental
            {
                workspace.incremental = incremental::settings(incremental, &graph, &mut objects)?;
                keeps = workspace.incremental.keep;
            }
            let emitters = prepared("workspace");
            let plan = layers::workspace(&graph, &settings, objects, &workspace, &lists, emitters)?;
            (plan, lists)
        }
        What::Checks { test_args, .. } => {
            let Recorded {
                attributes:
                    Checks {
                        settings,
                        mut workspace,
                        checks: mut asked,
                    },
                objects,
            } = read_json(&request.desk.checks)?;
            workspace.src = source.clone();
            workspace.index = index_file;
            asked.test_args.extend(test_args.iter().cloned());
            let graph = graph::rules::checks::with_doctests(graph.clone());
            let lists = files::of_units(&graph, &settings, &workspace)?;
            let objects = parse(&objects)?;
            let emitters = prepared("checks");
            let plan = checks::plan(
                &graph, &settings, objects, &workspace, &lists, &asked, emitters,
            )?;
            (plan, lists)
        }
    };
    let planning = source.view().map(|view| view.reads()).unwrap_or_default();
    let mut all = planning.clone();
    all.extend(lists.values().flatten().cloned());
    // What checks see besides.
    all.extend(plan.source_files().map(str::to_owned));
    let depends = Depends { planning, all };
    let record = record(&graph, &plan, &index, &lists, &scope)?;
    // Units that are those of the base keep their state in any case, and are in its list.
    let states = derivation(&plan, layers::STATES).filter(|_| keeps);
    Ok(Planned {
        record,
        states,
        third_party: index.units.into_values().map(|unit| unit.drv).collect(),
        plan,
        depends,
        warnings,
    })
}

fn prepared(layer: &str) -> Prepared {
    Prepared {
        layer: layer.to_owned(),
        count: 1,
        named: BTreeMap::new(),
    }
}

fn parse(objects: &[String]) -> Result<Objects, Error> {
    let parse = |path: &String| {
        path.parse::<StorePath>()
            .map_err(|source| crate::plan::Error::NotAStorePath {
                what: "an object of the settings".to_owned(),
                path: path.clone(),
                source,
            })
    };
    Ok(objects.iter().map(parse).collect::<Result<_, _>>()?)
}

/// The graph, of the cache if cargo was asked the same before; its key; and warnings.
fn graph(
    request: &Request<'_>,
    source: &SourceRoot,
    cache: &Cache,
) -> Result<(Graph, String, Vec<String>), Error> {
    let places = &request.desk.places;
    let lock = places.lock_file.as_deref();
    let lock = lock.map(|file| (file, places.root.as_str()));
    let mut skeleton = Vec::new();
    graph::skeleton::write(source, lock, &mut skeleton)?;
    // One of the two is an error where the other is not.
    let required = request.incremental.as_ref().is_some_and(|how| how.required);
    let key = hash(format!(
        "{} {:?} {:?} {required} {} {}",
        env!("CARGO_PKG_VERSION"),
        places,
        request.selection,
        request.directory,
        hash(&skeleton)
    ));
    let file = cache.graph(&key);
    if let Some(graph) = state::read(&file) {
        return Ok((graph, key, Vec::new()));
    }
    let scratch = Scratch::new()?;
    let unpacked = scratch.0.join("source");
    Bundle::read(skeleton.as_slice())?.unpack(&unpacked)?;
    let mut asked = graph::Request {
        source: unpacked,
        manifest_dir: request.directory.clone(),
        vendor: Some(places.vendor.clone()),
        cargo_home: None,
        cargo: places.cargo.join("bin/cargo"),
        rustc: places.rustc.join("bin/rustc"),
        scratch: scratch.0.clone(),
        rustflags: request.selection.rustflags.clone(),
        incremental: request.selection.incremental,
        selection: request.selection.clone().into(),
    };
    let outcome = match graph::ask(&asked) {
        Err(graph::Error::NotIncremental { .. }) if request.incremental.is_some() && !required => {
            asked.incremental = false;
            graph::ask(&asked)
        }
        outcome => outcome,
    }?;
    state::write(&file, &outcome.graph)?;
    Ok((outcome.graph, key, outcome.warnings))
}

/// A directory that goes with the value, where no configuration of cargo lies above.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let memory = PathBuf::from("/dev/shm");
        let name = format!("dyndrv-{}", std::process::id());
        let dir = match fs::create_dir(memory.join(&name)) {
            Ok(()) => memory.join(&name),
            Err(_) => {
                let dir = std::env::temp_dir().join(&name);
                fs::create_dir_all(&dir).map_err(Error::io("creating", &dir))?;
                dir
            }
        };
        let scratch = Self(dir);
        for above in scratch.0.ancestors() {
            let path = above.join(".cargo");
            if path.join("config.toml").exists() || path.join("config").exists() {
                return Err(Error::ConfiguredScratch { path });
            }
        }
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing is lost with a directory of temporary files that stays.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The index of the third-party units, whose derivations are in the store afterwards.
fn third_party(
    request: &Request<'_>,
    graph: &Graph,
    graph_key: &str,
    cache: &Cache,
    client: &mut Client,
) -> Result<(PathBuf, Index), Error> {
    let key = hash(format!(
        "{graph_key} {}",
        request.desk.third_party.display()
    ));
    let file = cache.third_party(&key);
    if let Ok(index) = read_json::<Index>(&file) {
        let drvs: Vec<&String> = index.units.values().map(|unit| &unit.drv).collect();
        if client.valid(&drvs)?.len() == drvs.len() {
            return Ok((file, index));
        }
    }
    let Recorded {
        attributes: ThirdParty { settings, vendor },
        objects,
    } = read_json(&request.desk.third_party)?;
    let emitters = prepared("third-party");
    let plan = layers::dependencies(graph, &settings, parse(&objects)?, &vendor, emitters)?;
    build::add(client, &plan)?;
    let text = serde_json::to_vec(&plan.index).map_err(|source| Error::Json {
        document: "the index of the third-party units",
        source,
    })?;
    state::replace(&file, &text)?;
    Ok((file, plan.index))
}

fn record(
    graph: &Graph,
    plan: &Plan,
    third_party: &Index,
    lists: &files::Lists,
    scope: &Scope,
) -> Result<Record, Error> {
    let mut units = Vec::new();
    for unit in graph
        .units()
        .filter(|unit| scope.units.contains(&unit.id()))
    {
        let id = unit.identity();
        let emitted = plan.index.units.get(&id).or(third_party.units.get(&id));
        let files = || lists.get(&id).cloned().unwrap_or_default();
        if let Some(emitted) = emitted {
            units.push(Unit {
                is_covered: scope.clippy.contains(&unit.id()),
                ..described(unit, emitted.drv.clone(), files())
            });
        }
    }
    for unit in graph
        .units()
        .filter(|unit| scope.clippy.contains(&unit.id()))
    {
        let derivation = derivation(plan, &checks::clippy_name(unit));
        let files = lists.get(&unit.identity()).cloned().unwrap_or_default();
        units.extend(derivation.map(|derivation| under_clippy(described(unit, derivation, files))));
    }
    let results = scope.names.iter().map(|name| {
        let derivation = derivation(plan, name).ok_or_else(|| {
            Error::Run(format!(
                "the flake has no check `{name}`; its `checks` say which kinds are run of which packages"
            ))
        })?;
        Ok(Asked {
            name: name.clone(),
            derivation,
            out: None,
        })
    });
    let results: Vec<Asked> = results.collect::<Result<_, Error>>()?;
    let profile = graph.roots().next().map(|root| root.profile.clone());
    Ok(Record {
        profile: graph.profile.name.clone(),
        profile_description: profile.as_ref().map(settings::describe).unwrap_or_default(),
        results,
        programs: graph.roots().filter_map(program).collect(),
        units,
    })
}

/// The derivation of a plan with a name.
fn derivation(plan: &Plan, name: &str) -> Option<String> {
    let output = format!("{name}.drv");
    let item = plan.items().find(|item| item.output == output)?;
    Some(item.path.to_string())
}

fn described(unit: UnitRef<'_>, derivation: String, files: Vec<String>) -> Unit {
    let package = unit.package();
    Unit {
        identity: unit.identity().to_string(),
        label: unit.label(),
        package: format!("{} {}", package.name, package.version),
        directory: match &package.location {
            Location::Tree(dir) => Some(dir.clone()),
            Location::Vendor(_) => None,
        },
        source: match &package.location {
            Location::Tree(_) => Source::default(),
            Location::Vendor(entry) => Source {
                url: package.source.clone(),
                entry: entry.clone(),
            },
        },
        target: unit.target().clone(),
        mode: unit.mode,
        features: unit.features.clone(),
        profile: UnitProfile {
            opt_level: unit.profile.opt_level.clone(),
            debuginfo: unit.profile.debuginfo.clone(),
            debug_assertions: unit.profile.debug_assertions,
            overflow_checks: unit.profile.overflow_checks,
        },
        derivation,
        needs: unit
            .needs()
            .map(|unit| unit.identity().to_string())
            .collect(),
        files,
        is_covered: false,
        outputs: BTreeMap::new(),
    }
}

/// A target as clippy reads it: as `cargo check` does.
fn under_clippy(unit: Unit) -> Unit {
    Unit {
        identity: clippy_identity(&unit),
        label: format!("{}-clippy", unit.label),
        mode: match unit.mode.is_test() {
            true => Mode::CheckTest,
            false => Mode::Check,
        },
        ..unit
    }
}

/// The identity of clippy over a target, by that of its unit.
pub fn clippy_identity(unit: &Unit) -> String {
    format!("{}-clippy", unit.identity)
}

fn program(root: UnitRef<'_>) -> Option<Program> {
    let target = root.target();
    let is_program = target.kind == graph::TargetKind::Bin && root.mode == Mode::Build;
    let mut products = root.products().into_iter();
    let file = products
        .find(|product| product.kind == ProductKind::Executable)
        .filter(|_| is_program)?;
    let name = file.uplifted.unwrap_or(file.file);
    Some(Program {
        name: name.rsplit('/').next().unwrap_or_default().to_owned(),
        package: root.package().name.clone(),
        is_default: root.package().default_run.as_deref() == Some(&target.name),
    })
}
