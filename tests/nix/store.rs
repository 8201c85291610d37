//! A store for one test, which has what builds start from and nothing else.

use crate::project::{self, Project};
use crate::second_store;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A store in a directory. What builds start from is rooted in it.
pub struct Store {
    dir: TempDir,
}

/// What was in a store.
pub struct Snapshot {
    dir: TempDir,
    start: BTreeSet<String>,
}

fn run(program: &str, options: &[&str], paths: &[&Path]) {
    let mut command = Command::new(program);
    let status = command.args(options).args(paths).status().unwrap();
    assert!(status.success(), "{command:?}");
}

impl Store {
    /// A store with what builds start from.
    pub fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// The same, below this directory.
    pub fn new_in(parent: &Path) -> Self {
        let store = Self {
            dir: tempfile::tempdir_in(parent).unwrap(),
        };
        let roots = second_store::fill(store.path(), &[]);
        store.root("start", roots);
        store
    }

    /// What is in the store now, to be brought back. What `start` names is not part of it, and has to stay.
    pub fn snapshot(&self, start: &BTreeSet<String>) -> Snapshot {
        let snapshot = Snapshot {
            dir: tempfile::tempdir_in(self.path()).unwrap(),
            start: start.clone(),
        };
        // Files are never changed in place.
        self.transfer(&self.path().join("nix"), snapshot.dir.path(), start);
        snapshot
    }

    /// Brings back what was in the store then.
    pub fn restore(&self, snapshot: &Snapshot) {
        let nix = self.path().join("nix");
        for path in self.entries() {
            if !snapshot.start.contains(&path) {
                run("rm", &["-rf"], &[&self.file(&path)]);
            }
        }
        run("rm", &["-rf"], &[&nix.join("var")]);
        self.transfer(snapshot.dir.path(), &nix, &snapshot.start);
    }

    fn transfer(&self, from: &Path, to: &Path, but: &BTreeSet<String>) {
        std::fs::create_dir_all(to.join("store")).unwrap();
        for entry in std::fs::read_dir(from.join("store")).unwrap() {
            let name = entry.unwrap().file_name();
            if !but.contains(&format!("/nix/store/{}", name.display())) {
                let (from, to) = (from.join("store").join(name), to.join("store"));
                run("cp", &["-al"], &[&from, &to]);
            }
        }
        run("cp", &["-a"], &[&from.join("var"), to]);
    }

    /// All that is in the directory of the store, as store paths.
    fn entries(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.path().join("nix/store")).unwrap();
        let names =
            entries.map(|entry| format!("/nix/store/{}", entry.unwrap().file_name().display()));
        names.filter(|path| path != "/nix/store/.links").collect()
    }

    /// The directory, for `--store`.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where a store path is on this machine.
    pub fn file(&self, store_path: &str) -> PathBuf {
        self.path().join(store_path.trim_start_matches('/'))
    }

    /// Runs a program of the store, and gives what it prints.
    pub fn run(&self, program: &Path) -> String {
        let mut program = self.file(&program.display().to_string());
        // A link leads to where the object is for builds.
        while let Ok(target) = std::fs::read_link(&program) {
            program = self.file(&target.display().to_string());
        }
        let output = Command::new(program).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Options for Nix.
    pub fn options(&self) -> Vec<String> {
        vec!["--store".to_owned(), self.path().display().to_string()]
    }

    /// Calls Nix with this store.
    pub fn try_nix(&self, arguments: &[&str]) -> Output {
        let mut command = project::nix();
        command.args(arguments).args(self.options());
        command.output().unwrap()
    }

    /// Calls Nix with this store, expects success, and gives what it prints.
    pub fn nix(&self, arguments: &[&str]) -> String {
        let output = self.try_nix(arguments);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {log}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Replaces the roots of this name.
    pub fn root(&self, name: &str, paths: impl IntoIterator<Item = String>) {
        let roots = self.path().join("nix/var/nix/gcroots").join(name);
        if roots.exists() {
            std::fs::remove_dir_all(&roots).unwrap();
        }
        std::fs::create_dir_all(&roots).unwrap();
        for (number, path) in paths.into_iter().enumerate() {
            symlink(path, roots.join(number.to_string())).unwrap();
        }
    }

    /// Collects garbage with these settings.
    pub fn collect(&self, settings: &[(&str, bool)]) {
        let mut arguments = vec!["store", "gc"];
        for (name, value) in settings {
            arguments.extend(["--option", name, if *value { "true" } else { "false" }]);
        }
        self.nix(&arguments);
    }

    /// All paths, and for each the paths that it refers to.
    pub fn references(&self) -> BTreeMap<String, BTreeSet<String>> {
        let text = self.nix(&["path-info", "--all", "--json", "--json-format", "2"]);
        let document: Value = serde_json::from_str(&text).unwrap();
        let full = |name: &str| format!("/nix/store/{}", name.rsplit('/').next().unwrap());
        let paths = document["info"].as_object().unwrap().iter();
        paths
            .map(|(path, info)| {
                let references = info["references"].as_array().unwrap().iter();
                let references = references.map(|path| full(path.as_str().unwrap()));
                (full(path), references.collect())
            })
            .collect()
    }

    /// Deletes paths and all that refers to them, rooted or not; returns what is gone.
    pub fn delete(&self, paths: &BTreeSet<String>) -> BTreeSet<String> {
        let references = self.references();
        let mut gone: BTreeSet<String> = paths
            .iter()
            .filter(|path| references.contains_key(*path))
            .cloned()
            .collect();
        loop {
            let refers = |of: &BTreeSet<String>| !of.is_disjoint(&gone);
            let more: Vec<String> = references
                .iter()
                .filter(|(path, of)| !gone.contains(*path) && refers(of))
                .map(|(path, _)| path.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        if !gone.is_empty() {
            let mut arguments = vec!["store", "delete", "--ignore-liveness"];
            arguments.extend(gone.iter().map(String::as_str));
            self.nix(&arguments);
        }
        gone
    }

    /// Expects that every object is what it was registered as, and that nothing else is in the store.
    pub fn is_sound(&self) {
        self.nix(&["store", "verify", "--all", "--no-trust"]);
        let valid: BTreeSet<String> = self.references().into_keys().collect();
        let left: Vec<String> = self.entries().difference(&valid).cloned().collect();
        assert!(left.is_empty(), "not registered: {left:?}");
    }

    /// Has a project built in this store.
    pub fn takes(&self, project: &mut Project) {
        project.options = self.options();
    }
}
