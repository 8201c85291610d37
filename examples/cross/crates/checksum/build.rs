//! Compiles the C code for the target: the crate `cc` finds the compiler by `CC_<triple>`.

fn main() {
    println!("cargo::rerun-if-changed=c/adler.c");
    cc::Build::new().file("c/adler.c").compile("adler");
}
