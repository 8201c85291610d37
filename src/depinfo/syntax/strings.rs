//! String literals: their values, and whether a value looks like a path.

/// The value of `"…"` or `r#"…"#`; `None` for what rustc would not accept.
pub fn unquote(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        let inner = raw.trim_matches('#');
        return Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut value = String::with_capacity(inner.len());
    let mut good = true;
    rustc_literal_escaper::unescape_str(inner, |_, character| match character {
        Ok(character) => value.push(character),
        Err(error) => good &= !error.is_fatal(),
    });
    good.then_some(value)
}

/// Whether a string of unknown use is worth a look at the file system.
pub fn may_be_path(value: &str) -> bool {
    (3..=255).contains(&value.len())
        && value.contains(['.', '/'])
        && !value.contains(|character: char| character.is_control())
        && !value.contains(['{', '}', '<', '>'])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn strings_lose_their_quotes_and_escapes() {
        for (literal, value) in [
            ("\"a\\n\\u{e9}\"", "a\né"),
            ("r\"a\\n\"", "a\\n"),
            ("r##\"a\"#b\"##", "a\"#b"),
            ("\"a\\\n   b\"", "ab"),
        ] {
            assert_eq!(unquote(literal).unwrap(), value);
        }
        assert_eq!(unquote("\"\\q\""), None);
        assert_eq!(unquote("\"open"), None);
    }
}
