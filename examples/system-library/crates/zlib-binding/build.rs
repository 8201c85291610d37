//! Finds the system's zlib.

fn main() -> Result<(), pkg_config::Error> {
    println!("cargo::rerun-if-changed=build.rs");

    let zlib = pkg_config::Config::new()
        .atleast_version("1.2.5")
        .probe("zlib")?;
    println!("cargo::rustc-env=ZLIB_FOUND={}", zlib.version);
    Ok(())
}
