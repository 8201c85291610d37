//! Says how well a text can be compressed: the one on standard input if the
//! argument is `-`, else a sample.

use std::error::Error;
use std::io::Read as _;

const SAMPLE: &[u8] = include_bytes!("sample.txt");

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => squeeze(SAMPLE),
        Some("-") => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text)?;
            squeeze(&text)
        }
        Some("--version") => {
            let version = env!("CARGO_PKG_VERSION");
            println!("squeeze {version}, zlib {}", zlib_binding::version());
            Ok(())
        }
        Some(other) => Err(format!("unknown argument {other:?}").into()),
    }
}

fn squeeze(text: &[u8]) -> Result<(), Box<dyn Error>> {
    let packed = zlib_binding::compress(text)?;
    let unpacked = zlib_binding::decompress(&packed, text.len())?;
    println!("crc32: {:08x}", zlib_binding::crc32(text));
    println!("bytes: {}", text.len());
    println!("smaller: {}", yes_no(packed.len() < text.len()));
    println!("round trip: {}", yes_no(unpacked == text));
    Ok(())
}

fn yes_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}
