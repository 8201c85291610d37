//! What users see while units are built, in cargo's style.
//!
//! | on | shown |
//! |---|---|
//! | a terminal | a line for each package that is compiled, what it prints, and below that a bar |
//! | anything else | the same lines |
//! | `--quiet` | what compilers and failing units print |
//! | `--verbose` | a line for each unit, and what Nix says |
//!
//! What a compiler says is shown when the unit is done, so that units that run at the same time do not mix. What third-party
//! packages and runs of build scripts print is shown if they fail.

use super::client::{Client, Event, Field};
use super::format::{Format, Places};
use super::messages::{self, Message};
use super::outputs::Outputs;
use super::plan::clippy_identity;
use super::report::{Outcome, Report};
use super::state::{Record, Unit};
use super::timings::Timings;
use dyndrv_builder::rustc::messages::without_colour;
use dyndrv_builder::spec::incremental;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use terminal_size::Width;

/// Nix's numbers for activities.
mod activity {
    pub const COPY_PATH: u64 = 100;
    pub const FILE_TRANSFER: u64 = 101;
    pub const BUILDS: u64 = 104;
    pub const BUILD: u64 = 105;
}

/// Nix's numbers for what activities tell.
mod result {
    pub const LOG_LINE: u64 = 101;
    pub const SET_PHASE: u64 = 104;
    pub const PROGRESS: u64 = 105;
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Messages only.
    Quiet,
    /// Packages.
    Normal,
    /// Units.
    Verbose,
}

/// A unit that is being built.
#[derive(Debug, Default)]
struct Running {
    /// Its derivation, resolved.
    derivation: String,
    log: Vec<String>,
    /// What the compiler has said, told by a unit that fails.
    told: Option<Vec<Message>>,
}

impl Running {
    /// The name of its derivation.
    fn name(&self) -> &str {
        name(&self.derivation)
    }
}

/// The display.
#[derive(Debug)]
pub struct Progress {
    level: Level,
    is_terminal: bool,
    has_colour: bool,
    /// By the names of their derivations.
    units: BTreeMap<String, Unit>,
    running: BTreeMap<u64, Running>,
    /// Activities that tell of others.
    telling: BTreeMap<u64, u64>,
    report: Report,
    outputs: Outputs,
    /// Units that failed, whose messages another one tells too if it is run.
    held: Vec<(Unit, Running)>,
    /// The units that were reported, by the names of their derivations.
    reported: BTreeSet<String>,
    /// The units that Nix has started, likewise.
    started: BTreeSet<String>,
    /// The units that have taken over the outputs of the base, likewise.
    taken_over: BTreeSet<String>,
    announced: BTreeSet<String>,
    /// The logs of other units that are done.
    logs: BTreeMap<String, Vec<String>>,
    builds: Option<u64>,
    done: u64,
    expected: u64,
    drawn: bool,
    last_draw: Option<Instant>,
    /// What was done when.
    pub timings: Timings,
    /// How many units were built.
    pub built: usize,
    /// How many objects came from a cache.
    pub fetched: usize,
    /// The derivations that failed, by name.
    failed: BTreeSet<String>,
}

impl Progress {
    /// A display on standard error, of a command that began at this moment.
    pub fn new(level: Level, format: Format, begin: Instant) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let has_colour = is_terminal && std::env::var_os("NO_COLOR").is_none();
        Self {
            level,
            is_terminal,
            has_colour,
            telling: BTreeMap::new(),
            report: Report::new(format, has_colour),
            outputs: Outputs::default(),
            held: Vec::new(),
            reported: BTreeSet::new(),
            started: BTreeSet::new(),
            taken_over: BTreeSet::new(),
            units: BTreeMap::new(),
            running: BTreeMap::new(),
            announced: BTreeSet::new(),
            logs: BTreeMap::new(),
            builds: None,
            done: 0,
            expected: 0,
            drawn: false,
            last_draw: None,
            timings: Timings::since(begin),
            built: 0,
            fetched: 0,
            failed: BTreeSet::new(),
        }
    }

    /// Tells where sources are.
    pub fn set_places(&mut self, places: Places) {
        self.report.set_places(places);
    }

    /// Tells the units of a build.
    pub fn know(&mut self, record: &Record) {
        self.outputs.know(record);
        for unit in &record.units {
            let name = name(&unit.derivation).to_owned();
            self.units.insert(name, unit.clone());
        }
    }

    /// Tells outputs of an earlier build.
    pub fn know_outputs(&mut self, record: &Record) {
        self.outputs.know(record);
    }

    /// Takes note of an event, and shows it.
    pub fn watch(&mut self, event: Event) {
        match event {
            Event::Start {
                id,
                kind: activity::BUILD,
                fields,
                ..
            } => {
                if let Some(Field::Text(drv)) = fields.first() {
                    self.start(id, drv);
                }
            }
            Event::Start {
                id,
                kind: activity::FILE_TRANSFER,
                parent,
                ..
            } if self.running.contains_key(&parent) => {
                self.telling.insert(id, parent);
            }
            Event::Start {
                kind: activity::COPY_PATH,
                text,
                ..
            } => {
                self.fetched += 1;
                if self.level == Level::Verbose {
                    self.line("Fetching", &text);
                }
            }
            Event::Start {
                id,
                kind: activity::BUILDS,
                ..
            } => self.builds = Some(id),
            Event::Start { .. } => {}
            Event::Stop { id } => {
                self.telling.remove(&id);
                if let Some(running) = self.running.remove(&id) {
                    self.stop(running);
                }
            }
            Event::Result { id, kind, fields } => self.result(id, kind, &fields),
            Event::Message(text) => self.message(&text),
        }
        self.draw();
    }

    fn start(&mut self, id: u64, derivation: &str) {
        let name = name(derivation);
        self.built += usize::from(self.units.contains_key(name));
        self.started.insert(name.to_owned());
        let label = self.units.get(name).map(|unit| unit.label.as_str());
        self.timings.begin_unit(name, label.unwrap_or(name));
        if let Some(known) = self.units.get(name).cloned() {
            let place = known.directory.map(|dir| format!(" ({dir})"));
            let package = match known.package.split_once(' ') {
                Some((package, version)) => format!("{package} v{version}"),
                None => known.package.clone(),
            };
            let word = match known.mode.is_check() {
                true => "Checking",
                false => "Compiling",
            };
            if self.level == Level::Verbose {
                self.line(word, &known.label);
            } else if self.announced.insert(known.package) {
                let place = place.filter(|place| place != " ()").unwrap_or_default();
                self.line(word, &format!("{package}{place}"));
            }
        } else if self.level == Level::Verbose {
            self.line("Building", name);
        }
        let running = Running {
            derivation: derivation.to_owned(),
            ..Running::default()
        };
        self.running.insert(id, running);
    }

    fn stop(&mut self, running: Running) {
        let name = running.name().to_owned();
        self.timings.end_unit(&name);
        if running.log.iter().any(|line| line == incremental::SAME) {
            self.taken_over.insert(name.clone());
        }
        if let Some(unit) = self.units.get(&name).cloned() {
            if unit.is_covered {
                if running.told.is_some() {
                    self.held.push((unit, running));
                }
                return;
            }
            self.stop_unit(&unit, &running);
            if unit.has_messages() || running.told.is_some() {
                return;
            }
        }
        if self.level == Level::Verbose {
            self.block(&running.log);
        } else {
            self.logs.insert(name, running.log);
        }
    }

    /// Reports a unit that has just been built, or has failed.
    fn stop_unit(&mut self, unit: &Unit, running: &Running) {
        if let Some(told) = &running.told {
            self.reported.insert(running.name().to_owned());
            let text = self.report.unit(unit, told, Outcome::Failed);
            self.text(&text);
            self.block(&messages::beside(&running.log, told));
            return;
        }
        let is_asked = unit.has_messages() && !running.log.is_empty();
        if !is_asked && !self.report.has_all_units() {
            if unit.has_messages() {
                self.reported.insert(running.name().to_owned());
            }
            return;
        }
        let outputs = self.outputs.of(&unit.derivation, &running.derivation);
        let Some(out) = outputs.get("out") else {
            // It has failed without a word of the compiler.
            if unit.has_messages() {
                self.block(&running.log);
            }
            return;
        };
        let said = Message::of_output(Path::new(out));
        if unit.has_messages() {
            self.block(&messages::beside(&running.log, &said));
        }
        self.reported.insert(running.name().to_owned());
        let unit = Unit {
            outputs,
            ..unit.clone()
        };
        let text = self.report.unit(&unit, &said, Outcome::Built);
        self.text(&text);
    }

    /// Reports the units that were not reported yet, and takes note of their outputs, asked on a connection if one is
    /// given.
    pub fn rest(&mut self, record: &mut Record, client: Option<&mut Client>) {
        for (unit, running) in std::mem::take(&mut self.held) {
            let identity = clippy_identity(&unit);
            let mut others = record.units.iter();
            let other = others.find(|other| other.identity == identity);
            if !other.is_some_and(|other| self.reported.contains(name(&other.derivation))) {
                self.stop_unit(&unit, &running);
            }
        }
        let has_all = self.report.has_all_units();
        let is_reported = |unit: &&mut Unit| !unit.is_covered && (has_all || unit.has_messages());
        let mut units: Vec<&mut Unit> = record.units.iter_mut().filter(is_reported).collect();
        let derivations: Vec<&str> = units.iter().map(|unit| unit.derivation.as_str()).collect();
        let outputs = self.outputs.of_all(&derivations, client);
        for (unit, outputs) in units.iter_mut().zip(outputs) {
            unit.outputs = outputs;
            let name = name(&unit.derivation);
            if self.reported.contains(name) || unit.outputs.is_empty() {
                continue;
            }
            let outcome = match self.started.contains(name) {
                true => Outcome::Built,
                false => Outcome::Fresh,
            };
            let out = unit.outputs.get("out").map(Path::new);
            let said = out.map(Message::of_output).unwrap_or_default();
            let text = self.report.unit(unit, &said, outcome);
            self.text(&text);
        }
    }

    /// Whether a unit was built, or copied from the base.
    pub fn has_started(&self, unit: &Unit) -> bool {
        self.started.contains(name(&unit.derivation))
    }

    /// Whether a unit has taken over the outputs of the base.
    pub fn has_taken_over(&self, unit: &Unit) -> bool {
        self.taken_over.contains(name(&unit.derivation))
    }

    /// How many units failed.
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// Reports the end of the build.
    pub fn end(&mut self, success: bool) {
        self.report.finished(success);
    }

    fn result(&mut self, id: u64, kind: u64, fields: &[Field]) {
        match (kind, fields) {
            (result::LOG_LINE, [Field::Text(line), ..]) => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.log.push(line.clone());
                }
            }
            (result::SET_PHASE, [Field::Text(text), ..]) => {
                if let Some(running) = self.running.get(&id) {
                    self.timings.phase(running.name(), text);
                }
                let parent = self.telling.get(&id);
                if let Some(running) = parent.and_then(|parent| self.running.get_mut(parent)) {
                    running.told = Some(Message::parse(text));
                }
            }
            (result::PROGRESS, [Field::Number(done), Field::Number(expected), ..])
                if self.builds == Some(id) =>
            {
                (self.done, self.expected) = (*done, *expected);
            }
            _ => {}
        }
    }

    /// A message of Nix. That a derivation failed is told by what it has printed.
    fn message(&mut self, text: &str) {
        let plain = without_colour(text);
        if let Some(drv) = plain
            .split_once("Cannot build '")
            .and_then(|(_, rest)| rest.split_once('\''))
            .map(|(drv, _)| name(drv).to_owned())
        {
            let log = self.logs.remove(&drv);
            if plain.contains("builder failed") {
                // Nix says it again for each result that needs it.
                self.failed.insert(drv);
                self.block(&log.unwrap_or_default());
                return;
            }
            // Of what depends on it there is nothing to say.
            if plain.contains("dependenc") && self.level < Level::Verbose {
                return;
            }
        }
        // The unit has printed why.
        if !self.failed.is_empty() && plain.contains("build of resolved derivation") {
            return;
        }
        let is_known = plain.contains("Ignoring dynamic derivation");
        let is_trouble = plain.starts_with("error") || plain.starts_with("warning");
        if self.level == Level::Verbose || is_trouble && !is_known {
            self.block(&[text.trim_end().to_owned()]);
        }
    }

    /// A line as cargo's: a word of twelve columns, and what it is about.
    pub fn line(&mut self, word: &str, text: &str) {
        if self.level == Level::Quiet {
            return;
        }
        let word = format!("{word:>12}");
        let word = match self.has_colour {
            true => format!("\u{1b}[1;32m{word}\u{1b}[0m"),
            false => word,
        };
        self.block(&[format!("{word} {text}")]);
    }

    /// A warning.
    pub fn warning(&mut self, text: &str) {
        let word = match self.has_colour {
            true => "\u{1b}[1;33mwarning\u{1b}[0m",
            false => "warning",
        };
        self.block(&[format!("{word}: {text}")]);
    }

    /// Text above the bar, with its line breaks.
    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.clear();
            // A reader that has gone away has seen enough.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    /// Lines above the bar.
    fn block(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.clear();
        let mut text = lines.join("\n");
        text.push('\n');
        // A reader that has gone away has seen enough.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn draw(&mut self) {
        const EVERY: Duration = Duration::from_millis(50);
        let is_early = self.last_draw.is_some_and(|last| last.elapsed() < EVERY);
        if !self.is_terminal || self.level == Level::Quiet || self.running.is_empty() {
            return;
        }
        if is_early && self.drawn {
            return;
        }
        self.last_draw = Some(Instant::now());
        let names = self.running.values().map(|running| {
            let known = self.units.get(running.name());
            known.map_or(running.name(), |known| known.label.as_str())
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let text = bar(self.done, self.expected, &names, columns());
        let word = match self.has_colour {
            true => "\u{1b}[1;36m    Building\u{1b}[0m",
            false => "    Building",
        };
        let _ = write!(std::io::stderr(), "\r{word} {text}\u{1b}[K");
        self.drawn = true;
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if self.drawn {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
            self.drawn = false;
        }
    }
}

/// The bar behind its word, at most as wide as the terminal.
fn bar(done: u64, expected: u64, names: &str, columns: usize) -> String {
    const WIDTH: u64 = 25;
    let full = (done * WIDTH).checked_div(expected).unwrap_or(0).min(WIDTH) as usize;
    let empty = WIDTH as usize - full;
    let head = if full < WIDTH as usize { ">" } else { "=" };
    let drawn = format!(
        "[{}{head}{}] {done}/{expected}: {names}",
        "=".repeat(full),
        " ".repeat(empty.saturating_sub(1)),
    );
    drawn.chars().take(columns.saturating_sub(14)).collect()
}

/// The width of the terminal; 80 if it does not say.
fn columns() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    match size {
        Some((Width(columns), _)) if columns > 0 => columns.into(),
        _ => 80,
    }
}

/// The name of a store object.
pub fn name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split_once('-').map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fits_the_terminal() {
        assert_eq!(
            bar(5, 10, "a, b", 80),
            "[============>            ] 5/10: a, b"
        );
        assert_eq!(bar(0, 0, "", 80).len(), 27 + " 0/0: ".len());
        assert_eq!(bar(1, 2, &"x".repeat(200), 60).chars().count(), 46);
    }

    #[test]
    fn names_are_without_directory_and_hash() {
        let path = "/nix/store/00000000000000000000000000000000-crate-a-1.0.0-lib-01234567.drv";
        assert_eq!(name(path), "crate-a-1.0.0-lib-01234567.drv");
    }
}
