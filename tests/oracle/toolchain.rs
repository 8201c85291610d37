//! The cargo and rustc to compare with: `CARGO` and `RUSTC`, or rustup's.

use std::path::PathBuf;
use std::process::Command;

pub struct Toolchain {
    pub cargo: PathBuf,
    pub rustc: PathBuf,
}

impl Toolchain {
    pub fn find() -> Self {
        // The programs themselves, not rustup's substitutes, which need its home.
        let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        let sysroot = Command::new(rustc)
            .args(["--print", "sysroot"])
            .output()
            .expect("rustc");
        let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout).unwrap().trim());
        let rustc = sysroot.join("bin/rustc");
        let cargo = std::env::var_os("CARGO").map(PathBuf::from);
        Self {
            cargo: cargo.unwrap_or_else(|| sysroot.join("bin/cargo")),
            rustc,
        }
    }
}
