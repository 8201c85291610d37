//! From a unit to its finished list: the walk through its crate, the files that its package
//! adds, and the widening where the walk could not resolve something.

use super::build_script::{self, Facts, Linked};
use super::cfg::Cfg;
use super::files::{Files, Found, join};
use super::macros::Export;
use super::model::*;
use super::policy;
use super::scanner::{self, Foreign, Input, join_dirs, list};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

/// A request with what is computed once for all units.
pub(super) struct Project<'r> {
    request: &'r Request,
    build_scripts: Vec<OnceLock<Facts>>,
    /// The directories of all packages.
    directories: HashSet<&'r str>,
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
        Ok(Self {
            request,
            build_scripts: request.packages.iter().map(|_| OnceLock::new()).collect(),
            directories: request
                .packages
                .iter()
                .map(|package| &*package.dir)
                .collect(),
        })
    }

    /// What is known of the build script of a package, if it has one.
    fn build_script(&self, files: &Files, index: usize) -> Result<Option<&Facts>> {
        let package = &self.request.packages[index];
        let Some(root) = &package.build_script else {
            return Ok(None);
        };
        if let Some(facts) = self.build_scripts[index].get() {
            return Ok(Some(facts));
        }
        let cfg = Cfg::unknown();
        let mut linked = Vec::new();
        for &library in &package.build_packages {
            let mut units = self.request.units.iter();
            let is_library = |unit: &&Unit| unit.package == library && unit.kind == UnitKind::Lib;
            if let Some(unit) = units.find(is_library) {
                linked.push(Linked {
                    package: library,
                    input: self.input(files, &self.request.packages[library], &cfg),
                    root: &unit.crate_root,
                });
            }
        }
        let facts = build_script::facts(&self.input(files, package, &cfg), root, &linked)?;
        Ok(Some(self.build_scripts[index].get_or_init(|| facts)))
    }

    /// What a walk through a crate of a package starts from.
    fn input<'a>(&'a self, files: &'a Files, package: &'a Package, cfg: &'a Cfg) -> Input<'a> {
        Input {
            files,
            package,
            cfg,
            readers: Vec::new(),
            packages: &self.directories,
            workspace: &self.request.workspace,
            foreign: &[],
        }
    }
}

/// The list of one unit.
pub(super) fn unit_files(
    project: &Project,
    files: &Files,
    unit: &Unit,
    foreign: &[Foreign],
) -> Result<(UnitFiles, Crossing)> {
    let package = &project.request.packages[unit.package];
    let script = project.build_script(files, unit.package)?;
    let mut out = UnitFiles::default();
    let mut crossing = Crossing::default();
    let mut cfg = unit.cfg.clone();
    if let Some(script) = script
        && unit.kind != UnitKind::BuildScript
    {
        cfg.undecided(script.sets_features);
    }
    let input = Input {
        readers: policy::readers(unit.macro_packages.iter()),
        foreign,
        ..project.input(files, package, &cfg)
    };
    if unit.kind == UnitKind::RunBuildScript {
        run_files(project, &input, script, &mut out)?;
    } else {
        crossing = crate_files(&input, unit, script, &mut out)?;
        manifests(&input, unit, &mut out)?;
    }
    widen(&input, &mut out)?;
    extra_sources(files, package, unit, &mut out)?;
    for (path, listed) in &out.files {
        if listed.kind == EntryKind::File {
            files.check_readable(path)?;
        }
    }
    Ok((out, crossing))
}

/// What a crate has to do with the macros of others.
#[derive(Default)]
pub(super) struct Crossing {
    /// Its macros that may bring files in; for libraries only.
    exports: Vec<Export>,
    /// Macros that it uses and does not define.
    unknown: BTreeSet<String>,
}

/// The macros that can bring files in, of all libraries, by name.
pub(super) struct Exports<'c> {
    by_name: BTreeMap<&'c str, BTreeSet<usize>>,
    crates: &'c [Crossing],
}

impl<'c> Exports<'c> {
    pub fn new(crates: &'c [Crossing]) -> Self {
        let all: Vec<_> = crates
            .iter()
            .enumerate()
            .flat_map(|(index, exporter)| {
                exporter.exports.iter().map(move |export| (index, export))
            })
            .collect();
        let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        loop {
            let before = by_name.len();
            for (index, export) in &all {
                if export.useful
                    || export
                        .calls
                        .iter()
                        .any(|name| by_name.contains_key(&**name))
                {
                    by_name.entry(&*export.name).or_default().insert(*index);
                }
            }
            if by_name.len() == before {
                break;
            }
        }
        Self { by_name, crates }
    }

    /// The macros of other crates that one crate may use, itself or through those.
    pub fn needed_by(&self, index: usize) -> Vec<Foreign> {
        let mut needed = BTreeSet::new();
        let mut todo = vec![index];
        while let Some(user) = todo.pop() {
            for name in &self.crates[user].unknown {
                for exporter in self.by_name.get(&**name).into_iter().flatten() {
                    if *exporter != index && needed.insert(*exporter) {
                        todo.push(*exporter);
                    }
                }
            }
        }
        let macros = needed
            .iter()
            .flat_map(|exporter| &self.crates[*exporter].exports);
        macros.map(|export| export.definition.clone()).collect()
    }
}

fn crate_files(
    input: &Input,
    unit: &Unit,
    script: Option<&Facts>,
    out: &mut UnitFiles,
) -> Result<Crossing> {
    let root = input.files.find("", &unit.crate_root)?;
    let root = root
        .filter(|root| !root.directory)
        .ok_or_else(|| Error::NoCrateRoot {
            unit: unit.name.clone(),
            package: input.package.name.clone(),
            path: unit.crate_root.clone(),
        })?;
    let found = scanner::walk_crate(input, &root)?;
    let mut fallbacks = found.fallbacks;
    if let (Some(at), Some(script)) = (found.generated, script)
        && script.writes_includes
    {
        fallbacks.insert(Fallback {
            to: Width::Package,
            what: "code that the build script writes may include files of the package".to_owned(),
            at: Some(at),
        });
    }
    out.files = found.files;
    out.fallbacks = fallbacks.into_iter().collect();
    out.absent = found.absent.into_iter().collect();
    Ok(Crossing {
        exports: if unit.kind == UnitKind::Lib {
            found.exports
        } else {
            Vec::new()
        },
        unknown: found.unknown,
    })
}

/// The manifests, for units whose macros read them.
fn manifests(input: &Input, unit: &Unit, out: &mut UnitFiles) -> Result<()> {
    let Some(reader) = policy::manifest_reader(unit.macro_packages.iter()) else {
        return Ok(());
    };
    for dir in BTreeSet::from([&*input.package.dir, input.workspace]) {
        if let Some(found) = input.files.find(dir, "Cargo.toml")? {
            let reason = Reason {
                why: Why::KnownMacro,
                at: None,
                what: reader.clone(),
            };
            list(&mut out.files, &found, reason);
        }
    }
    Ok(())
}

/// What the run of a build script sees.
fn run_files(
    project: &Project,
    input: &Input,
    script: Option<&Facts>,
    out: &mut UnitFiles,
) -> Result<()> {
    let script = script.cloned().unwrap_or_default();
    package_files(input, &script, "the build script's package", out)?;
    for &linked in &script.linked {
        let package = &project.request.packages[linked];
        let input = project.input(input.files, package, input.cfg);
        package_files(
            &input,
            &script,
            "a package that is linked into the build script",
            out,
        )?;
    }
    for (path, kind) in script.outside {
        let reason = Reason {
            why: Why::BuildScriptRun,
            at: None,
            what: "the build script's text leads there".to_owned(),
        };
        out.files.entry(path).or_insert(Listed { kind, reason });
    }
    Ok(())
}

/// The files of a package that the run of a build script sees.
fn package_files(input: &Input, script: &Facts, what: &str, out: &mut UnitFiles) -> Result<()> {
    let dir = &input.package.dir;
    let manifest = join(dir, "Cargo.toml");
    let left_out = |path: &str| {
        let below = match dir.as_str() {
            "" => Some(path),
            dir => path
                .strip_prefix(dir)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|file| script.leaves_out(file))
    };
    for (path, kind) in input.added_by(&Width::Package)? {
        let why = if path == manifest {
            Why::Manifest
        } else {
            Why::BuildScriptRun
        };
        if !left_out(&path) {
            let reason = Reason {
                why,
                at: None,
                what: what.to_owned(),
            };
            out.files.insert(path, Listed { kind, reason });
        }
    }
    Ok(())
}

/// Adds what the fallbacks demand.
fn widen(input: &Input, out: &mut UnitFiles) -> Result<()> {
    for fallback in out.fallbacks.clone() {
        for (path, kind) in input.added_by(&fallback.to)? {
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
fn extra_sources(files: &Files, package: &Package, unit: &Unit, out: &mut UnitFiles) -> Result<()> {
    let of_package = package
        .extra_sources
        .iter()
        .map(|glob| (package.dir.as_str(), glob));
    let of_unit = unit.extra_sources.iter().map(|glob| ("", glob));
    for (dir, glob) in of_package.chain(of_unit) {
        let matched = glob_files(files, &package.name, dir, glob)?;
        for (path, kind) in matched {
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

fn glob_files(
    files: &Files,
    package: &str,
    dir: &str,
    glob: &str,
) -> Result<BTreeMap<String, EntryKind>> {
    let bad = |message: String| Error::Glob {
        package: package.to_owned(),
        glob: glob.to_owned(),
        message,
    };
    let fixed = glob
        .split('/')
        .take_while(|part| !part.contains(['*', '?', '[', '{']))
        .count();
    let parts: Vec<&str> = glob.split('/').collect();
    let (begin, pattern) = (parts[..fixed].join("/"), parts[fixed..].join("/"));
    let outside = || bad("it is absolute or leads out of the source root".to_owned());
    if glob.starts_with('/') || parts[fixed..].contains(&"..") {
        return Err(outside());
    }
    let found = files.find(dir, &begin)?;
    let mut matched = BTreeMap::new();
    if let Some(found) = found {
        for (path, target) in &found.links {
            matched.insert(path.clone(), EntryKind::Symlink(target.clone()));
        }
        glob_below(files, &found, &pattern, &mut matched).map_err(|error| match error {
            GlobFailure::Glob(message) => bad(message),
            GlobFailure::Files(error) => error,
        })?;
    }
    if matched.is_empty() {
        return Err(Error::GlobEmpty {
            package: package.to_owned(),
            glob: glob.to_owned(),
        });
    }
    Ok(matched)
}

enum GlobFailure {
    Glob(String),
    Files(Error),
}

fn glob_below(
    files: &Files,
    found: &Found,
    pattern: &str,
    matched: &mut BTreeMap<String, EntryKind>,
) -> Result<(), GlobFailure> {
    let real: &Arc<str> = &found.real;
    if !found.directory {
        if pattern.is_empty() {
            matched.insert(real.to_string(), EntryKind::File);
        }
        return Ok(());
    }
    let matcher: Option<GlobMatcher> = if pattern.is_empty() {
        None
    } else {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        Some(
            glob.map_err(|error| GlobFailure::Glob(error.to_string()))?
                .compile_matcher(),
        )
    };
    let begin = join_dirs(real, "");
    for (path, kind) in files
        .below(real, &HashSet::new())
        .map_err(GlobFailure::Files)?
    {
        let below = path
            .strip_prefix(&*begin)
            .unwrap_or(&path)
            .trim_start_matches('/');
        if matcher
            .as_ref()
            .is_none_or(|matcher| matcher.is_match(below))
        {
            matched.insert(path, kind);
        }
    }
    Ok(())
}
