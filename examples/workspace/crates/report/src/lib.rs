//! The stock as a page of text.

mod table;

use inventory::Part;

const TEMPLATE: &str = include_str!("../templates/report.txt");

/// The page for `parts`, with a line break at its end.
pub fn render(parts: &[Part]) -> String {
    TEMPLATE
        .replace("{table}", &table::table(parts))
        .replace("{count}", &parts.len().to_string())
        .replace("{worth}", &inventory::worth(parts).to_string())
}
