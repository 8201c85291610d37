//! Compiles more C against the header of `fnv-sys`.

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=c/bulk.c");

    let include = env::var_os("DEP_FNV_INCLUDE").ok_or("fnv-sys names its headers")?;
    cc::Build::new()
        .file("c/bulk.c")
        .include(include)
        .warnings_into_errors(true)
        .compile("fnv_bulk");

    let bits = env::var("DEP_FNV_BITS")?;
    println!("cargo::rustc-check-cfg=cfg(fnv_bits, values(\"32\", \"64\"))");
    println!("cargo::rustc-cfg=fnv_bits=\"{bits}\"");
    Ok(())
}
