//! The stock as comma-separated values.

use crate::Part;

/// One line of names, then one line for each part.
pub fn to_csv(parts: &[Part]) -> String {
    let mut text = Part::FIELDS.join(",") + "\n";
    for part in parts {
        text += &part.values().join(",");
        text.push('\n');
    }
    text
}
