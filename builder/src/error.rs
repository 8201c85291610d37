//! Errors, as a person reads them.
//!
//! The builder's only reader is the log of a failed derivation, so nothing here
//! branches on a kind of error. The summary is printed last, because Nix shows
//! the end of a log.

use std::fmt;
use std::path::Path;

/// The result of every fallible step.
pub type Result<T> = std::result::Result<T, Error>;

/// One failure: notes on what to do, and one line that says what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    notes: Vec<String>,
    summary: String,
}

impl Error {
    /// A failure with nothing to add.
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            notes: Vec::new(),
            summary: summary.into(),
        }
    }

    /// A failed operation on a file; `action` reads like `cannot read`.
    pub fn io(action: &str, path: &Path, source: std::io::Error) -> Self {
        Self::new(format!("{action} {}: {source}", path.display()))
    }

    /// Adds a note, printed above the summary.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The summary in one line, and the notes.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.summary.clone()];
        lines.extend(self.notes.iter().cloned());
        lines
    }

    /// Says which package, target and unit failed.
    #[must_use]
    pub fn in_unit(mut self, package: &str, target: &str, unit: &str) -> Self {
        self.summary = format!(
            "package {package}, target {target}: {} (unit {unit})",
            self.summary
        );
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        write!(f, "error: {}", self.summary)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_last_line_and_names_the_unit() {
        let error = Error::new("rustc failed (exit status: 1)")
            .note("look above")
            .in_unit("a 1.0.0", "lib", "crate-a-1.0.0-lib");
        assert_eq!(
            error.to_string(),
            "note: look above\n\
             error: package a 1.0.0, target lib: rustc failed (exit status: 1) (unit crate-a-1.0.0-lib)"
        );
    }
}
