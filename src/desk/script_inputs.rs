//! Files that nothing needs, because build scripts have named what they read.
//!
//! A run of a build script can read every file of its package, so that an edit of any of them plans it anew. By cargo's protocol a
//! script that prints `rerun-if-changed` is run again only if what it names changes. At a desk there may be an earlier run that has
//! kept what its script named. A new run that took over what that one had made has shown that this still holds: then an edit of another
//! file, which no compiler reads either, has no effect on any output.

use super::Error;
use super::state::{Record, Unit};
use crate::graph::Mode;
use crate::plan::lower::incremental::{STATE, of_list};
use dyndrv_builder::build_script::named_inputs;
use dyndrv_builder::spec::WORKSPACE;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// What a plan depends on.
#[derive(Clone, Debug, Default)]
pub struct Depends {
    /// The files that planning itself reads.
    pub planning: BTreeSet<String>,
    /// All files.
    pub all: BTreeSet<String>,
}

impl Depends {
    /// The files on which the outputs of a build depend. `base` is the list of states that it started with;
    /// `took_over` says which units turned out to be those of the base.
    ///
    /// # Errors
    ///
    /// If the base is no list of states.
    pub fn needed(
        mut self,
        record: &Record,
        base: &Path,
        took_over: impl Fn(&Unit) -> bool,
    ) -> Result<BTreeSet<String>, Error> {
        let is_run = |unit: &&Unit| unit.mode == Mode::RunCustomBuild && took_over(unit);
        let runs: Vec<&Unit> = record.units.iter().filter(is_run).collect();
        if runs.is_empty() {
            return Ok(self.all);
        }
        let mut named = Vec::new();
        for (id, of_base) in of_list(base)? {
            let id = id.to_string();
            let unit = runs.iter().find(|unit| unit.identity == id);
            let state = of_base.outputs.get(STATE).map(Path::new);
            if let (Some(&unit), Some(names)) = (unit, state.and_then(named_inputs)) {
                named.push((unit, names));
            }
        }
        let unneeded = unneeded(record, &named, &self.planning);
        self.all.retain(|file| !unneeded.contains(file.as_str()));
        Ok(self.all)
    }
}

/// The files that only these runs can read, and that none of them has named.
fn unneeded<'a>(
    record: &'a Record,
    named: &[(&'a Unit, Vec<String>)],
    planning: &BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let is_named = |unit: &Unit| named.iter().any(|(run, _)| run.identity == unit.identity);
    let others = record.units.iter().filter(|unit| !is_named(unit));
    let others = others.flat_map(|unit| &unit.files);
    let read: BTreeSet<&str> = others.map(String::as_str).collect();
    let mut unneeded = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for (unit, names) in named {
        let places: Vec<PathBuf> = names.iter().filter_map(|name| place(unit, name)).collect();
        for file in &unit.files {
            match places
                .iter()
                .any(|place| Path::new(file).starts_with(place))
            {
                true => needed.insert(file.as_str()),
                false => unneeded.insert(file.as_str()),
            };
        }
    }
    unneeded
        .retain(|file| !needed.contains(file) && !read.contains(file) && !planning.contains(*file));
    unneeded
}

/// Where a file that a script has named is, relative to the sources; none if it is not among them.
fn place(unit: &Unit, name: &str) -> Option<PathBuf> {
    let package = Path::new(WORKSPACE).join(unit.directory.as_ref()?);
    let mut place = PathBuf::new();
    for component in package.join(name).components() {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            Component::CurDir => {}
            component => place.push(component),
        }
    }
    Some(place.strip_prefix(WORKSPACE).ok()?.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::desk::kept::tests::record;

    /// A library that reads `a/src/lib.rs`, and the run of its package's script, which can read all of the package.
    fn package() -> Record {
        let mut record = record("library");
        record.units[0].files = vec!["a/src/lib.rs".to_owned()];
        let mut run = record.units[0].clone();
        run.identity = "1".to_owned();
        run.directory = Some("a".to_owned());
        run.mode = Mode::RunCustomBuild;
        let files = [
            "Cargo.toml",
            "README.md",
            "data/x.csv",
            "data/y.csv",
            "src/lib.rs",
        ];
        run.files = files.map(|file| format!("a/{file}")).to_vec();
        record.units.push(run);
        record
    }

    fn unneeded_if_named(names: &[&str]) -> Vec<String> {
        let record = package();
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let planning = BTreeSet::from(["a/Cargo.toml".to_owned()]);
        let found = unneeded(&record, &[(&record.units[1], names)], &planning);
        found.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_script_has_named_is_needed_and_what_others_read() {
        let data = ["a/data/x.csv", "a/data/y.csv"];
        assert_eq!(unneeded_if_named(&["data"]), ["a/README.md"]);
        assert_eq!(
            unneeded_if_named(&["../a/./data/x.csv"]),
            ["a/README.md", data[1]]
        );
        let absolute = format!("{WORKSPACE}/a/README.md");
        assert_eq!(unneeded_if_named(&[&absolute]), data);
        // The package itself; nothing of it.
        assert!(unneeded_if_named(&["."]).is_empty());
        assert_eq!(unneeded_if_named(&["/etc/passwd", "dat"]).len(), 3);
    }

    #[test]
    fn two_scripts_that_see_a_file_must_both_not_need_it() {
        let mut record = package();
        let mut other = record.units[1].clone();
        other.identity = "2".to_owned();
        record.units.push(other);
        let none = BTreeSet::new();
        let (one, two) = (&record.units[1], &record.units[2]);
        // The second has not said what it reads.
        assert!(unneeded(&record, &[(one, Vec::new())], &none).is_empty());
        let named = [(one, Vec::new()), (two, vec!["data".to_owned()])];
        let found: Vec<&str> = unneeded(&record, &named, &none).into_iter().collect();
        assert_eq!(found, ["a/Cargo.toml", "a/README.md"]);
    }
}
