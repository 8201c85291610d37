//! Structured attributes: one JSON document instead of an environment.
//!
//! Nix reads the document when it reads the derivation and writes it anew when it
//! writes the derivation. The path of a derivation holds only if both texts are
//! the same, so the document must be as Nix writes it: no white space, keys sorted
//! by their bytes, UTF-8 as it is, `\u00xx` in lower case for control characters.

use super::Derivation;
use serde_json::Value;

/// The variable that holds the document.
pub const STRUCTURED_ATTRIBUTES: &str = "__json";

/// Why a document cannot be structured attributes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// The document is a list, a string or the like.
    #[error("structured attributes: an object is needed, not `{document}`")]
    NotAnObject {
        /// The document.
        document: Value,
    },
    /// Nix might write the number in another way.
    #[error("structured attributes: `{number}` is not a 64-bit integer; use a string instead")]
    Number {
        /// The number.
        number: serde_json::Number,
    },
}

impl Derivation {
    /// Makes the builder find these attributes in the file that
    /// `NIX_ATTRS_JSON_FILE` names. It then sees nothing else of [`Derivation::env`].
    ///
    /// ```
    /// use dyndrv::drv::derivation::{Derivation, STRUCTURED_ATTRIBUTES};
    /// use serde_json::json;
    ///
    /// let mut drv = Derivation::default();
    /// drv.set_structured_attributes(json!({ "b": [1, "ü"], "a": {} }))?;
    /// assert_eq!(drv.env[STRUCTURED_ATTRIBUTES], r#"{"a":{},"b":[1,"ü"]}"#);
    /// # Ok::<(), dyndrv::drv::derivation::AttributesError>(())
    /// ```
    pub fn set_structured_attributes(
        &mut self,
        mut attributes: Value,
    ) -> Result<(), AttributesError> {
        if !attributes.is_object() {
            return Err(AttributesError::NotAnObject {
                document: attributes,
            });
        }
        check_numbers(&attributes)?;
        // Objects are sorted anyway unless some crate of the build asks serde_json
        // to keep their order.
        attributes.sort_all_objects();
        self.env
            .insert(STRUCTURED_ATTRIBUTES.into(), attributes.to_string());
        Ok(())
    }
}

fn check_numbers(value: &Value) -> Result<(), AttributesError> {
    match value {
        Value::Number(number) if !(number.is_i64() || number.is_u64()) => {
            Err(AttributesError::Number {
                number: number.clone(),
            })
        }
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(entries) => entries.values().try_for_each(check_numbers),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(attributes: Value) -> Result<String, AttributesError> {
        let mut drv = Derivation::default();
        drv.set_structured_attributes(attributes)?;
        Ok(drv.env.remove(STRUCTURED_ATTRIBUTES).unwrap())
    }

    #[test]
    fn keys_are_sorted_at_every_level() {
        assert_eq!(
            document(json!({ "b": [{ "ä": 1, "z": 2, "Z": 3 }], "a": null })).unwrap(),
            r#"{"a":null,"b":[{"Z":3,"z":2,"ä":1}]}"#
        );
    }

    #[test]
    fn strings_are_escaped_as_nix_does() {
        assert_eq!(
            document(json!({ "s": "/\"\\\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}\u{80}ü\u{2028}🦀" }))
                .unwrap(),
            "{\"s\":\"/\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}\u{80}ü\u{2028}🦀\"}"
        );
    }

    #[test]
    fn numbers_are_integers() {
        assert_eq!(
            document(json!({ "n": [0, -1, u64::MAX, i64::MIN] })).unwrap(),
            r#"{"n":[0,-1,18446744073709551615,-9223372036854775808]}"#
        );
        assert!(matches!(
            document(json!({ "n": [{ "x": 1.0 }] })),
            Err(AttributesError::Number { .. })
        ));
    }

    #[test]
    fn only_objects_are_attributes() {
        assert!(matches!(
            document(json!([])),
            Err(AttributesError::NotAnObject { .. })
        ));
    }
}
