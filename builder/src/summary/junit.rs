//! Results of tests in the XML format that CI servers read.

use super::count;
use crate::libtest;
use crate::report::{Report, Run, Status};
use std::fmt::Write;

/// An executable.
pub struct Suite<'a> {
    /// What it came to.
    pub report: &'a Report,
    /// When, and how long.
    pub run: &'a Run,
    /// What it printed, if it failed.
    pub printed: String,
}

/// One document with a suite for each executable.
///
/// A test that failed is a `failure` with what it printed. An executable that failed
/// without a failed test to blame, as it died, hung, or has no harness, is an `error`
/// (of a test without harness: a `failure`) with all that was printed.
pub fn document(suites: &[Suite<'_>]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        write_suite(&mut text, suite);
    }
    text.push_str("</testsuites>\n");
    text
}

fn write_suite(text: &mut String, suite: &Suite<'_>) {
    let Suite { report, run, .. } = suite;
    let name = escape(&format!("{} {}", report.package, report.target));
    let why = report.failure.join("; ");
    let failed = count(report, Status::Failed);
    let custom_failed = report.custom && !why.is_empty();
    let broken = !report.custom && !why.is_empty() && (failed == 0 || !is_complete(suite));
    let tests = report.cases.len() + usize::from(report.custom) + usize::from(broken);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        failed + usize::from(custom_failed),
        usize::from(broken),
        count(report, Status::Ignored),
        run.seconds
    );
    let all = || element("failure", &why, &suite.printed);
    if report.custom {
        let _ = writeln!(
            text,
            "    <testcase classname=\"{name}\" name=\"{}\" time=\"{:.3}\"{}",
            escape(&report.target),
            run.seconds,
            if custom_failed {
                all()
            } else {
                "/>".to_string()
            }
        );
    }
    let printed = libtest::outputs_of_failed(&suite.printed);
    for case in &report.cases {
        let test = escape(&case.name);
        let inner = match case.status {
            Status::Passed => "/>".to_string(),
            Status::Failed => {
                let own = printed.iter().find(|(name, _)| *name == case.name);
                element("failure", "failed", own.map_or("", |(_, text)| text))
            }
            Status::Ignored => "><skipped/></testcase>".to_string(),
        };
        let _ = writeln!(
            text,
            "    <testcase classname=\"{name}\" name=\"{test}\"{inner}"
        );
    }
    if broken {
        let _ = writeln!(
            text,
            "    <testcase classname=\"{name}\" name=\"{}\"{}",
            escape(&report.target),
            element("error", &why, &suite.printed)
        );
    }
    text.push_str("  </testsuite>\n");
}

/// Whether the harness came to its end, so that its failed tests are the whole matter.
fn is_complete(suite: &Suite<'_>) -> bool {
    !libtest::parse(&suite.printed).incomplete
}

/// The rest of a test case that failed.
fn element(kind: &str, message: &str, printed: &str) -> String {
    format!(
        "><{kind} message=\"{}\">{}</{kind}></testcase>",
        escape(message),
        escape(printed.trim())
    )
}

/// Text for attributes and elements. Characters that XML cannot have are left out.
fn escape(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    let text: String = text.chars().filter(allowed).collect();
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
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
        let document = |report: &Report, printed: &str| document(&[suite(report, &run, printed)]);
        let text = document(
            &failing(false, &[("bad", Status::Failed), ("good", Status::Passed)]),
            "running 2 tests\n---- bad stdout ----\n1 < 2\u{1b}\n\ntest result: FAILED. 1 passed; 1 failed\n",
        );
        assert!(
            text.contains("tests=\"2\" failures=\"1\" errors=\"0\""),
            "{text}"
        );
        assert!(
            text.contains("name=\"bad\"><failure message=\"failed\">1 &lt; 2</failure></testcase>"),
            "{text}"
        );
        let died = document(
            &failing(false, &[("good", Status::Passed)]),
            "running 2 tests\nboom",
        );
        assert!(
            died.contains("tests=\"2\" failures=\"0\" errors=\"1\""),
            "{died}"
        );
        assert!(
            died.contains(
                "name=\"test t\"><error message=\"it &lt;failed&gt;\">running 2 tests\nboom</error>"
            ),
            "{died}"
        );
        let custom = document(&failing(true, &[]), "no");
        assert!(
            custom.contains("tests=\"1\" failures=\"1\" errors=\"0\""),
            "{custom}"
        );
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
            document(&[suite(&report, &run, "")]),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a 1.0.0 lib" tests="2" failures="0" errors="0" skipped="1" time="0.250">
    <testcase classname="a 1.0.0 lib" name="f::&lt;u8&gt;"/>
    <testcase classname="a 1.0.0 lib" name="slow"><skipped/></testcase>
  </testsuite>
</testsuites>
"#
        );
    }
}
