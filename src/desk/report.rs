//! Shows what compilers have said of units, in the format that is asked for.
//!
//! | format | standard error | standard output |
//! |---|---|---|
//! | `human`, `short` | each message once, and how many a unit has | |
//! | `json` and its relatives | that a unit failed | a document for each message and each unit |
//! | `json-render-diagnostics` | as `human` | a document for each unit |
//!
//! Messages are counted as cargo counts them: one that another unit has as well, such as a library as a test of
//! itself, is a duplicate.

use super::format::{self, Format, Places, Text};
use super::messages::{Message, Severity};
use super::state::Unit;
use crate::graph::{Mode, TargetKind};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;

/// How a unit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was built now.
    Built,
    /// It was there.
    Fresh,
    /// It failed.
    Failed,
}

/// The messages of a build.
#[derive(Debug)]
pub struct Report {
    format: Format,
    places: Places,
    has_colour: bool,
    shown: BTreeSet<String>,
}

impl Report {
    /// A report in a format; `has_colour` for texts on standard error.
    pub fn new(format: Format, has_colour: bool) -> Self {
        Self {
            format,
            places: Places::default(),
            has_colour,
            shown: BTreeSet::new(),
        }
    }

    /// Tells where sources are.
    pub fn set_places(&mut self, places: Places) {
        self.places = places;
    }

    /// Whether units without messages are reported too.
    pub fn has_all_units(&self) -> bool {
        self.format.is_json()
    }

    /// Reports a unit. The result is for standard error, with line breaks; documents are printed.
    pub fn unit(&mut self, unit: &Unit, messages: &[Message], outcome: Outcome) -> String {
        let mut text = String::new();
        let mut duplicates = 0;
        for message in messages {
            if let Format::Json(rendered) = self.format {
                print(&format::message(&self.places, unit, message, rendered));
            } else if self.shown.insert(self.plain(message)) {
                text += &self.text(message);
            } else if message.severity() == Severity::Warning {
                duplicates += 1;
            }
        }
        let count = |severity| {
            let of = messages.iter().filter(|m| m.severity() == severity);
            of.count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if outcome == Outcome::Failed {
            if errors > 0 {
                text += &self.failed(unit, errors, warnings);
            }
        } else if warnings > 0 && !matches!(self.format, Format::Json(_)) {
            text += &self.warned(unit, warnings, duplicates);
        }
        if self.format.is_json() && outcome != Outcome::Failed {
            let document = match unit.mode {
                Mode::RunCustomBuild => format::script_executed(&self.places, unit),
                _ => {
                    let is_fresh = outcome == Outcome::Fresh;
                    Some(format::artifact(&self.places, unit, is_fresh))
                }
            };
            document.iter().for_each(print);
        }
        text
    }

    /// Reports the end of the build.
    pub fn finished(&self, success: bool) {
        if self.format.is_json() {
            print(&format::finished(success));
        }
    }

    fn plain(&self, message: &Message) -> String {
        match self.format {
            Format::Short | Format::Rendered(Text::Short) => message.short(),
            _ => message.text(),
        }
    }

    fn text(&self, message: &Message) -> String {
        match self.format {
            Format::Human | Format::Rendered(_) if self.has_colour => message.coloured().to_owned(),
            _ => self.plain(message),
        }
    }

    fn failed(&self, unit: &Unit, errors: usize, warnings: usize) -> String {
        let mut text = format!(
            "could not compile {} due to {}",
            describe(unit),
            number(errors, "previous error")
        );
        if warnings > 0 {
            text += &format!("; {} emitted", number(warnings, "warning"));
        }
        format!("{}: {text}\n", self.word("error", "1;31"))
    }

    fn warned(&self, unit: &Unit, warnings: usize, duplicates: usize) -> String {
        let mut text = format!(
            "{} generated {}",
            describe(unit),
            number(warnings, "warning")
        );
        if duplicates > 0 {
            text += &format!(" ({})", number(duplicates, "duplicate"));
        }
        format!("{}: {text}\n", self.word("warning", "1;33"))
    }

    fn word(&self, word: &str, colour: &str) -> String {
        match self.has_colour {
            true => format!("\u{1b}[{colour}m{word}\u{1b}[0m"),
            false => word.to_owned(),
        }
    }
}

/// A unit in cargo's words, such as `` `serde` (lib test) ``.
fn describe(unit: &Unit) -> String {
    let name = unit.package.split_once(' ');
    let name = name.map_or(unit.package.as_str(), |(name, _)| name);
    let target = &unit.target;
    let quoted = |kind: &str| format!("{kind} \"{}\"", target.name);
    let what = match target.kind {
        TargetKind::Lib => "lib".to_owned(),
        TargetKind::Bin => quoted("bin"),
        TargetKind::Example => quoted("example"),
        TargetKind::Test => quoted("test"),
        TargetKind::Bench => quoted("bench"),
        TargetKind::CustomBuild => "build script".to_owned(),
    };
    let is_own_test =
        unit.mode.is_test() && !matches!(target.kind, TargetKind::Test | TargetKind::Bench);
    let suffix = if is_own_test { " test" } else { "" };
    format!("`{name}` ({what}{suffix})")
}

fn number(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

fn print(document: &Value) {
    // A reader that has gone away has seen enough.
    let _ = writeln!(std::io::stdout(), "{document}");
}
