//! The parts that are on offer, from `data/parts.csv`.

use ident::Code;
use inventory::{Cents, Part};

/// One line of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The part's number.
    pub number: u16,
    /// Its code, as words.
    pub spelled: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// How many there are.
    pub pieces: u32,
    /// What one of them costs, in hundredths.
    pub cents: u64,
}

/// All lines of the catalogue.
pub static ENTRIES: &[Entry] = include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// Changes whenever [`ENTRIES`] does.
pub const EDITION: &str = env!("CATALOGUE_EDITION");

/// The catalogue as parts in stock.
pub fn parts() -> Vec<Part> {
    ENTRIES.iter().map(part).collect()
}

fn part(entry: &Entry) -> Part {
    Part {
        code: Code::new(entry.number),
        name: entry.name.to_owned(),
        pieces: entry.pieces,
        price: Cents(entry.cents),
    }
}
