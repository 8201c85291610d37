//! Columns that line up.

#[cfg(test)]
mod tests;

use inventory::Part;

/// One line for each part, below a line of names.
pub fn table(parts: &[Part]) -> String {
    let head = Part::FIELDS.iter().map(|&name| name.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(parts.iter().map(Part::values))
        .collect();
    let widths: Vec<usize> = (0..Part::FIELDS.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    lines.join("\n")
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{cell:<width$}"))
        .collect();
    cells.join("  ").trim_end().to_owned()
}
