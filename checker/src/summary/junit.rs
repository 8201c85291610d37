//! Results of tests in the XML format that CI servers read.

use crate::libtest;
use crate::report::{Report, Run, Status};
use dyndrv_builder::error::{Error, Result};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// An executable.
pub struct Suite<'a> {
    /// The report.
    pub report: &'a Report,
    /// When, and how long.
    pub run: &'a Run,
    /// Its output, if it failed.
    pub printed: String,
}

/// One document with a suite for each executable.
///
/// A test that failed is a `failure` with what it printed. An executable that failed
/// without a failed test to blame, as it died, hung, or has no harness, is an `error`
/// (of a test without harness: a `failure`) with all that was printed.
pub fn document(suites: &[Suite<'_>]) -> Result<String> {
    let mut document = quick_junit::Report::unnamed();
    document.add_test_suites(suites.iter().map(test_suite));
    document
        .to_string()
        .map_err(|e| Error::new(format!("cannot write junit.xml: {e}")))
}

fn test_suite(suite: &Suite<'_>) -> TestSuite {
    let Suite { report, run, .. } = suite;
    let name = format!("{} {}", report.package, report.target);
    let time = Duration::try_from_secs_f64(run.seconds).unwrap_or_default();
    let mut cases = cases(suite);
    for case in &mut cases {
        case.set_classname(name.as_str());
    }
    let mut written = TestSuite::new(name);
    written.set_time(time);
    if let (true, [only]) = (report.custom, cases.as_mut_slice()) {
        only.set_time(time);
    }
    written.add_test_cases(cases);
    written
}

fn cases(suite: &Suite<'_>) -> Vec<TestCase> {
    let report = suite.report;
    let why = report.failure.join("; ");
    let failed = !why.is_empty();
    if report.custom {
        let status = match failed {
            true => non_success(NonSuccessKind::Failure, &why, &suite.printed),
            false => TestCaseStatus::success(),
        };
        return vec![TestCase::new(report.target.as_str(), status)];
    }
    let printed = libtest::outputs_of_failed(&suite.printed);
    let of_harness = report.cases.iter().map(|case| {
        let status = match case.status {
            Status::Passed => TestCaseStatus::success(),
            Status::Failed => {
                let own = printed.iter().find(|(name, _)| *name == case.name);
                let own = own.map_or("", |(_, text)| text);
                non_success(NonSuccessKind::Failure, "failed", own)
            }
            Status::Ignored => TestCaseStatus::skipped(),
        };
        TestCase::new(case.name.as_str(), status)
    });
    let mut cases: Vec<TestCase> = of_harness.collect();
    let blamed = report.cases.iter().any(|c| c.status == Status::Failed);
    if failed && !(blamed && is_complete(suite)) {
        let status = non_success(NonSuccessKind::Error, &why, &suite.printed);
        cases.push(TestCase::new(report.target.as_str(), status));
    }
    cases
}

/// Whether the harness came to its end, so that its failed tests are the whole matter.
fn is_complete(suite: &Suite<'_>) -> bool {
    !libtest::parse(&suite.printed).incomplete
}

fn non_success(kind: NonSuccessKind, message: &str, printed: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_description(printed.trim());
    status
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::report::Case;

    fn suite<'a>(report: &'a Report, run: &'a Run, printed: &str) -> Suite<'a> {
        let printed = printed.to_string();
        Suite {
            report,
            run,
            printed,
        }
    }

    #[test]
    fn failures_have_what_was_printed() {
        let failing = |custom, cases: &[(&str, Status)]| Report {
            package: "a 1.0.0".to_string(),
            target: "test t".to_string(),
            custom,
            cases: cases
                .iter()
                .map(|(name, status)| Case {
                    name: name.to_string(),
                    status: *status,
                })
                .collect(),
            failure: vec!["it <failed>".to_string()],
            ..Report::default()
        };
        let run = Run::default();
        let document =
            |report: &Report, printed: &str| document(&[suite(report, &run, printed)]).unwrap();
        let text = document(
            &failing(false, &[("bad", Status::Failed), ("good", Status::Passed)]),
            "running 2 tests\n---- bad stdout ----\n1 < 2\u{1b}\n\ntest result: FAILED. 1 passed; 1 failed\n",
        );
        assert!(text.contains("errors=\"0\" failures=\"1\""), "{text}");
        assert!(
            text.contains("<failure message=\"failed\">1 &lt; 2</failure>"),
            "{text}"
        );
        let died = document(
            &failing(false, &[("good", Status::Passed)]),
            "running 2 tests\nboom",
        );
        assert!(died.contains("errors=\"1\" failures=\"0\""), "{died}");
        assert!(
            died.contains("<error message=\"it &lt;failed&gt;\">running 2 tests\nboom</error>"),
            "{died}"
        );
        let custom = document(&failing(true, &[]), "no");
        assert!(custom.contains("errors=\"0\" failures=\"1\""), "{custom}");
        assert!(
            custom.contains("<failure message=\"it &lt;failed&gt;\">no</failure>"),
            "{custom}"
        );
    }

    #[test]
    fn a_suite_for_each_executable() {
        let report = Report {
            package: "a 1.0.0".to_string(),
            target: "lib".to_string(),
            cases: [("f::<u8>", Status::Passed), ("slow", Status::Ignored)]
                .map(|(name, status)| Case {
                    name: name.to_string(),
                    status,
                })
                .into(),
            ..Report::default()
        };
        let run = Run {
            seconds: 0.25,
            ended: 0,
        };
        assert_eq!(
            document(&[suite(&report, &run, "")]).unwrap(),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" skipped="1" failures="0" errors="0">
    <testsuite name="a 1.0.0 lib" tests="2" skipped="1" errors="0" failures="0" time="0.250">
        <testcase name="f::&lt;u8&gt;" classname="a 1.0.0 lib"/>
        <testcase name="slow" classname="a 1.0.0 lib">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>
"#
        );
    }
}
