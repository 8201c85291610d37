//! What the scanner follows, construct by construct, each with the kind of crate that it
//! comes from.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod build_scripts;
mod configuration;
mod globs;
mod includes;
mod links;
mod macros;
mod modules;
mod readers;
mod reports;
mod workspaces;

use dyndrv::depinfo::{
    Cfg, EntryKind, Error, Package, Request, Scan, Unit, UnitFiles, UnitKind, Why, Width, report,
    scan,
};
use semver::Version;
use std::collections::BTreeSet;
use std::path::Path;

/// A package in a temporary directory, with `src/lib.rs` as the unit's root.
struct Fixture {
    dir: tempfile::TempDir,
    request: Request,
}

fn fixture(files: &[(&str, &str)]) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let cfg = Cfg::from_rustc("unix\ntarget_os=\"linux\"\ntarget_family=\"unix\"\n");
    let request = Request {
        root: dir.path().into(),
        packages: vec![Package {
            name: "p".to_owned(),
            version: "1.2.3".to_owned(),
            ..Package::default()
        }],
        units: vec![Unit {
            package: 0,
            name: "p".to_owned(),
            crate_root: "src/lib.rs".to_owned(),
            kind: UnitKind::Lib,
            cfg: cfg.with_feature("on"),
            macro_packages: BTreeSet::new(),
            extra_sources: Vec::new(),
        }],
        ..Request::default()
    };
    Fixture { dir, request }
}

impl Fixture {
    fn scan(&self) -> Scan {
        scan(&self.request).unwrap()
    }

    fn unit(&self) -> UnitFiles {
        self.scan().units.swap_remove(0)
    }

    fn error(&self) -> Error {
        scan(&self.request).unwrap_err()
    }

    fn macros(mut self, packages: &[&str]) -> Self {
        self.request.units[0].macro_packages =
            packages.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    fn crate_root(mut self, root: &str) -> Self {
        self.request.units[0].crate_root = root.to_owned();
        self
    }

    /// The list, without the crate root, must be exactly this, with no fallback.
    #[track_caller]
    fn lists(&self, expected: &[&str]) {
        let unit = self.unit();
        let root = &self.request.units[0].crate_root;
        let listed: Vec<_> = unit.files.keys().filter(|path| *path != root).collect();
        assert_eq!(listed, expected);
        assert_eq!(unit.fallbacks, []);
    }

    /// As [`Self::lists`], but with a fallback.
    #[track_caller]
    fn widens(&self, to: Width, expected: &[&str]) {
        let unit = self.unit();
        let listed: Vec<_> = unit.files.keys().collect();
        assert_eq!(listed, expected);
        let widths: Vec<_> = unit.fallbacks.iter().map(|fallback| &fallback.to).collect();
        assert_eq!(widths, [&to]);
    }

    /// The unit is of a member whose directory is this one, with `src/lib.rs` as its root.
    fn member(mut self, dir: &str) -> Self {
        self.request.packages[0].dir = dir.to_owned();
        self.crate_root(&format!("{dir}/src/lib.rs"))
    }

    /// Among the listed files are these.
    #[track_caller]
    fn has(&self, expected: &[&str]) {
        let unit = self.unit();
        for path in expected {
            assert!(
                unit.files.contains_key(*path),
                "{path} is missing: {:?}",
                unit.files.keys()
            );
        }
    }

    /// Another unit, of a library whose package has this name and directory.
    fn library(mut self, name: &str) -> Self {
        let mut unit = self.request.units[0].clone();
        unit.package = self.request.packages.len();
        unit.crate_root = format!("{name}/src/lib.rs");
        unit.kind = UnitKind::Lib;
        self.request.units.push(unit);
        self.request.packages.push(Package {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            dir: name.to_owned(),
            ..Package::default()
        });
        self
    }

    /// The unit is the run of the package's build script, at this place.
    fn run_of(mut self, script: &str) -> Self {
        self.request.packages[0].build_script = Some(script.to_owned());
        self.request.units[0].kind = UnitKind::RunBuildScript;
        self.crate_root(script)
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Packages in versions that are known, or in some version that is not.
fn versions(packages: &[&str]) -> BTreeSet<(String, Version)> {
    let version = |name: &str| match name {
        "cc" => Version::new(1, 2, 16),
        _ => Version::new(0, 0, 1),
    };
    let packages = packages.iter();
    packages
        .map(|name| ((*name).to_owned(), version(name)))
        .collect()
}
