//! Trees of files.

use dyndrv::depinfo::{Cfg, Package, Request, Unit, UnitKind, scan as scan_tree};
use dyndrv_builder::sandbox::bundle::{self, Bundle, Kind};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

static TREE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let tree = tempfile::tempdir().expect("a directory for the sources");
    fs::create_dir(tree.path().join("src")).expect("a directory");
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
    fs::write(root.join(path), bytes).expect("a file");
}

/// The scanner on arbitrary bytes as a crate root, a module and a build script.
pub fn scan(bytes: &[u8]) {
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
    let scan = scan_tree(&request).expect("a tree of plain files can be scanned");
    assert!(scan.units[0].files.contains_key("src/lib.rs"));
}

/// A directory that holds `to`, where something is unpacked, and nothing else.
fn unpacked(unpack: impl FnOnce(&Path)) {
    let around = tempfile::tempdir().expect("a directory");
    let to = around.path().join("to");
    unpack(&to);
    let entries = fs::read_dir(around.path()).expect("the directory");
    for entry in entries {
        let name = entry.expect("an entry").file_name();
        assert!(
            name == "to" || name == "a.crate",
            "{name:?} beside the directory"
        );
    }
    let real = fs::canonicalize(around.path()).expect("the directory");
    if let Ok(top) = fs::read_dir(&to) {
        let mut todo: Vec<_> = top.flatten().collect();
        while let Some(entry) = todo.pop() {
            if let Ok(below) = fs::read_dir(entry.path())
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                todo.extend(below.flatten());
            }
            // A link may be broken, but leads to no place outside.
            if let Ok(end) = fs::canonicalize(entry.path()) {
                assert!(
                    end.starts_with(real.join("to")),
                    "{}",
                    entry.path().display()
                );
            }
        }
    }
}

/// The members of an archive, which is compressed here.
pub fn archive(members: &[u8]) {
    unpacked(|to| {
        let file = to.with_file_name("a.crate");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(members).expect("memory");
        fs::write(&file, encoder.finish().expect("memory")).expect("a file");
        let _ = dyndrv_builder::sandbox::archive::unpack(&file, to);
    });
}

/// A bundle that can be read has entries below the directory, and one spelling of them.
pub fn bundle(bytes: &[u8]) {
    let Ok(read) = Bundle::read(bytes) else {
        return;
    };
    let entries = read.entries().to_vec();
    for entry in &entries {
        assert!(
            entry
                .path
                .split('/')
                .all(|name| !matches!(name, "" | "." | ".."))
        );
    }
    let around = tempfile::tempdir().expect("a directory");
    let to = around.path().join("to");
    // Sources may have links that lead out; the planner does not follow them.
    let unpacked = read.unpack(&to);
    let beside = fs::read_dir(around.path()).expect("the directory").count();
    assert_eq!(beside, 1);
    if unpacked.is_ok() {
        let contents: BTreeMap<&str, Vec<u8>> = entries
            .iter()
            .filter(|entry| matches!(entry.kind, Kind::File { .. }))
            .map(|entry| {
                (
                    entry.path.as_str(),
                    fs::read(to.join(&entry.path)).expect("a file"),
                )
            })
            .collect();
        let mut written = Vec::new();
        let open = |path: &str| Ok(contents[path].as_slice());
        bundle::write(&entries, open, &mut written).expect("what was read");
        let again = Bundle::read(written.as_slice()).expect("what was written");
        assert_eq!(again.entries(), entries);
    }
}
