//! Turns `data/parts.csv` into a table with spelled-out codes.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use data_encoding::HEXLOWER;
use ident::Code;

const SOURCE: &str = "data/parts.csv";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");

    let source = fs::read_to_string(SOURCE)?;
    let table = table(&source)?;
    println!("cargo::rustc-env=CATALOGUE_EDITION={}", edition(&table));

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("parts.rs"), table)?;
    Ok(())
}

/// The expression that `src/lib.rs` includes. Comments leave no trace in it.
fn table(source: &str) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("&[\n");
    for (index, line) in source.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split(',').collect();
        let &[number, name, pieces, cents] = fields.as_slice() else {
            let line = index + 1;
            return Err(
                format!("{SOURCE}:{line}: expected 4 fields, found {}", fields.len()).into(),
            );
        };
        let spelled = ident::spell(Code::new(number.parse()?));
        let (pieces, cents): (u32, u64) = (pieces.parse()?, cents.parse()?);
        writeln!(
            table,
            "    Entry {{ number: {number}, spelled: {spelled:?}, name: {name:?}, pieces: {pieces}, cents: {cents} }},"
        )?;
    }
    table.push(']');
    Ok(table)
}

/// A short name for this content of the table.
fn edition(table: &str) -> String {
    let hash = table.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    HEXLOWER.encode(&hash.to_be_bytes())
}
