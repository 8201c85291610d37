//! From a unit to its finished list: the walk through its crate, the files that its package
//! adds, and the widening where the walk could not resolve something.

use super::build_script::{self, Facts};
use super::files::{Files, Found, join};
use super::model::*;
use super::policy;
use super::scanner::{self, Input, join_dirs, list};
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
        let facts = build_script::facts(files, package, root)?;
        Ok(Some(self.build_scripts[index].get_or_init(|| facts)))
    }

    /// Everything in a package's directory but the packages inside it.
    fn package_files(&self, files: &Files, package: &Package) -> Result<Vec<(String, EntryKind)>> {
        let mut others = self.directories.clone();
        others.remove(&*package.dir);
        files.below(&package.dir, &others)
    }
}

/// The list of one unit.
pub(super) fn unit_files(project: &Project, files: &Files, unit: &Unit) -> Result<UnitFiles> {
    let package = &project.request.packages[unit.package];
    let script = project.build_script(files, unit.package)?;
    let mut out = UnitFiles::default();
    if unit.kind == UnitKind::RunBuildScript {
        run_files(project, files, package, script, &mut out)?;
    } else {
        crate_files(files, package, unit, script, &mut out)?;
        manifests(project.request, files, package, unit, &mut out)?;
    }
    widen(project, files, package, &mut out)?;
    extra_sources(files, package, unit, &mut out)?;
    for path in out
        .files
        .iter()
        .filter(|(_, listed)| listed.kind == EntryKind::File)
        .map(|(path, _)| path)
    {
        files.check_readable(path)?;
    }
    Ok(out)
}

fn crate_files(
    files: &Files,
    package: &Package,
    unit: &Unit,
    script: Option<&Facts>,
    out: &mut UnitFiles,
) -> Result<()> {
    let mut cfg = unit.cfg.clone();
    if let Some(script) = script
        && unit.kind != UnitKind::BuildScript
    {
        cfg.undecided(script.sets_features);
    }
    let root = files.find("", &unit.crate_root)?;
    let root = root
        .filter(|root| !root.directory)
        .ok_or_else(|| Error::NoCrateRoot {
            unit: unit.name.clone(),
            package: package.name.clone(),
            path: unit.crate_root.clone(),
        })?;
    let input = Input {
        files,
        package,
        cfg: &cfg,
        readers: policy::readers(unit.macro_packages.iter()),
    };
    let found = scanner::walk_crate(&input, &root)?;
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
    Ok(())
}

/// The manifests, for units whose macros read them.
fn manifests(
    request: &Request,
    files: &Files,
    package: &Package,
    unit: &Unit,
    out: &mut UnitFiles,
) -> Result<()> {
    let Some(reader) = policy::manifest_reader(unit.macro_packages.iter()) else {
        return Ok(());
    };
    for dir in BTreeSet::from([&package.dir, &request.workspace]) {
        if let Some(found) = files.find(dir, "Cargo.toml")? {
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
    files: &Files,
    package: &Package,
    script: Option<&Facts>,
    out: &mut UnitFiles,
) -> Result<()> {
    let manifest = join(&package.dir, "Cargo.toml");
    let script = script.cloned().unwrap_or_default();
    let left_out: Vec<String> = script
        .unread
        .iter()
        .map(|dir| format!("{}/", join(&package.dir, dir)))
        .collect();
    for (path, kind) in project.package_files(files, package)? {
        let why = if path == manifest {
            Why::Manifest
        } else {
            Why::BuildScriptRun
        };
        if why != Why::Manifest
            && (script.blind || left_out.iter().any(|dir| path.starts_with(dir)))
        {
            continue;
        }
        let reason = Reason {
            why,
            at: None,
            what: "the build script's package".to_owned(),
        };
        out.files.insert(path, Listed { kind, reason });
    }
    Ok(())
}

/// Adds what the fallbacks demand.
fn widen(project: &Project, files: &Files, package: &Package, out: &mut UnitFiles) -> Result<()> {
    for fallback in out.fallbacks.clone() {
        let (all, suffix) = match &fallback.to {
            Width::Directory { dir, suffix } => {
                (files.below(dir, &HashSet::new())?, suffix.as_str())
            }
            Width::Package => (project.package_files(files, package)?, ""),
            Width::Workspace => (
                files.below(&project.request.workspace, &HashSet::new())?,
                "",
            ),
        };
        let reason = Reason {
            why: Why::Fallback,
            at: fallback.at,
            what: fallback.what,
        };
        for (path, kind) in all {
            if kind != EntryKind::File || path.ends_with(suffix) {
                let reason = reason.clone();
                out.files.entry(path).or_insert(Listed { kind, reason });
            }
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
