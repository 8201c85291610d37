use ident::Code;

use crate::{Cents, Part, worth};

fn bolt(pieces: u32) -> Part {
    Part {
        code: Code::new(1001),
        name: "bolt".to_owned(),
        pieces,
        price: Cents(12),
    }
}

#[test]
fn money_has_two_decimals() {
    assert_eq!(Cents(1205).to_string(), "12.05");
}

#[test]
fn worth_adds_up() {
    assert_eq!(worth(&[bolt(10), bolt(5)]), Cents(180));
}

#[test]
fn fields_are_derived() {
    assert_eq!(Part::FIELDS, ["code", "name", "pieces", "price"]);
    assert_eq!(bolt(3).values(), ["APUWQ", "bolt", "3", "0.12"]);
}
