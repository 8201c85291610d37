//! What became of each test, and where two runs of the same tests differ.
//!
//! A test is identified by its executable and its name. A name can occur several times (tests of
//! documentation that stand in one line of a macro), so that each has a sorted list of statuses.
//! The executable itself has an entry, named as its target, if
//!
//! - it has no harness of rustc (`harness = false`): whether it succeeded;
//! - it ended without a failed test to blame: it failed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter, Result};

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Passed,
    Failed,
    Ignored,
}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Ignored => "ignored",
        })
    }
}

/// A test executable, or the tests of a library's documentation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Executable {
    /// Name and version, separated by a space.
    pub package: String,
    /// `lib`, `proc-macro`, `bin x`, `test x`, `example x`, `bench x`.
    pub target: String,
    pub documentation: bool,
}

impl Display for Executable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let documentation = if self.documentation {
            "documentation of "
        } else {
            ""
        };
        write!(f, "{}, {documentation}{}", self.package, self.target)
    }
}

/// What a run of tests came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// How often each was run: a target can be built in several ways.
    pub executables: BTreeMap<Executable, usize>,
    /// By executable and name.
    pub tests: BTreeMap<(Executable, String), Vec<Status>>,
    /// The first lines that tell why a test failed.
    pub reasons: BTreeMap<(Executable, String), String>,
}

impl Outcomes {
    /// An executable was run.
    pub fn ran(&mut self, executable: &Executable) {
        *self.executables.entry(executable.clone()).or_default() += 1;
    }

    /// A test of it was.
    pub fn test(&mut self, executable: &Executable, name: &str, status: Status) {
        let key = (executable.clone(), name.to_owned());
        let statuses = self.tests.entry(key).or_default();
        statuses.push(status);
        statuses.sort();
    }

    /// What a failed test printed.
    pub fn reason(&mut self, executable: &Executable, name: &str, printed: &str) {
        let key = (executable.clone(), name.to_owned());
        self.reasons
            .entry(key)
            .or_insert_with(|| first_error(printed));
    }

    /// Adds those of another run.
    pub fn extend(&mut self, other: Self) {
        for (executable, runs) in other.executables {
            *self.executables.entry(executable).or_default() += runs;
        }
        for ((executable, name), statuses) in other.tests {
            for status in statuses {
                self.test(&executable, &name, status);
            }
        }
        self.reasons.extend(other.reasons);
    }

    /// How many executables were run.
    pub fn runs(&self) -> usize {
        let runs = self.executables.iter();
        runs.filter(|(executable, _)| !executable.documentation)
            .map(|(_, runs)| runs)
            .sum()
    }

    /// How many tests of executables, or of documentation, have the status; all without one.
    pub fn count(&self, documentation: bool, status: Option<Status>) -> usize {
        let tests = self.tests.iter();
        let tests = tests.filter(|((executable, _), _)| executable.documentation == documentation);
        let statuses = tests.flat_map(|(_, statuses)| statuses);
        statuses
            .filter(|found| status.is_none_or(|status| status == **found))
            .count()
    }

    /// The packages of executables, or of libraries with documentation.
    pub fn packages(&self, documentation: bool) -> BTreeSet<&str> {
        let executables = self.executables.keys();
        let executables = executables.filter(|found| found.documentation == documentation);
        executables.map(|found| found.package.as_str()).collect()
    }

    /// How many tests failed, those of documentation too.
    pub fn failures(&self) -> usize {
        [false, true]
            .map(|documentation| self.count(documentation, Some(Status::Failed)))
            .iter()
            .sum()
    }

    /// One line for each test and executable that differs from cargo's.
    pub fn differences(&self, cargos: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let executables: BTreeSet<&Executable> = self.executables.keys().collect();
        for executable in executables.union(&cargos.executables.keys().collect()) {
            let runs = |outcomes: &Self| outcomes.executables.get(executable).copied();
            let (ours, theirs) = (runs(self).unwrap_or(0), runs(cargos).unwrap_or(0));
            // Documentation without any test: cargo says so, and here nothing need be run.
            let silent =
                executable.documentation && !cargos.tests.keys().any(|t| t.0 == **executable);
            if ours != theirs && !silent {
                lines.push(format!(
                    "{executable}: run {theirs} times by cargo, {ours} times here"
                ));
            }
        }
        let tests: BTreeSet<&(Executable, String)> = self.tests.keys().collect();
        for test in tests.union(&cargos.tests.keys().collect()) {
            let (ours, theirs) = (self.tests.get(*test), cargos.tests.get(*test));
            if ours != theirs {
                lines.push(format!(
                    "{}, {}: {} with cargo, {} here{}{}",
                    test.0,
                    test.1,
                    told(theirs),
                    told(ours),
                    because("here", self.reasons.get(*test)),
                    because("cargo", cargos.reasons.get(*test)),
                ));
            }
        }
        lines
    }
}

fn told(statuses: Option<&Vec<Status>>) -> String {
    let words = statuses.iter().copied().flatten().map(Status::to_string);
    let words: Vec<String> = words.collect();
    match words.is_empty() {
        true => "not run".to_owned(),
        false => words.join(" and "),
    }
}

fn because(place: &str, reason: Option<&String>) -> String {
    reason.map_or_else(String::new, |reason| format!("\n    {place}: {reason}"))
}

/// The line of a panic or of an error with the one that follows, or else the first line.
fn first_error(printed: &str) -> String {
    let lines: Vec<&str> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let telling = |line: &&str| line.contains("panicked at") || line.starts_with("error");
    let first = lines.iter().position(telling).unwrap_or(0);
    let lines: Vec<&str> = lines.into_iter().skip(first).take(2).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(target: &str) -> Executable {
        Executable {
            package: "a 1.0.0".to_owned(),
            target: target.to_owned(),
            documentation: false,
        }
    }

    #[test]
    fn a_difference_names_the_package_the_test_and_both_results() {
        let lib = executable("lib");
        let [mut ours, mut cargos] = [Outcomes::default(), Outcomes::default()];
        for outcomes in [&mut ours, &mut cargos] {
            outcomes.ran(&lib);
            outcomes.test(&lib, "same", Status::Failed);
        }
        cargos.ran(&executable("test t"));
        cargos.test(&lib, "a::b", Status::Passed);
        ours.test(&lib, "a::b", Status::Failed);
        ours.reason(
            &lib,
            "a::b",
            "\nthread panicked at src/lib.rs:1:\nno file\nnote",
        );
        cargos.test(&lib, "gone", Status::Ignored);
        assert_eq!(
            ours.differences(&cargos),
            [
                "a 1.0.0, test t: run 1 times by cargo, 0 times here",
                "a 1.0.0, lib, a::b: passed with cargo, failed here\n    here: thread panicked at src/lib.rs:1: no file",
                "a 1.0.0, lib, gone: ignored with cargo, not run here",
            ]
        );
        assert!(ours.differences(&ours).is_empty());
    }
}
