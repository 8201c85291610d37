//! Reads the XML file of the checks `test` and `doctest`.

use super::outcomes::{Executable, Outcomes, Status};

/// The outcomes that a JUnit file tells.
///
/// The name of a suite is `PACKAGE VERSION TARGET`, as in `report 0.3.0 test page`.
pub fn parse(text: &str, documentation: bool) -> Outcomes {
    let document = roxmltree::Document::parse(text).unwrap();
    let mut outcomes = Outcomes::default();
    let named = |tag: &'static str| move |node: &roxmltree::Node<'_, '_>| node.has_tag_name(tag);
    for suite in document.descendants().filter(named("testsuite")) {
        let name = suite.attribute("name").unwrap();
        let target = name.match_indices(' ').nth(1).unwrap().0;
        let executable = Executable {
            package: name[..target].to_owned(),
            target: name[target + 1..].to_owned(),
            documentation,
        };
        outcomes.ran(&executable);
        for case in suite.children().filter(named("testcase")) {
            let test = case.attribute("name").unwrap();
            let result = case.children().find(roxmltree::Node::is_element);
            let status = match result.map(|result| result.tag_name().name().to_owned()) {
                None => Status::Passed,
                Some(tag) if tag == "skipped" => Status::Ignored,
                Some(_) => Status::Failed,
            };
            outcomes.test(&executable, test, status);
            if let (Status::Failed, Some(result)) = (status, result) {
                let message = result.attribute("message").unwrap_or_default();
                let printed = result.text().unwrap_or_default();
                let reason = if printed.is_empty() { message } else { printed };
                outcomes.reason(&executable, test, reason);
            }
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_cases_and_reasons() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a 1.0.0 test t" tests="3" failures="1" errors="0" skipped="1" time="0.250">
    <testcase classname="a 1.0.0 test t" name="f::&lt;u8&gt;"/>
    <testcase classname="a 1.0.0 test t" name="slow"><skipped/></testcase>
    <testcase classname="a 1.0.0 test t" name="bad"><failure message="failed">1 &lt; 2
test x ... ok</failure></testcase>
  </testsuite>
</testsuites>
"#;
        let outcomes = parse(text, false);
        let tests: Vec<_> = outcomes
            .tests
            .iter()
            .map(|((executable, name), statuses)| {
                (executable.target.as_str(), name.as_str(), statuses[0])
            })
            .collect();
        assert_eq!(
            tests,
            [
                ("test t", "bad", Status::Failed),
                ("test t", "f::<u8>", Status::Passed),
                ("test t", "slow", Status::Ignored),
            ]
        );
        let reasons: Vec<&String> = outcomes.reasons.values().collect();
        assert_eq!(reasons, ["1 < 2 test x ... ok"]);
    }
}
