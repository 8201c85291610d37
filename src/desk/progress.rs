//! What users see while units are built, in cargo's style.
//!
//! | on | shown |
//! |---|---|
//! | a terminal | a line for each package that is compiled, what it prints, and below that a bar |
//! | anything else | the same lines |
//! | `--quiet` | what compilers and failing units print |
//! | `--verbose` | a line for each unit, and what Nix says |
//!
//! What a compiler prints is shown when the unit is done, so that units that run at the same time do not mix. Of third-party
//! packages and of runs of build scripts it is shown if they fail.

use super::client::{Event, Field};
use super::state::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nix's numbers for activities.
mod activity {
    pub const COPY_PATH: u64 = 100;
    pub const BUILDS: u64 = 104;
    pub const BUILD: u64 = 105;
}

/// Nix's numbers for what activities tell.
mod result {
    pub const LOG_LINE: u64 = 101;
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
    /// The name of its derivation.
    name: String,
    log: Vec<String>,
}

/// A package for people, by the names of the derivations of its units.
#[derive(Clone, Debug)]
struct Known {
    label: String,
    package: String,
    directory: Option<String>,
}

/// The display.
#[derive(Debug)]
pub struct Progress {
    level: Level,
    is_terminal: bool,
    has_colour: bool,
    units: BTreeMap<String, Known>,
    running: BTreeMap<u64, Running>,
    announced: BTreeSet<String>,
    /// The logs of other units that are done.
    logs: BTreeMap<String, Vec<String>>,
    /// What compilers of the workspace's units have printed, by the names of their derivations.
    printed: BTreeMap<String, Vec<String>>,
    /// Messages of compilers that were shown.
    shown: BTreeSet<String>,
    builds: Option<u64>,
    done: u64,
    expected: u64,
    drawn: bool,
    last_draw: Option<Instant>,
    /// How many units were built.
    pub built: usize,
    /// How many objects came from a cache.
    pub fetched: usize,
    /// How many units failed.
    pub failed: usize,
}

impl Progress {
    /// A display on standard error.
    pub fn new(level: Level) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            level,
            is_terminal,
            has_colour: is_terminal && std::env::var_os("NO_COLOR").is_none(),
            units: BTreeMap::new(),
            running: BTreeMap::new(),
            announced: BTreeSet::new(),
            logs: BTreeMap::new(),
            printed: BTreeMap::new(),
            shown: BTreeSet::new(),
            builds: None,
            done: 0,
            expected: 0,
            drawn: false,
            last_draw: None,
            built: 0,
            fetched: 0,
            failed: 0,
        }
    }

    /// Tells the units that will be built.
    pub fn know(&mut self, record: &Record) {
        for unit in &record.units {
            let known = Known {
                label: unit.label.clone(),
                package: unit.package.clone(),
                directory: unit.directory.clone(),
            };
            self.units.insert(name(&unit.derivation).to_owned(), known);
        }
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
                    self.start(id, name(drv).to_owned());
                }
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
                if let Some(running) = self.running.remove(&id) {
                    self.stop(running);
                }
            }
            Event::Result { id, kind, fields } => self.result(id, kind, &fields),
            Event::Message(text) => self.message(&text),
        }
        self.draw();
    }

    fn start(&mut self, id: u64, name: String) {
        self.built += usize::from(self.units.contains_key(&name));
        if let Some(known) = self.units.get(&name).cloned() {
            let place = known.directory.map(|dir| format!(" ({dir})"));
            let package = match known.package.split_once(' ') {
                Some((package, version)) => format!("{package} v{version}"),
                None => known.package.clone(),
            };
            let word = match known.label.ends_with("-check") {
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
            self.line("Building", &name);
        }
        let running = Running {
            name,
            log: Vec::new(),
        };
        self.running.insert(id, running);
    }

    fn stop(&mut self, running: Running) {
        let known = self.units.get(&running.name);
        let is_own = known.is_some_and(|known| {
            known.directory.is_some() && !known.label.ends_with("-build-script-run")
        });
        if is_own {
            self.printed
                .insert(running.name.clone(), running.log.clone());
        }
        if is_own {
            self.show_once(&running.log.join("\n"));
        } else if self.level == Level::Verbose {
            self.block(&running.log);
        } else {
            self.logs.insert(running.name, running.log);
        }
    }

    fn result(&mut self, id: u64, kind: u64, fields: &[Field]) {
        match (kind, fields) {
            (result::LOG_LINE, [Field::Text(line), ..]) => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.log.push(line.clone());
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
                self.failed += 1;
                self.printed.remove(&drv);
                self.block(&log.unwrap_or_default());
                return;
            }
            // Of what depends on it there is nothing to say.
            if plain.contains("dependenc") && self.level < Level::Verbose {
                return;
            }
        }
        // The unit has printed why.
        if self.failed > 0 && plain.contains("build of resolved derivation") {
            return;
        }
        let is_known = plain.contains("Ignoring dynamic derivation");
        let is_trouble = plain.starts_with("error") || plain.starts_with("warning");
        if self.level == Level::Verbose || is_trouble && !is_known {
            self.block(&[text.trim_end().to_owned()]);
        }
    }

    /// What compilers have printed since the last call, by the names of the derivations of the workspace's units
    /// that were built.
    pub fn take_printed(&mut self) -> BTreeMap<String, Vec<String>> {
        std::mem::take(&mut self.printed)
    }

    /// Shows what was printed at an earlier build.
    pub fn again(&mut self, printed: &str) {
        self.show_once(printed);
    }

    /// The messages that were not shown yet: as with cargo, what a compiler says of a library and of the same library
    /// as a test is shown once. Empty lines are between messages.
    fn show_once(&mut self, printed: &str) {
        let messages = printed
            .split("\n\n")
            .map(|message| message.trim_matches('\n'));
        for message in messages.filter(|message| !message.is_empty()) {
            if self.shown.insert(message.to_owned()) {
                self.block(&[format!("{message}\n")]);
            }
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
            let known = self.units.get(&running.name);
            known.map_or(running.name.as_str(), |known| known.label.as_str())
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

fn columns() -> usize {
    let columns = std::env::var("COLUMNS").ok();
    columns
        .and_then(|columns| columns.parse().ok())
        .unwrap_or(80)
}

/// The name of a store object.
pub fn name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split_once('-').map_or(name, |(_, name)| name)
}

/// The text without the escape sequences of colours.
fn without_colour(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
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

    #[test]
    fn colours_are_taken_away() {
        assert_eq!(without_colour("\u{1b}[31;1merror:\u{1b}[0m x"), "error: x");
    }
}
