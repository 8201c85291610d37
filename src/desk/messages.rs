//! What compilers have said of units, as data.
//!
//! | of a unit that | the messages are |
//! |---|---|
//! | was built, now or before, here or elsewhere | in its output `out`, if it is of the workspace |
//! | failed | told by its builder, as an event of Nix |
//!
//! rustc's counts of messages (`2 warnings emitted`, `aborting due to …`) are left out, as cargo does it.

use dyndrv_builder::rustc::messages::without_colour;
use dyndrv_builder::spec::MESSAGES;
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A message of rustc.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The document that rustc has printed.
    pub document: Value,
    head: Head,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Head {
    message: String,
    level: String,
    rendered: Option<String>,
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Code {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
    label: Option<String>,
}

/// How severe a message is, as far as messages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// An error, of the compiler itself too.
    Error,
    /// A warning.
    Warning,
    /// Anything else.
    Note,
}

impl Message {
    /// The messages among lines; what is none is left out.
    pub fn parse(lines: &str) -> Vec<Self> {
        lines.lines().filter_map(Self::of_line).collect()
    }

    fn of_line(line: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(line).ok()?;
        let head = Head::deserialize(&document).ok()?;
        let message = Self { document, head };
        (!message.is_count()).then_some(message)
    }

    /// Those of a unit with this output; none if it has said nothing.
    pub fn of_output(out: &Path) -> Vec<Self> {
        let lines = fs::read_to_string(out.join(MESSAGES));
        Self::parse(&lines.unwrap_or_default())
    }

    fn is_count(&self) -> bool {
        let text = &self.head.message;
        text.starts_with("aborting due to")
            || text.ends_with("warning emitted")
            || text.ends_with("warnings emitted")
    }

    /// How severe it is.
    pub fn severity(&self) -> Severity {
        match self.head.level.as_str() {
            level if level.starts_with("error") => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Note,
        }
    }

    /// The text as rustc shows it, with colours.
    pub fn coloured(&self) -> &str {
        self.head.rendered.as_deref().unwrap_or_default()
    }

    /// The text as rustc shows it.
    pub fn text(&self) -> String {
        without_colour(self.coloured())
    }

    /// The one line of `--message-format short`: place, level, text, and the labels at the place.
    pub fn short(&self) -> String {
        let Head {
            message,
            level,
            code,
            spans,
            ..
        } = &self.head;
        let mut line = String::new();
        if let Some(span) = spans.iter().find(|span| span.is_primary) {
            let (row, column) = (span.line_start, span.column_start);
            line = format!("{}:{row}:{column}: ", span.file_name);
        }
        line += level;
        // Lints have no code that `--explain` knows.
        if let Some(code) = code.as_ref().filter(|code| code.code.starts_with('E')) {
            line += &format!("[{}]", code.code);
        }
        line += &format!(": {message}");
        let labels = spans.iter().filter(|span| span.is_primary);
        let labels: Vec<&str> = labels.filter_map(|span| span.label.as_deref()).collect();
        if !labels.is_empty() {
            line += &format!(": {}", labels.join(", "));
        }
        line + "\n"
    }
}

/// The lines of a log that are not part of the messages, which the log shows too.
pub fn beside(log: &[String], messages: &[Message]) -> Vec<String> {
    let texts: String = messages.iter().map(Message::text).collect();
    let mut shown = texts.lines().peekable();
    let mut rest = Vec::new();
    for line in log {
        match shown.peek() {
            Some(next) if next == line => {
                shown.next();
            }
            _ => rest.push(line.clone()),
        }
    }
    let is_count = |line: &str| {
        line.starts_with("error: aborting due to")
            || line.starts_with("warning: ") && line.ends_with(" emitted")
    };
    rest.retain(|line| !line.is_empty() && !is_count(line));
    rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const UNUSED: &str = r#"{"$message_type":"diagnostic","message":"unused variable: `x`","code":{"code":"unused_variables","explanation":null},"level":"warning","spans":[{"file_name":"src/lib.rs","line_start":2,"column_start":17,"is_primary":true,"label":"help: prefix it"}],"children":[],"rendered":"\u001b[33mwarning\u001b[0m: unused\n --> src/lib.rs\n\n"}"#;
    const COUNT: &str = r#"{"$message_type":"diagnostic","message":"1 warning emitted","code":null,"level":"warning","spans":[],"children":[],"rendered":"warning: 1 warning emitted\n\n"}"#;

    #[test]
    fn counts_are_left_out() {
        let messages = Message::parse(&format!("{UNUSED}\n{COUNT}\nno message\n"));
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].severity(), Severity::Warning);
        assert_eq!(messages[0].text(), "warning: unused\n --> src/lib.rs\n\n");
    }

    #[test]
    fn a_short_message_is_one_line() {
        let messages = Message::parse(UNUSED);
        assert_eq!(
            messages[0].short(),
            "src/lib.rs:2:17: warning: unused variable: `x`: help: prefix it\n"
        );
    }

    #[test]
    fn the_log_is_what_people_saw_and_more() {
        let messages = Message::parse(UNUSED);
        let log = "a macro prints\nwarning: unused\n --> src/lib.rs\n\nwarning: 1 warning emitted\n\nnote: look";
        let log: Vec<String> = log.lines().map(str::to_owned).collect();
        assert_eq!(beside(&log, &messages), ["a macro prints", "note: look"]);
    }
}
