//! The scanner on arbitrary bytes as a crate root, a module and a build script.
//!
//!     cargo +nightly fuzz run scan

#![no_main]

use dyndrv::depinfo::{Cfg, Package, Request, Unit, UnitKind, scan};
use dyndrv_builder::rustc::dep_info;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;

static TREE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let tree = tempfile::tempdir().expect("a directory for the sources");
    std::fs::create_dir(tree.path().join("src")).expect("a directory");
    tree
});

fn unit(crate_root: &str, kind: UnitKind) -> Unit {
    Unit {
        package: 0,
        name: "p".to_owned(),
        crate_root: crate_root.to_owned(),
        kind,
        cfg: Cfg::from_rustc("unix\n"),
        macro_packages: Default::default(),
        extra_sources: Vec::new(),
    }
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    std::fs::write(root.join(path), bytes).expect("a file");
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = dep_info::files(text);
    }
    let root = TREE.path();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    write(root, "src/lib.rs", bytes);
    write(root, "src/a.rs", first);
    write(root, "build.rs", second);
    let request = Request {
        root: root.into(),
        packages: vec![Package {
            build_script: Some("build.rs".to_owned()),
            ..Package::default()
        }],
        units: vec![
            unit("src/lib.rs", UnitKind::Lib),
            unit("build.rs", UnitKind::RunBuildScript),
        ],
        ..Request::default()
    };
    let scan = scan(&request).expect("a tree of plain files can be scanned");
    assert!(scan.units[0].files.contains_key("src/lib.rs"));
});
