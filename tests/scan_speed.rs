//! How fast the scanner is, beside `rustc --emit=dep-info`, and that it scales linearly.
//! Run by `bench/scan`; the timings are printed, and only gross failures fail.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dyndrv::depinfo::{Cfg, Package, Request, Unit, UnitKind, scan};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn unit(package: usize, name: &str, crate_root: &str, kind: UnitKind) -> Unit {
    let cfg = Command::new("rustc")
        .args(["--print", "cfg"])
        .output()
        .unwrap();
    Unit {
        package,
        name: name.to_owned(),
        crate_root: crate_root.to_owned(),
        kind,
        cfg: Cfg::from_rustc(&String::from_utf8(cfg.stdout).unwrap()),
        macro_packages: Default::default(),
        extra_sources: Vec::new(),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn time(request: &Request, runs: usize) -> Duration {
    let run = |_| {
        let begin = Instant::now();
        scan(request).unwrap();
        begin.elapsed()
    };
    median((0..runs).map(run).collect())
}

/// What all threads of this process have used so far, in steps of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11..13]
        .iter()
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn cargo_source() -> Option<PathBuf> {
    let cache = std::env::var_os("DYNDRV_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/dyndrv")))?;
    let source = cache.join("scan-corpus/src/cargo-0.96.0");
    source.exists().then_some(source)
}

#[test]
#[ignore = "needs the corpus of bench/scan-corpus"]
fn the_cargo_package() {
    let root = cargo_source().expect("no corpus: run bench/scan-corpus first");
    let request = Request {
        root: root.clone().into(),
        packages: vec![Package {
            name: "cargo".to_owned(),
            version: "0.96.0".to_owned(),
            build_script: Some("build.rs".to_owned()),
            ..Package::default()
        }],
        units: vec![
            unit(0, "cargo", "src/cargo/lib.rs", UnitKind::Lib),
            unit(0, "cargo", "src/bin/cargo/main.rs", UnitKind::Bin),
            unit(0, "build-script-build", "build.rs", UnitKind::BuildScript),
            unit(
                0,
                "build-script-build",
                "build.rs",
                UnitKind::RunBuildScript,
            ),
        ],
        ..Request::default()
    };
    let begin = Instant::now();
    let result = scan(&request).unwrap();
    let first = begin.elapsed();
    let files: usize = result.units.iter().map(|unit| unit.files.len()).sum();
    let before = cpu_time();
    let median = time(&request, 21);
    let cpu = (cpu_time() - before) / 21;
    println!(
        "cargo package: {files} listed files, first scan {first:?}, median of 21 {median:?}, CPU time {cpu:?} each"
    );
    assert!(
        cpu < Duration::from_millis(300),
        "a scan takes {cpu:?} on two cores"
    );
    println!(
        "rustc --emit=dep-info, library alone: {:?}",
        dep_info(&root)
    );
    assert!(result.units[0].files.len() > 150);
}

fn dep_info(root: &Path) -> Duration {
    let out = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    // It fails, for it has no dependencies, but writes its dep-info.
    Command::new("rustc")
        .current_dir(root)
        .args([
            "--crate-name",
            "cargo",
            "--edition=2024",
            "--crate-type",
            "lib",
            "src/cargo/lib.rs",
        ])
        .args(["--emit=dep-info", "--out-dir"])
        .arg(out.path())
        .output()
        .unwrap();
    begin.elapsed()
}

/// A workspace of packages with a library of 11 files, a binary and a test.
fn synthetic(root: &Path, packages: usize) -> Request {
    let mut request = Request {
        root: root.into(),
        ..Request::default()
    };
    let function = "/// Adds.\npub fn f(a: usize) -> usize { assert!(a < 1_000, \"{a} is too much\"); a + 1 }\n".repeat(60);
    for number in 0..packages {
        let dir = format!("crates/p{number}");
        for below in ["src/bin", "tests"] {
            std::fs::create_dir_all(root.join(&dir).join(below)).unwrap();
        }
        let mut lib = String::new();
        for module in 0..10 {
            lib.push_str(&format!("pub mod m{module};\n"));
            std::fs::write(root.join(format!("{dir}/src/m{module}.rs")), &function).unwrap();
        }
        for (path, text) in [
            ("Cargo.toml", "[package]\n"),
            ("src/lib.rs", &*lib),
            ("src/bin/b.rs", "fn main() {}\n"),
            ("tests/t.rs", "#[test] fn t() {}\n"),
        ] {
            std::fs::write(root.join(&dir).join(path), text).unwrap();
        }
        request.packages.push(Package {
            name: format!("p{number}"),
            version: "0.1.0".to_owned(),
            dir: dir.clone(),
            ..Package::default()
        });
        let cfg = Cfg::from_rustc("unix\n");
        for (root, kind) in [
            ("src/lib.rs", UnitKind::Lib),
            ("src/bin/b.rs", UnitKind::Bin),
            ("tests/t.rs", UnitKind::Test),
        ] {
            request.units.push(Unit {
                package: number,
                name: format!("p{number}"),
                crate_root: format!("{dir}/{root}"),
                kind,
                cfg: cfg.clone(),
                macro_packages: Default::default(),
                extra_sources: Vec::new(),
            });
        }
    }
    request
}

#[test]
fn a_workspace_of_1000_packages_takes_ten_times_as_long_as_one_of_100() {
    let dir = tempfile::tempdir().unwrap();
    let request = synthetic(dir.path(), 1000);
    let mut small = request.clone();
    small.packages.truncate(100);
    small.units.truncate(300);
    let (small, large) = (time(&small, 9), time(&request, 5));
    println!("100 packages: {small:?}, 1000 packages: {large:?}");
    // Generous, for the machine may be busy; quadratic would be a hundred.
    assert!(
        large < small * 40,
        "100 packages take {small:?}, 1000 take {large:?}"
    );
    let lists = scan(&request).unwrap();
    assert!(
        lists
            .units
            .iter()
            .step_by(3)
            .all(|unit| unit.files.len() == 11)
    );
}
