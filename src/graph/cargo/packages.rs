//! The packages of the graph: what cargo's metadata says of them, and their manifests.

use super::Places;
use super::documents::{self, Metadata, UnitGraph};
use super::manifest::Manifest;
use super::paths::normalize;
use crate::graph::error::{Error, Result};
use crate::graph::model::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Unstable features of cargo that change units in ways that are not reproduced here.
const UNSUPPORTED_FEATURES: [&str; 4] = [
    "different-binary-name",
    "metabuild",
    "multiple-build-scripts",
    "public-dependency",
];
/// The packages that have units, sorted, and their places by cargo's name for them.
#[derive(Debug)]
pub(super) struct Packages {
    pub list: Vec<Package>,
    pub index: BTreeMap<String, PackageId>,
}

/// Reads the packages that have units.
pub(super) fn read(places: &Places, units: &UnitGraph, metadata: &Metadata) -> Result<Packages> {
    let used: BTreeSet<&str> = units
        .units
        .iter()
        .map(|unit| unit.pkg_id.as_str())
        .collect();
    let primary: BTreeSet<&str> = units
        .roots
        .iter()
        .map(|&root| units.units[root].pkg_id.as_str())
        .collect();
    let known: BTreeMap<&str, &documents::Package> = metadata
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let mut list = Vec::new();
    for id in used {
        let package = known.get(id).ok_or_else(|| Error::UnknownOutput {
            what: "cargo's metadata".to_owned(),
            reason: format!("it lacks the package `{id}` of the unit graph"),
        })?;
        let mut package = read_package(places, package)?;
        package.primary = primary.contains(id);
        package.member = metadata.workspace_members.contains(id);
        list.push((id, package));
    }
    list.sort_by(|(_, a), (_, b)| {
        (&a.name, &a.version, &a.source).cmp(&(&b.name, &b.version, &b.source))
    });
    let index = list
        .iter()
        .enumerate()
        .map(|(i, (id, _))| (id.to_string(), PackageId(i)))
        .collect();
    Ok(Packages {
        list: list.into_iter().map(|(_, package)| package).collect(),
        index,
    })
}

fn read_package(places: &Places, package: &documents::Package) -> Result<Package> {
    let documents::Package {
        name,
        version,
        manifest_path,
        ..
    } = package;
    let manifest = Manifest::read(manifest_path, &places.source)?;
    let dir = manifest_path.parent().unwrap_or(manifest_path);
    let location = locate(places, package, dir)?;
    let origin = match package.source.as_deref() {
        None => Origin::Path,
        Some(source) if source.starts_with("git+") => Origin::Git,
        Some(_) => Origin::Registry,
    };
    refuse_unstable(package, &manifest)?;
    let (metadata, wrong) = PackageMetadata::read(&package.metadata["dyndrv"]);
    if let (Origin::Path, Some(source)) = (origin, wrong.into_iter().next()) {
        return Err(Error::Metadata {
            package: format!("{name} {version}"),
            manifest: manifest.name().to_owned(),
            source,
        });
    }
    let source = match (&package.source, &location) {
        (Some(source), _) => source.clone(),
        (None, Location::Tree(dir) | Location::Vendor(dir)) => dir.clone(),
    };
    let targets = package
        .targets
        .iter()
        .map(|target| read_target(places, package, &manifest, dir, target))
        .collect::<Result<_>>()?;
    Ok(Package {
        name: name.clone(),
        version: version.clone(),
        origin,
        source,
        location,
        primary: false,
        member: false,
        authors: package.authors.clone(),
        description: package.description.clone(),
        homepage: package.homepage.clone(),
        repository: package.repository.clone(),
        license: package.license.clone(),
        license_file: package.license_file.clone(),
        readme: package.readme.clone(),
        rust_version: package.rust_version.clone(),
        links: package.links.clone(),
        default_run: package.default_run.clone(),
        declared_features: package.features.keys().cloned().collect(),
        lint_flags: manifest.lint_flags(manifest_path, &places.source)?,
        targets,
        metadata,
    })
}

fn refuse_unstable(package: &documents::Package, manifest: &Manifest) -> Result<()> {
    let features = manifest.cargo_features();
    let unstable = features
        .into_iter()
        .find(|name| UNSUPPORTED_FEATURES.contains(name));
    match unstable {
        Some(name) => Err(Error::Unsupported {
            package: format!("{} {}", package.name, package.version),
            target: "its manifest".to_owned(),
            feature: format!("cargo's unstable feature `{name}`"),
            advice: "remove it from `cargo-features`".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Where a package is: an entry of the vendor directory, or a directory of the source root.
fn locate(places: &Places, package: &documents::Package, dir: &Path) -> Result<Location> {
    if let Some(vendor) = &places.vendor
        && let Ok(entry) = dir.strip_prefix(vendor)
        && let Some(entry) = entry.to_str()
    {
        return Ok(Location::Vendor(entry.to_owned()));
    }
    match relative(dir, &places.source) {
        Ok(dir) => Ok(Location::Tree(dir)),
        // Of a package in the user's own cargo home, only the name matters.
        Err(_) if places.vendor.is_none() && package.source.is_some() => {
            let entry = dir.file_name().unwrap_or_default().to_string_lossy();
            Ok(Location::Vendor(entry.into_owned()))
        }
        Err(_) => Err(Error::Unsupported {
            package: format!("{} {}", package.name, package.version),
            target: "its directory".to_owned(),
            feature: format!("a place outside of the source root ({})", dir.display()),
            advice: "move the source root up, so that it holds this package too".to_owned(),
        }),
    }
}

fn read_target(
    places: &Places,
    package: &documents::Package,
    manifest: &Manifest,
    dir: &Path,
    target: &documents::Target,
) -> Result<Target> {
    let unsupported = |feature: String, advice: &str| Error::Unsupported {
        package: format!("{} {}", package.name, package.version),
        target: format!("target `{}`", target.name),
        feature,
        advice: advice.to_owned(),
    };
    let kind = target_kind(&target.kind);
    let kind = kind.ok_or_else(|| {
        unsupported(
            format!("the target kind `{}`", target.kind.join(", ")),
            "use a newer dyndrv",
        )
    })?;
    let path = target
        .src_path
        .as_ref()
        .ok_or_else(|| unsupported("metabuild".to_owned(), "write a build script instead"))?;
    // A path may lead out of the package and back; what counts is where it ends.
    let path = normalize(path);
    let src = match path.strip_prefix(dir) {
        Ok(below) => below.to_str().map(|path| SrcPath::Package(path.to_owned())),
        Err(_) => relative(&path, &places.source).ok().map(SrcPath::Tree),
    };
    let crate_types = target.crate_types.iter().map(|name| name.parse());
    let crate_types: Vec<CrateType> = crate_types
        .collect::<std::result::Result<_, UnknownCrateType>>()
        .map_err(|error| unsupported(error.to_string(), "use a newer dyndrv"))?;
    let is_proc_macro = kind == TargetKind::Lib && crate_types.contains(&CrateType::ProcMacro);
    Ok(Target {
        name: target.name.clone(),
        kind,
        crate_types,
        // Published packages name files that were not published with them.
        src: src.unwrap_or(SrcPath::Outside),
        edition: target.edition.clone(),
        harness: manifest.harness(kind, &target.name),
        test: target.test,
        doctest: target.doctest,
        doc: target.doc,
        proc_macro: is_proc_macro || manifest.claims_proc_macro(kind, &target.name),
    })
}

/// cargo's `kind` lists the crate types of a library, and one word for all else.
pub(super) fn target_kind(kinds: &[String]) -> Option<TargetKind> {
    Some(match kinds.first()?.as_str() {
        "lib" | "rlib" | "dylib" | "cdylib" | "staticlib" | "proc-macro" => TargetKind::Lib,
        "bin" => TargetKind::Bin,
        "example" => TargetKind::Example,
        "test" => TargetKind::Test,
        "bench" => TargetKind::Bench,
        "custom-build" => TargetKind::CustomBuild,
        _ => return None,
    })
}

/// A path below `base`, as text.
pub(super) fn relative(path: &Path, base: &Path) -> Result<String> {
    let below = path.strip_prefix(base).ok().and_then(Path::to_str);
    below
        .map(str::to_owned)
        .ok_or_else(|| Error::UnknownOutput {
            what: "cargo's metadata".to_owned(),
            reason: format!(
                "{} is not below the source root {}",
                path.display(),
                base.display()
            ),
        })
}
