//! The table of test executables.

use super::Entry;
use crate::report::{Counts, Report};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// A row for each executable, the sums, and why the failed ones failed. `now` is in
/// seconds since 1970.
pub fn of_tests(entries: &[Entry], now: u64) -> String {
    let mut rows = vec![
        [
            "executable",
            "passed",
            "failed",
            "ignored",
            "seconds",
            "run",
        ]
        .map(String::from),
    ];
    let mut total = Counts::default();
    let mut seconds = 0.0;
    for Entry { report, run, .. } in entries {
        let counts = report.counts;
        let number = |n: u64| match report.custom {
            true => "-".to_string(),
            false => n.to_string(),
        };
        rows.push([
            format!("{} {}", report.package, report.target),
            number(counts.passed),
            number(counts.failed),
            number(counts.ignored),
            format!("{:.2}", run.seconds),
            age(now.saturating_sub(run.ended)),
        ]);
        total.passed += counts.passed;
        total.failed += counts.failed;
        total.ignored += counts.ignored;
        seconds += run.seconds;
    }
    let failed: Vec<&Report> = entries.iter().map(|entry| &entry.report).collect();
    let failed: Vec<&&Report> = failed.iter().filter(|r| !r.failure.is_empty()).collect();
    rows.push([
        match failed.len() {
            0 => format!("{} executables", entries.len()),
            some => format!("{} executables, {some} failed", entries.len()),
        },
        total.passed.to_string(),
        total.failed.to_string(),
        total.ignored.to_string(),
        format!("{seconds:.2}"),
        String::new(),
    ]);
    let mut text = table(&rows);
    for report in failed {
        let Report {
            package, target, ..
        } = report;
        let _ = writeln!(
            text,
            "\n{package} {target}: {}",
            report.failure.join("\n  ")
        );
    }
    text
}

/// Columns: the first to the left, the others to the right.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// How long ago, roughly. What was run for this very build is a few seconds old;
/// nobody can tell a builder more than that.
fn age(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    UNITS
        .iter()
        .find(|(size, _)| seconds >= *size)
        .map_or("now".to_string(), |(size, unit)| {
            format!("{} {unit} ago", seconds / size)
        })
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["name", "n"], ["a longer name", "10"]].map(|row| row.map(String::from));
        assert_eq!(table(&rows), "name            n\na longer name  10\n");
    }

    #[test]
    fn ages_are_rough() {
        let ages = [0, 59, 60, 7300, 200_000].map(age);
        assert_eq!(ages, ["now", "59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
    }
}
