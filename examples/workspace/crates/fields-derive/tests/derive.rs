//! What the macro derives.

use fields_derive::Fields;

/// A struct with an attribute, a visibility and a type with a comma.
#[derive(Fields)]
pub struct Sample {
    /// The first field.
    pub name: String,
    pairs: Pairs<u8, u16>,
}

struct Pairs<A, B>(A, B);

impl std::fmt::Display for Pairs<u8, u16> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

#[test]
fn names_and_values() {
    let sample = Sample {
        name: "bolt".to_owned(),
        pairs: Pairs(1, 2),
    };
    assert_eq!(Sample::FIELDS, ["name", "pairs"]);
    assert_eq!(sample.values(), ["bolt", "1/2"]);
}
