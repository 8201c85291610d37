//! Which store objects a text mentions.

use super::{STORE_DIR, StorePath};
use std::collections::BTreeSet;

/// All store paths that a text mentions.
///
/// A name reaches as far as its characters do, as there is no other end to it in
/// a text: a full stop that ends a sentence counts as part of the name.
pub fn find_references(text: &str) -> BTreeSet<StorePath> {
    text.match_indices(STORE_DIR)
        .filter_map(|(start, _)| {
            let path = &text[start..];
            let below = path.get(STORE_DIR.len() + 1..)?;
            let end = below.find(|c| !is_name_character(c)).unwrap_or(below.len());
            path[..STORE_DIR.len() + 1 + end].parse().ok()
        })
        .collect()
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+-._?=".contains(character)
}
