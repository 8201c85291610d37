//! Compiles units one by one with the real rustc, each with only the files that
//! `dyndrv::graph::rules::linkage` names for it, and expects exactly the products that it announces.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs)]

#[path = "oracle/mod.rs"]
mod oracle;

use dyndrv::graph::rules::command::rustc_invocation;
use dyndrv::graph::rules::layout::Layout;
use dyndrv::graph::rules::linkage::{Linkage, Visible};
use dyndrv::graph::{Graph, Mode, TargetKind, UnitRef};
use oracle::command::CargoCommand;
use oracle::record::Place;
use oracle::toolchain::Toolchain;
use oracle::{compare, workspace};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

struct Minimal<'a>(&'a Place);

impl Minimal<'_> {
    fn dir(&self) -> PathBuf {
        self.0.scratch.join("deps")
    }
    fn out(&self, unit: UnitRef<'_>) -> PathBuf {
        self.0.scratch.join("out").join(unit.identity().to_string())
    }
}

impl Layout for Minimal<'_> {
    fn tree(&self) -> String {
        self.0.source.display().to_string()
    }
    fn vendor(&self) -> String {
        String::new()
    }
    fn deps(&self, _: &Graph, _: Option<&str>) -> String {
        self.dir().display().to_string()
    }
    fn cargo(&self) -> String {
        "cargo".to_owned()
    }
    fn rustc(&self) -> String {
        "rustc".to_owned()
    }
    fn rustdoc(&self) -> String {
        "rustdoc".to_owned()
    }
    fn out_dir(&self, _: UnitRef<'_>) -> Option<String> {
        None
    }
    fn executable(&self, _: UnitRef<'_>, name: &str) -> Option<String> {
        Some(format!("/somewhere/{name}"))
    }
    fn target_tmpdir(&self, _: UnitRef<'_>) -> Option<String> {
        None
    }
    fn products_dir(&self, unit: UnitRef<'_>) -> Option<String> {
        Some(self.out(unit).display().to_string())
    }
}

/// Compiles everything, and gives what the programs print.
fn build(command: &str) -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    let scratch = fs::canonicalize(dir.path()).unwrap();
    let (place, _) = workspace::unpack(include_str!("oracle/real.txt"), &scratch);
    let toolchain = Toolchain::find();
    workspace::lock(&toolchain, &place);
    let graph = compare::ask(&toolchain, &place, &CargoCommand::parse(command));
    let linkage = Linkage::new(&graph);
    let layout = Minimal(&place);
    let mut printed = BTreeSet::new();
    for unit in graph.units() {
        let _ = fs::remove_dir_all(layout.dir());
        fs::create_dir_all(layout.dir()).unwrap();
        if lists(unit) {
            let expected: BTreeSet<_> = linkage.visible(unit).into_iter().collect();
            assert_eq!(followed(&linkage, unit), expected, "{}", unit.label());
        }
        let visible = linkage.visible(unit);
        // Each library gives at least one file, so that either list may stand for the other.
        let owners: BTreeSet<_> = visible.iter().map(|file| file.unit).collect();
        let libraries = linkage.libraries(unit);
        assert!(owners.into_iter().eq(libraries), "{}", unit.label());
        for file in visible {
            let from = layout.out(file.unit).join(&file.file);
            symlink(from, layout.dir().join(&file.file)).unwrap();
        }
        let invocation = rustc_invocation(&linkage, unit, &layout);
        fs::create_dir_all(layout.out(unit)).unwrap();
        let mut rustc = Command::new(&toolchain.rustc);
        rustc
            .args(&invocation.args)
            .envs(&invocation.env)
            .current_dir(&invocation.cwd);
        let output = rustc.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {stderr}", unit.label());
        assert_eq!(made(&layout, unit), announced(unit), "{}", unit.label());
        let kind = unit.target().kind;
        let runs = matches!(kind, TargetKind::Bin | TargetKind::Example);
        if runs && unit.mode == Mode::Build {
            let program = layout.out(unit).join(&unit.products()[0].file);
            let mut run = Command::new(program);
            run.env("LD_LIBRARY_PATH", library_path(&layout, &graph));
            printed.insert(String::from_utf8(run.output().unwrap().stdout).unwrap());
        }
    }
    printed
}

/// Whether a unit keeps a list of the libraries that it is given.
fn lists(unit: UnitRef<'_>) -> bool {
    unit.mode == Mode::Build && !unit.requires_upstream_objects()
}

/// The files that a unit is given, and those of the lists that are beside these.
fn followed<'a>(linkage: &Linkage<'a>, unit: UnitRef<'a>) -> BTreeSet<Visible<'a>> {
    let given = linkage.visible_until(unit, lists);
    let behind: Vec<_> = given
        .iter()
        .filter(|file| lists(file.unit))
        .flat_map(|file| followed(linkage, file.unit))
        .collect();
    given.into_iter().chain(behind).collect()
}

fn announced(unit: UnitRef<'_>) -> BTreeSet<String> {
    unit.products()
        .into_iter()
        .map(|product| product.file)
        .collect()
}

/// What rustc left, but for dep-info.
fn made(layout: &Minimal<'_>, unit: UnitRef<'_>) -> BTreeSet<String> {
    let entries = fs::read_dir(layout.out(unit)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".d")).collect()
}

fn library_path(layout: &Minimal<'_>, graph: &Graph) -> String {
    let sysroot = Toolchain::find()
        .rustc
        .parent()
        .unwrap()
        .with_file_name(format!("lib/rustlib/{}/lib", graph.rustc.host));
    let mut dirs: Vec<String> = graph
        .units()
        .map(|unit| layout.out(unit).display().to_string())
        .collect();
    dirs.push(sysroot.display().to_string());
    dirs.join(":")
}

fn lines(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_units_see_is_enough_in_the_dev_profile() {
    assert_eq!(build("cargo build --all-targets"), lines(&["42", "10"]));
}

#[test]
fn what_units_see_is_enough_with_link_time_optimisation() {
    assert_eq!(build("cargo build --release"), lines(&["42"]));
}

#[test]
fn what_units_see_is_enough_for_dynamic_linking() {
    let command = "RUSTFLAGS='-C prefer-dynamic' cargo build -p with-dynamic";
    assert_eq!(build(command), lines(&["35"]));
}
