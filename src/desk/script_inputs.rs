//! Files that no unit needs, because build scripts have named what they read.
//!
//! The run of a build script can read every file of its package, so an edit of any of them changes the run's derivation. By cargo's
//! protocol a script that prints `rerun-if-changed` is run again only if a file that it names changes. With a base there is an earlier run,
//! which has kept what its script named. If the last build's run took over the outputs of that run, these names still hold. Then an edit
//! of another file, which no compiler reads either, changes no output, and needs no new plan.

use super::Error;
use super::state::{Record, Unit};
use crate::graph::Mode;
use crate::plan::lower::incremental::{STATE, of_list};
use dyndrv_builder::build_script::named_inputs;
use dyndrv_builder::spec::WORKSPACE;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
            if let (Some(&unit), Some(state)) = (unit, state)
                && let Some(directory) = &unit.directory
                && let Some(places) = named_inputs(state, &Path::new(WORKSPACE).join(directory))
            {
                named.push((unit, places));
            }
        }
        let unneeded = unneeded(record, &named, &self.planning);
        self.all.retain(|file| !unneeded.contains(file.as_str()));
        Ok(self.all)
    }
}

/// The files that only these runs can read, and that are not at or below a place in the sandbox that one of them has named.
fn unneeded<'a>(
    record: &'a Record,
    named: &[(&'a Unit, Vec<PathBuf>)],
    planning: &'a BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let is_named = |unit: &Unit| named.iter().any(|(run, _)| run.identity == unit.identity);
    let others = record.units.iter().filter(|unit| !is_named(unit));
    let others = others.flat_map(|unit| &unit.files);
    let mut needed: BTreeSet<&str> = others.chain(planning).map(String::as_str).collect();
    let mut unneeded = BTreeSet::new();
    for (unit, places) in named {
        for file in &unit.files {
            let at = Path::new(WORKSPACE).join(file);
            let is_needed = places.iter().any(|place| at.starts_with(place));
            let files = if is_needed {
                &mut needed
            } else {
                &mut unneeded
            };
            files.insert(file.as_str());
        }
    }
    unneeded.retain(|file| !needed.contains(file));
    unneeded
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

    /// `places` are relative to the sources.
    fn unneeded_if_named(places: &[&str]) -> Vec<String> {
        let record = package();
        let places = places.iter().map(|place| Path::new(WORKSPACE).join(place));
        let planning = BTreeSet::from(["a/Cargo.toml".to_owned()]);
        let named = [(&record.units[1], places.collect())];
        let found = unneeded(&record, &named, &planning);
        found.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_script_has_named_is_needed_and_what_others_read() {
        let data = ["a/data/x.csv", "a/data/y.csv"];
        assert_eq!(unneeded_if_named(&["a/data"]), ["a/README.md"]);
        assert_eq!(unneeded_if_named(&[data[0]]), ["a/README.md", data[1]]);
        // The package itself, and all of the sources; nothing of them.
        assert!(unneeded_if_named(&["a"]).is_empty());
        assert!(unneeded_if_named(&[""]).is_empty());
        assert_eq!(unneeded_if_named(&["/etc/passwd", "a/dat"]).len(), 3);
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
        let data = Path::new(WORKSPACE).join("a/data");
        let named = [(one, Vec::new()), (two, vec![data])];
        let found: Vec<&str> = unneeded(&record, &named, &none).into_iter().collect();
        assert_eq!(found, ["a/Cargo.toml", "a/README.md"]);
    }
}
