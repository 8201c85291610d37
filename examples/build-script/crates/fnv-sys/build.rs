//! Compiles the bundled C and offers its header to dependents.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    // The syntax from before Rust 1.77, which many published crates still use.
    println!("cargo:rerun-if-changed=c/fnv.c");
    println!("cargo:rerun-if-changed=c/fnv.h");

    cc::Build::new()
        .file("c/fnv.c")
        .include("c")
        .warnings_into_errors(true)
        .compile("fnv");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let include = out.join("include");
    fs::create_dir_all(&include)?;
    fs::copy("c/fnv.h", include.join("fnv.h"))?;

    // Dependents find these as DEP_FNV_INCLUDE and DEP_FNV_BITS.
    println!("cargo:include={}", include.display());
    println!("cargo:bits=64");
    Ok(())
}
