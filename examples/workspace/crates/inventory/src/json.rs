//! The stock as JSON.

use serde_json::{Value, json};

use crate::Part;

/// An array with one object for each part.
pub fn to_json(parts: &[Part]) -> Value {
    parts.iter().map(object).collect()
}

fn object(part: &Part) -> Value {
    json!({
        "code": part.code.to_string(),
        "name": part.name,
        "pieces": part.pieces,
        "cents": part.price.0,
    })
}
