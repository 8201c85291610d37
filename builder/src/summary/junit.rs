//! Results of tests in the XML format that CI servers read.

use super::count;
use crate::report::{Report, Run, Status};
use std::fmt::Write;

/// One document with a suite for each executable. All tests in it passed or were
/// ignored: an executable with a failure has no result.
pub fn document(suites: &[(&Report, &Run)]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (report, run) in suites {
        suite(&mut text, report, run);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, report: &Report, run: &Run) {
    let name = escape(&format!("{} {}", report.package, report.target));
    let tests = report.cases.len() + usize::from(report.custom);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3}\">",
        count(report, Status::Failed),
        count(report, Status::Ignored),
        run.seconds
    );
    if report.custom {
        let _ = writeln!(
            text,
            "    <testcase classname=\"{name}\" name=\"{}\" time=\"{:.3}\"/>",
            escape(&report.target),
            run.seconds
        );
    }
    for case in &report.cases {
        let test = escape(&case.name);
        let inner = match case.status {
            Status::Passed => "/>",
            Status::Failed => "><failure/></testcase>",
            Status::Ignored => "><skipped/></testcase>",
        };
        let _ = writeln!(
            text,
            "    <testcase classname=\"{name}\" name=\"{test}\"{inner}"
        );
    }
    text.push_str("  </testsuite>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Case;

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
            document(&[(&report, &run)]),
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
