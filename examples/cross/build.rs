//! Generates the description of the target. This program itself runs on the host.

use std::env;
use std::fs;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let host = variable("HOST");
    assert_eq!(host.split('-').next(), Some(env::consts::ARCH));
    let target = variable("TARGET");
    let width = variable("CARGO_CFG_TARGET_POINTER_WIDTH");
    let code = format!(
        "pub const TARGET: &str = {target:?};\npub const CROSS: bool = {};\npub type Word = u{width};\n",
        host != target
    );
    let file = Path::new(&variable("OUT_DIR")).join("target.rs");
    fs::write(file, code).expect("OUT_DIR can be written to");
}
