//! From a unit to its finished list: the walk through its crate, the files that its package
//! adds, and the widening where the walk could not resolve something.

use super::build_script::{self, IncludeWriter, LinkedLibrary, PackageInputs, ScriptFacts};
use super::cfg::Cfg;
use super::error::{Error, Result};
use super::globs;
use super::known_crates;
use super::lists::{EntryKind, Fallback, Listed, Place, Reason, UnitFiles, Why, Width};
use super::request::{Package, Request, Unit, UnitKind};
use super::shared_macros::CrateMacros;
use super::source_tree::{SourceTree, relative};
use super::walk::{self, CrateContext, CrateFiles, OtherMacros, Variable, list, list_way};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

/// A request with what is computed once for all units.
pub struct Project<'r> {
    request: &'r Request,
    pub tree: SourceTree,
    packages: Vec<PackageFacts>,
    /// The directories of all packages.
    directories: HashSet<String>,
    configured_variables: BTreeMap<String, Variable>,
    no_macros: OtherMacros,
}

/// Facts that are computed once for each package.
struct PackageFacts {
    /// Its directory without symbolic links on the way.
    dir: String,
    /// The links on the way to it.
    links: Vec<(String, EntryKind)>,
    variables: BTreeMap<String, Variable>,
    build_script: OnceLock<Option<ScriptFacts>>,
}

impl<'r> Project<'r> {
    pub fn new(request: &'r Request) -> Result<Self> {
        for unit in &request.units {
            if unit.package >= request.packages.len() {
                return Err(Error::NoPackage {
                    unit: unit.name.clone(),
                    package: unit.package,
                    count: request.packages.len(),
                });
            }
        }
        let tree = SourceTree::new(request.root.clone());
        let packages = request.packages.iter();
        let packages = packages.map(|package| PackageFacts::new(&tree, package));
        let packages = packages.collect::<Result<Vec<_>>>()?;
        let configured = request.variables.iter().map(|(name, configured)| {
            let variable = match &configured.relative_to {
                None => Variable {
                    dir: None,
                    text: configured.value.clone(),
                },
                // cargo joins the two as paths.
                Some(dir) => Variable {
                    dir: Some(dir.clone()),
                    text: format!("/{}", configured.value),
                },
            };
            (name.clone(), variable)
        });
        Ok(Self {
            directories: packages.iter().map(|package| package.dir.clone()).collect(),
            packages,
            configured_variables: configured.collect(),
            request,
            tree,
            no_macros: OtherMacros::default(),
        })
    }

    /// The facts about the build script of a package, if it has one.
    fn build_script(&self, index: usize) -> Result<Option<&ScriptFacts>> {
        let package = &self.request.packages[index];
        let Some(root) = &package.build_script else {
            return Ok(None);
        };
        let cell = &self.packages[index].build_script;
        if let Some(facts) = cell.get() {
            return Ok(facts.as_ref());
        }
        let cfg = Cfg::unknown();
        let mut linked = Vec::new();
        for &library in &package.build_packages {
            let mut units = self.request.units.iter();
            let is_library = |unit: &&Unit| unit.package == library && unit.kind == UnitKind::Lib;
            if let Some(unit) = units.find(is_library) {
                linked.push(LinkedLibrary {
                    package: library,
                    context: self.context(library, &cfg),
                    root: &unit.crate_root,
                });
            }
        }
        let context = self.context(index, &cfg);
        let facts = build_script::facts(&context, root, &linked)?;
        Ok(cell.get_or_init(|| facts).as_ref())
    }

    /// The starting point of a walk through a crate of a package.
    fn context<'a>(&'a self, package: usize, cfg: &'a Cfg) -> CrateContext<'a> {
        let facts = &self.packages[package];
        CrateContext {
            tree: &self.tree,
            package: &self.request.packages[package],
            package_dir: &facts.dir,
            cfg,
            readers: Vec::new(),
            packages: &self.directories,
            workspace: &self.request.workspace,
            cargo_variables: &facts.variables,
            configured_variables: &self.configured_variables,
            other_macros: &self.no_macros,
        }
    }
}

impl PackageFacts {
    fn new(tree: &SourceTree, package: &Package) -> Result<Self> {
        let found = tree.find("", &package.dir)?;
        let (dir, links) = match found {
            Some(found) => (found.path.to_string(), found.on_the_way),
            None => (package.dir.clone(), Vec::new()),
        };
        let text = |text: &str| Variable {
            dir: None,
            text: text.to_owned(),
        };
        let below_dir = |below: &str| Variable {
            dir: Some(dir.clone()),
            text: below.to_owned(),
        };
        let mut numbers = package.version.split(['.', '-', '+']);
        let mut number = || text(numbers.next().unwrap_or_default());
        let variables = [
            ("CARGO_MANIFEST_DIR", below_dir("")),
            ("CARGO_MANIFEST_PATH", below_dir("/Cargo.toml")),
            ("CARGO_PKG_NAME", text(&package.name)),
            ("CARGO_PKG_VERSION", text(&package.version)),
            ("CARGO_PKG_VERSION_MAJOR", number()),
            ("CARGO_PKG_VERSION_MINOR", number()),
            ("CARGO_PKG_VERSION_PATCH", number()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        Ok(Self {
            variables: variables.into(),
            dir,
            links,
            build_script: OnceLock::new(),
        })
    }
}

/// The list of one unit, and what its crate has to do with the macros of others.
pub fn unit_files(
    project: &Project,
    unit: &Unit,
    other_macros: Option<&OtherMacros>,
) -> Result<(UnitFiles, CrateMacros)> {
    let script = project.build_script(unit.package)?;
    let mut out = UnitFiles::default();
    let mut macros = CrateMacros::default();
    let mut cfg = unit.cfg.clone();
    if let Some(script) = script
        && unit.kind != UnitKind::BuildScript
    {
        cfg.undecided(script.sets_features);
    }
    let context = CrateContext {
        readers: known_crates::readers(&unit.macro_packages),
        other_macros: other_macros.unwrap_or(&project.no_macros),
        ..project.context(unit.package, &cfg)
    };
    if unit.kind == UnitKind::RunBuildScript {
        run_files(project, &context, script, &mut out)?;
    } else {
        macros = crate_files(&context, unit, script, &mut out)?;
        manifests(&context, unit, &mut out)?;
    }
    widen(&context, &mut out)?;
    extra_sources(&context, unit, &mut out)?;
    let package = &project.packages[unit.package];
    if !out.files.is_empty() {
        let reason = Reason {
            why: Why::OnTheWay,
            at: None,
            what: "the package's directory".to_owned(),
        };
        list_way(&mut out.files, &package.links, &reason);
    }
    drop_filled_directories(&mut out.files);
    for (path, listed) in &out.files {
        if listed.kind == EntryKind::File {
            project.tree.check_readable(path)?;
        }
    }
    Ok((out, macros))
}

/// Directories in which something is listed exist by that.
fn drop_filled_directories(files: &mut BTreeMap<String, Listed>) {
    let is_filled = |dir: &String| {
        let mut behind = files.range(format!("{dir}/")..);
        behind
            .next()
            .is_some_and(|(path, _)| relative(path, dir).is_some())
    };
    let directories = files
        .iter()
        .filter(|(_, listed)| listed.kind == EntryKind::Directory);
    let filled: Vec<String> = directories
        .map(|(path, _)| path.clone())
        .filter(is_filled)
        .collect();
    for path in filled {
        files.remove(&path);
    }
}

fn crate_files(
    context: &CrateContext,
    unit: &Unit,
    script: Option<&ScriptFacts>,
    out: &mut UnitFiles,
) -> Result<CrateMacros> {
    let root = context.tree.find_file("", &unit.crate_root)?;
    let root = root.ok_or_else(|| Error::NoCrateRoot {
        unit: unit.name.clone(),
        package: context.package.name.clone(),
        path: unit.crate_root.clone(),
    })?;
    let mut found = walk::walk_crate(context, &root)?;
    if let Some(writer) = script.and_then(|script| script.writes_includes)
        && unit.kind != UnitKind::BuildScript
        && let Some(at) = includes_generated_code(&found, writer)
    {
        found.fallbacks.insert(Fallback {
            to: Width::Package,
            what: "code that the build script writes may include files of the package".to_owned(),
            known_from: match writer {
                IncludeWriter::Script => None,
                IncludeWriter::Package(known) => Some(known.to_string()),
            },
            at,
        });
    }
    out.files = std::mem::take(&mut found.files);
    out.fallbacks = std::mem::take(&mut found.fallbacks).into_iter().collect();
    out.absent = std::mem::take(&mut found.absent).into_iter().collect();
    Ok(CrateMacros::of(found, unit.kind == UnitKind::Lib))
}

/// Where a crate includes code that its build script writes, if that may include files of the
/// package.
fn includes_generated_code(found: &CrateFiles, writer: IncludeWriter) -> Option<Option<Place>> {
    if found.generated.is_some() {
        return Some(found.generated.clone());
    }
    match writer {
        IncludeWriter::Script => None,
        // A macro of a package that goes with the writer may bring the code in.
        IncludeWriter::Package(_) => found.unknown.values().next().cloned(),
    }
}

/// The manifests, for units whose macros read them.
fn manifests(context: &CrateContext, unit: &Unit, out: &mut UnitFiles) -> Result<()> {
    let Some(reader) = known_crates::manifest_reader(&unit.macro_packages) else {
        return Ok(());
    };
    for dir in BTreeSet::from([context.package_dir, context.workspace]) {
        for name in known_crates::MANIFESTS {
            if let Some(found) = context.tree.find_file(dir, name)? {
                let reason = Reason {
                    why: Why::KnownMacro,
                    at: None,
                    what: reader.to_string(),
                };
                list(&mut out.files, &found, reason);
            }
        }
    }
    Ok(())
}

/// The files that the run of a build script sees.
fn run_files(
    project: &Project,
    context: &CrateContext,
    script: Option<&ScriptFacts>,
    out: &mut UnitFiles,
) -> Result<()> {
    let inputs = script.map_or(&PackageInputs::Whole, |script| &script.inputs);
    let add = |files: BTreeMap<String, EntryKind>, what: &str, out: &mut UnitFiles| {
        for (path, kind) in files {
            let reason = Reason {
                why: Why::BuildScriptRun,
                at: None,
                what: what.to_owned(),
            };
            out.files.entry(path).or_insert(Listed { kind, reason });
        }
    };
    if let Some(globs) = &context.package.build_script_sources {
        for glob in globs {
            let setting = "build-script-sources";
            let package = &context.package.name;
            let dir = context.package_dir;
            let files = globs::files(context.tree, package, setting, dir, glob)?;
            add(files, "build-script-sources", out);
        }
    } else {
        let what = match inputs {
            PackageInputs::Whole => "the build script's package",
            PackageInputs::Named(_) => "the build script names it",
        };
        add(package_inputs(context, inputs)?, what, out);
    }
    let Some(script) = script else {
        return Ok(());
    };
    for &linked in &script.linked {
        let context = project.context(linked, context.cfg);
        let what = "a package that is linked into the build script";
        add(package_inputs(&context, inputs)?, what, out);
    }
    add(
        script.outside.clone(),
        "the build script's text leads there",
        out,
    );
    Ok(())
}

/// The files of a package that the run of a build script reads.
fn package_inputs(
    context: &CrateContext,
    inputs: &PackageInputs,
) -> Result<BTreeMap<String, EntryKind>> {
    match inputs {
        PackageInputs::Whole => context.added_by(&Width::Package),
        PackageInputs::Named(names) => {
            let others = |dir: &str| context.is_other_package(dir);
            names.resolve(context.tree, context.package_dir, &others)
        }
    }
}

/// Adds what the fallbacks demand.
fn widen(context: &CrateContext, out: &mut UnitFiles) -> Result<()> {
    for fallback in out.fallbacks.clone() {
        for (path, kind) in context.added_by(&fallback.to)? {
            let reason = Reason {
                why: Why::Fallback,
                at: fallback.at.clone(),
                what: fallback.what.clone(),
            };
            out.files.entry(path).or_insert(Listed { kind, reason });
        }
    }
    Ok(())
}

/// Adds what the user's globs demand.
fn extra_sources(context: &CrateContext, unit: &Unit, out: &mut UnitFiles) -> Result<()> {
    let of_package = context.package.extra_sources.iter();
    let of_package = of_package.map(|glob| ("extra-sources", glob));
    let of_unit = unit.extra_sources.iter();
    let of_unit = of_unit.map(|glob| ("extraSources", glob));
    for (setting, glob) in of_package.chain(of_unit) {
        let package = &context.package.name;
        let files = globs::files(context.tree, package, setting, context.package_dir, glob)?;
        for (path, kind) in files {
            let reason = Reason {
                why: Why::ExtraSource,
                at: None,
                what: glob.clone(),
            };
            out.files.entry(path).or_insert(Listed { kind, reason });
        }
    }
    Ok(())
}
