//! Reads what rustc's test harness prints.
//!
//! The format is the default one, of which the lines used here have been the same
//! since Rust 1.0: `running N tests`, `test NAME ... ok`, `test result: …`. A test
//! that prints to the terminal behind the harness's back can tear a line apart, so the
//! counts come from the summary lines, and the names may be fewer. One that prints lines of
//! this format, as trybuild does for each file, adds no name: see [`is_name`].

use crate::report::{Case, Counts, Status};

/// The output of the harness.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The tests that it named, sorted.
    pub cases: Vec<Case>,
    /// The sums of its summary lines.
    pub counts: Counts,
    /// How many summary lines there are fewer than beginnings.
    pub incomplete: bool,
}

/// Reads the output of a test executable, or of several in a row.
pub fn parse(text: &str) -> Output {
    let mut output = Output::default();
    let (mut begun, mut ended) = (0, 0);
    for line in text.lines() {
        if is_beginning(line) {
            begun += 1;
        } else if let Some(summary) = line.strip_prefix("test result: ") {
            ended += 1;
            add_counts(&mut output.counts, summary);
        } else if let Some(rest) = line.strip_prefix("test ") {
            output.cases.extend(case(rest));
        }
    }
    output.cases.sort();
    output.incomplete = ended < begun;
    output
}

fn is_beginning(line: &str) -> bool {
    line.strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or(rest.strip_suffix(" test")))
        .is_some_and(|count| count.parse::<u64>().is_ok())
}

/// The tests that `--list --format=terse` names.
pub fn listed(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_string).collect()
}

/// The output of each failed test, by its name: the sections `---- NAME stdout ----`.
pub fn outputs_of_failed(text: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let name = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" stdout ----"));
        if let Some(name) = name {
            sections.push((name, String::new()));
            inside = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            inside = false;
        } else if let Some((_, section)) = sections.last_mut().filter(|_| inside) {
            section.push_str(line);
            section.push('\n');
        }
    }
    sections
}

/// A test and its result.
fn case(rest: &str) -> Option<Case> {
    let (name, result) = rest.rsplit_once(" ... ")?;
    // What is expected of it, which is no part of its name.
    let name = [" - should panic", " - compile fail", " - compile"]
        .iter()
        .find_map(|expected| name.strip_suffix(expected))
        .unwrap_or(name);
    if !is_name(name) {
        return None;
    }
    let status = match result.split([',', ' ', '<']).next().unwrap_or_default() {
        "ok" | "bench:" => Status::Passed,
        "FAILED" => Status::Failed,
        "ignored" => Status::Ignored,
        _ => return None,
    };
    let name = name.to_string();
    Some(Case { name, status })
}

/// Whether the harness can have a test of this name: a path of Rust, such as `a::b`, or, for an
/// example in documentation, the place `FILE - a::b (line 3)`.
fn is_name(name: &str) -> bool {
    let is_place = name.ends_with(')') && name.contains(" (line ");
    is_place || !name.contains([' ', '/'])
}

/// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn add_counts(counts: &mut Counts, summary: &str) {
    let fields = summary.split_once(". ").map_or("", |(_, rest)| rest);
    for field in fields.split("; ") {
        let Some((number, what)) = field.split_once(' ') else {
            continue;
        };
        let number: u64 = number.parse().unwrap_or(0);
        match what {
            "passed" | "measured" => counts.passed += number,
            "failed" => counts.failed += number,
            "ignored" => counts.ignored += number,
            "filtered out" => counts.filtered += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_listed_without_benchmarks() {
        assert_eq!(listed("a::b: test\nc: benchmark\n"), ["a::b"]);
    }

    fn named(cases: &[Case]) -> Vec<(&str, Status)> {
        cases.iter().map(|c| (c.name.as_str(), c.status)).collect()
    }

    #[test]
    fn names_and_counts_of_a_run() {
        let output = parse(
            "\nrunning 4 tests\n\
             test tests::b ... ok\n\
             test tests::a - should panic ... ok\n\
             test slow ... ignored, takes an hour\n\
             test bad ... FAILED\n\
             \nfailures:\n\n---- bad stdout ----\ntest of x ... is not a result line\n\n\
             test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
        );
        assert_eq!(
            named(&output.cases),
            [
                ("bad", Status::Failed),
                ("slow", Status::Ignored),
                ("tests::a", Status::Passed),
                ("tests::b", Status::Passed),
            ]
        );
        assert_eq!(output.counts.passed, 2);
        assert_eq!(output.counts.failed, 1);
        assert_eq!(output.counts.ignored, 1);
        assert_eq!(output.counts.filtered, 7);
        assert!(!output.incomplete);
    }

    #[test]
    fn lines_of_trybuild_are_no_tests() {
        let output = parse(
            "running 1 test\ntest tests/ui/a.rs [should fail to compile] ... ok\n\
             test tests/ui/b.rs ... mismatch\ntest ui ... ok\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.0s\n",
        );
        assert_eq!(named(&output.cases), [("ui", Status::Passed)]);
    }

    #[test]
    fn what_failed_tests_printed_is_told_apart() {
        let text = "\nfailures:\n\n---- a stdout ----\none\n\n---- b::c stdout ----\ntwo\n\n\
                    failures:\n    a\n    b::c\n\ntest result: FAILED. 0 passed; 2 failed\n";
        let outputs = outputs_of_failed(text);
        let outputs: Vec<(&str, &str)> = outputs.iter().map(|(n, t)| (*n, t.trim())).collect();
        assert_eq!(outputs, [("a", "one"), ("b::c", "two")]);
        assert!(outputs_of_failed("test a ... ok\n").is_empty());
    }

    #[test]
    fn documentation_tests_come_in_several_groups() {
        let output = parse(
            "running 1 test\ntest src/lib.rs - a (line 3) ... ok\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\
             running 2 tests\ntest src/lib.rs - b (line 9) - compile fail ... ok\ntest src/lib.rs - c (line 12) ... ignored\n\
             test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.2s\n\
             all doctests ran in 0.31s; merged doctests compilation took 0.20s\n",
        );
        assert_eq!(output.counts.passed, 2);
        assert_eq!(output.counts.ignored, 1);
        assert_eq!(output.cases.len(), 3);
    }

    #[test]
    fn a_run_that_dies_is_incomplete() {
        // With one thread the name is printed before the test is run.
        let output = parse("running 2 tests\ntest a ... ok\ntest b ... thread 'b' has overflowed");
        assert!(output.incomplete);
        assert_eq!(named(&output.cases), [("a", Status::Passed)]);
        assert!(!parse("").incomplete);
    }
}
