//! A machine that fails: one error that says why, and the next build is right.
//!
//! | what fails | the build |
//! |---|---|
//! | the disk is full | stops; the next one with more room is right |
//! | there is no memory | stops; the next one with more memory is right |
//! | the store is read-only | stops before it builds anything |
//! | there is no network | is not affected |
//! | the clock is off by decades | is not affected: the outputs are the same |
//! | a store object is damaged | stops where it is read; after its deletion the next one makes it again |

use crate::clock;
use crate::project::{self, Build, Project};
use crate::second_store;
use crate::store::Store;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const MAIN: &str = "program/src/main.rs";
const WORD: &str = "word/src/lib.rs";

/// The units of `small`.
const UNITS: [&str; 4] = [
    "program-0.1.0-bin-program",
    "word-0.1.0-build-script",
    "word-0.1.0-build-script-run",
    "word-0.1.0-lib",
];

/// A program, and a library whose build script has something to compile and to say.
fn small() -> Project {
    let package = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    let program = package("program") + "[dependencies]\nword = { path = \"../word\" }\n";
    let nonce = project::fresh();
    Project::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"word\", \"program\"]\nresolver = \"3\"\n",
        ),
        ("program/Cargo.toml", &program),
        (MAIN, "fn main() { println!(\"{}\", word::WORD); }\n"),
        ("word/Cargo.toml", &package("word")),
        (
            "word/build.rs",
            &format!("fn main() {{ println!(\"cargo::rustc-env=WORD=well\"); }} // {nonce}\n"),
        ),
        (
            WORD,
            &format!("pub const WORD: &str = env!(\"WORD\"); // {nonce}\n"),
        ),
    ])
    .locked()
}

/// Builds, and expects that it fails with one of these texts.
fn fails(project: &Project, expected: &[&str]) -> String {
    let log = match project.try_build() {
        Ok(build) => panic!("built {}", build.out.display()),
        Err(log) => log,
    };
    assert!(
        expected.iter().any(|text| log.contains(text)),
        "none of {expected:?} in:\n{log}"
    );
    assert!(
        !log.contains("panicked at src") && !log.contains("panicked at builder"),
        "{log}"
    );
    log
}

/// Builds, expects success, and that the program says what it is to say.
fn is_well(store: &Store, project: &Project) -> Build {
    let build = project.build();
    assert_eq!(store.run(&build.out.join("bin/program")), "well\n");
    store.nix(&["store", "verify", "--all", "--no-trust"]);
    build
}

/// A command that runs what follows it after this script.
fn after(script: &str) -> Vec<String> {
    ["sh", "-c", &format!("{script}; exec \"$@\""), "sh"]
        .map(str::to_owned)
        .to_vec()
}

/// A file system in memory, until this value goes.
struct InMemory<'a>(&'a Path);

impl<'a> InMemory<'a> {
    fn mount(directory: &'a Path) -> Self {
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8g", "tmpfs"])
            .arg(directory));
        Self(directory)
    }

    /// How much is in use, in KiB.
    fn used(&self) -> u64 {
        let text = run(Command::new("df").args(["-k", "--output=used"]).arg(self.0));
        text.lines().nth(1).unwrap().trim().parse().unwrap()
    }

    /// Leaves this much room, in KiB.
    fn leave(&self, room: u64) {
        let size = format!("remount,size={}k", self.used() + room);
        run(Command::new("mount").args(["-o", &size]).arg(self.0));
    }
}

impl Drop for InMemory<'_> {
    fn drop(&mut self) {
        // What is still open goes with its processes.
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_full_disk_stops_the_build_and_spoils_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = InMemory::mount(directory.path());
    let store = Store::new_in(directory.path());
    let mut project = small();
    store.takes(&mut project);
    is_well(&store, &project);
    // Everything again, with more and more room, until it is enough.
    project = small();
    store.takes(&mut project);
    let rooms = (6..).map(|power| 1 << power);
    let mut failures = 0;
    for room in rooms {
        disk.leave(room);
        let Err(log) = project.try_build() else { break };
        let full = ["No space left on device", "disk is full"];
        assert!(
            full.iter().any(|text| log.contains(text)),
            "{room} KiB: {log}"
        );
        failures += 1;
    }
    assert!(failures > 2, "{failures}");
    println!("a full disk: {failures} builds failed");
    disk.leave(1_000_000);
    let build = is_well(&store, &project);
    assert_eq!((build.units, build.steps), (vec![], vec![]));
    store.collect(&[]);
    store.is_sound();
}

#[test]
fn without_memory_the_build_stops_and_spoils_nothing() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    for kilobytes in [60_000, 150_000, 250_000, 350_000] {
        project.starter = after(&format!("ulimit -v {kilobytes}"));
        fails(&project, &["error"]);
    }
    project.starter = Vec::new();
    is_well(&store, &project);
    store.is_sound();
}

#[test]
fn a_read_only_store_is_refused_before_anything_is_built() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    let path = store.path().display();
    project.starter = vec!["unshare".into(), "--mount".into()];
    project.starter.extend(after(&format!(
        "mount --bind '{path}' '{path}' && mount -o remount,bind,ro '{path}'"
    )));
    fails(&project, &["Read-only file system", "remounting"]);
    project.starter = Vec::new();
    assert_eq!(is_well(&store, &project).units, UNITS);
    store.is_sound();
}

#[test]
fn no_network_does_not_matter() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    project.starter = ["unshare", "--net"].map(str::to_owned).to_vec();
    assert_eq!(is_well(&store, &project).units, UNITS);
    // A cache that cannot be reached is not needed either.
    let options = ["--option", "substituters", "http://127.0.0.1:9"];
    project.options.extend(options.map(str::to_owned));
    project.write(WORD, &(project.read(WORD) + "// edited\n"));
    is_well(&store, &project);
}

#[test]
fn a_clock_that_is_off_by_decades_changes_no_output() {
    const DECADES: [i64; 2] = [70 * 365 * 86_400, -40 * 365 * 86_400];
    let mut project = small();
    let here = second_store::outputs(&project);
    for offset in DECADES {
        let store = Store::new();
        let library = clock::library(store.path(), offset);
        store.takes(&mut project);
        project.options.extend([
            "--option".to_owned(),
            "extra-sandbox-paths".to_owned(),
            clock::sandbox_paths(store.path()),
        ]);
        project.starter = vec!["env".into(), format!("LD_PRELOAD={library}")];
        // The build script would see it.
        let mut witness = small();
        witness.options.clone_from(&project.options);
        witness.write(
            "word/build.rs",
            "fn main() { panic!(\"the clock: {:?}\", std::time::SystemTime::now()); }\n",
        );
        let seconds = project::fresh() as i64 / 1_000_000_000 + offset;
        // Minutes do not matter.
        let seconds = (seconds / 100_000).to_string();
        fails(&witness, &[&format!("tv_sec: {seconds}")]);
        let there = second_store::outputs(&project);
        assert_eq!(
            here.keys().collect::<Vec<_>>(),
            there.keys().collect::<Vec<_>>()
        );
        assert_eq!(here, there);
    }
}

#[test]
fn a_damaged_object_is_named_and_after_its_deletion_made_again() {
    let store = Store::new();
    let mut project = small();
    store.takes(&mut project);
    let result = is_well(&store, &project).out;
    let outputs = second_store::outputs(&project);
    let (drv, of_word) = outputs
        .iter()
        .find(|(drv, _)| drv.contains("-crate-word-0.1.0-lib-"))
        .unwrap();
    let library = &of_word["out"];
    let damage = |path: &str| {
        let path = store.file(path);
        let file = if path.is_dir() {
            let files = walkdir::WalkDir::new(&path).into_iter().map(Result::unwrap);
            let mut files = files.filter(|entry| entry.file_type().is_file());
            files.next().unwrap().into_path()
        } else {
            path
        };
        let text = std::fs::read(&file).unwrap();
        std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    };
    for (path, expected) in [(library, "word"), (drv, "-crate-word-0.1.0-lib-")] {
        damage(path);
        let verified = store.try_nix(&["store", "verify", "--all", "--no-trust"]);
        assert!(!verified.status.success());
        let log = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(log.contains(path.as_str()), "{log}");
        let before = project.read(MAIN);
        project.write(MAIN, &format!("{before}// {}\n", project::fresh()));
        if path == drv {
            store.delete(&BTreeSet::from([library.clone()]));
        }
        fails(&project, &[expected]);
        let gone = store.delete(&BTreeSet::from([path.clone()]));
        assert!(gone.contains(path));
        let build = is_well(&store, &project);
        assert_eq!(build.units, ["program-0.1.0-bin-program", "word-0.1.0-lib"]);
        project.write(MAIN, &before);
        assert_eq!(is_well(&store, &project).out, result);
        store.is_sound();
    }
}
