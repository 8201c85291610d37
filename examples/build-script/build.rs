//! Turns `keywords.txt` into a Rust `match`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=keywords.txt");
    println!("cargo::rustc-check-cfg=cfg(has_keywords)");

    let list = fs::read_to_string("keywords.txt")?;
    let keywords: Vec<&str> = list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();

    println!("cargo::rustc-env=KEYWORD_COUNT={}", keywords.len());
    if !keywords.is_empty() {
        println!("cargo::rustc-cfg=has_keywords");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("keywords.rs"), function(&keywords)?)?;
    Ok(())
}

/// The item that `src/keywords.rs` includes.
fn function(keywords: &[&str]) -> Result<String, std::fmt::Error> {
    let mut code =
        String::from("pub fn position(word: &str) -> Option<usize> {\n    match word {\n");
    for (index, word) in keywords.iter().enumerate() {
        writeln!(code, "        {word:?} => Some({index}),")?;
    }
    code.push_str("        _ => None,\n    }\n}\n");
    Ok(code)
}
