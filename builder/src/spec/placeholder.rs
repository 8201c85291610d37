//! Finds placeholders that Nix did not replace.
//!
//! The planner predicts the path of every derivation that a unit depends on and
//! writes a placeholder that is a hash of it. If the prediction is wrong, Nix
//! finds nothing to replace and the text stays: a slash and 52 characters of
//! nix32. Left alone it would fail much later, as a file that does not exist.

use crate::error::{Error, Result};
use serde_json::Value;

const LENGTH: usize = 52;
const ALPHABET: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Fails if any key or string below `value` contains a placeholder; `at` is the
/// name of `value` for the message.
pub fn refuse(at: &str, value: &Value) -> Result<()> {
    match value {
        Value::String(text) => refuse_in(at, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                refuse(&format!("{at}[{index}]"), item)?;
            }
            Ok(())
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                let below = format!("{at}.{key}");
                refuse_in(&below, key)?;
                refuse(&below, entry)?;
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn refuse_in(at: &str, text: &str) -> Result<()> {
    match find(text) {
        None => Ok(()),
        Some(placeholder) => Err(Error::new(format!(
            "`{at}` contains the placeholder {placeholder}, which Nix did not replace"
        ))
        .note(
            "the planner predicted a wrong path for a derivation that this unit depends on; \
             this is a bug in dyndrv, please report it with the plan",
        )),
    }
}

/// The first placeholder in `text`: a slash and exactly 52 characters of nix32
/// that no further letter or digit follows, nor the rest of a file name.
///
/// A user's variable may hold a URL with such a hash (`https://…/nar/HASH.nar.xz`), which is
/// no placeholder: Nix replaces whole paths.
fn find(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|&slash| bytes[slash] == b'/' && !is_in_url(&text[..slash]))
        .find_map(|slash| {
            let end = slash + 1 + LENGTH;
            let candidate = bytes.get(slash + 1..end)?;
            let bounded = bytes
                .get(end)
                .is_none_or(|b| !b.is_ascii_alphanumeric() && !b"._-".contains(b));
            let nix32 = candidate.iter().all(|b| ALPHABET.contains(b));
            (bounded && nix32).then(|| &text[slash..end])
        })
}

/// Whether a text ends within a URL.
fn is_in_url(text: &str) -> bool {
    let word = text.rsplit(|c: char| c.is_whitespace() || "'\"<>=,;".contains(c));
    word.take(1).any(|word| word.contains("://"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    const P: &str = "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9";

    #[test]
    fn placeholders_are_found_wherever_they_stand() {
        for text in [
            P.to_string(),
            format!("{P}/lib"),
            format!("-Lnative={P}"),
            format!("a:{P}:b"),
            format!("/a:/b:{P}/bin"),
        ] {
            assert_eq!(find(&text), Some(P), "{text}");
        }
    }

    #[test]
    fn other_paths_are_no_placeholders() {
        for text in [
            "/nix/store/0c0p8dfz1q7dl9bvyx9lw4rvkh1ayrgj-crate-serde-1.0.228-lib".to_string(),
            P[1..].to_string(),
            P[..P.len() - 1].to_string(),
            format!("{P}0"),
            format!("{P}Z"),
            P.replace('z', "e"),
            "größe/".to_string(),
            format!("https://cache.nixos.org/nar{P}.nar.xz"),
            format!("url=https://cache.nixos.org{P}"),
            format!("{P}.nar.xz"),
        ] {
            assert_eq!(find(&text), None, "{text}");
        }
    }

    #[test]
    fn the_message_names_the_key() {
        let value = json!({"scripts": [{"link": "/nix/store/x"}, {"link": P}]});
        let message = refuse("unit", &value).unwrap_err().to_string();
        assert!(message.contains("`unit.scripts[1].link`"), "{message}");
        assert!(message.contains("report"), "{message}");
        let value = json!({ "env": { P: "x" } });
        assert!(refuse("unit", &value).is_err());
        assert!(refuse("unit", &json!({"a": [1, true, null, "b"]})).is_ok());
    }
}
