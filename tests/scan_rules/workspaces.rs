//! Several packages.

use crate::*;

/// Two crates between a macro and its use, each of which gives it another name.
#[test]
fn a_macro_that_another_package_renames() {
    let fixture = fixture(&[
        (
            "app/src/lib.rs",
            "use r::prelude::*; const A: &str = r::renamed!(\"a\"); mods!(m1, #[path = \"odd/m3.rs\"] m3);",
        ),
        ("app/src/m1.rs", ""),
        ("app/src/odd/m3.rs", ""),
        ("app/data/a.txt", ""),
        (
            "m/src/lib.rs",
            "#[macro_export] macro_rules! data { ($n:expr) => { include_str!(concat!(\"../data/\", $n, \".txt\")) } }
             #[macro_export] macro_rules! modules { ($($(#[$a:meta])* $n:ident),*) => { $($(#[$a])* mod $n;)* } }",
        ),
        (
            "r/src/lib.rs",
            "pub use m::data as renamed; pub mod prelude { pub use m::modules as mods; }",
        ),
    ]);
    let fixture = fixture.member("app").library("m").library("r");
    fixture.lists(&["app/data/a.txt", "app/src/m1.rs", "app/src/odd/m3.rs"]);
}

/// `CARGO_MANIFEST_DIR` goes through the link, and so does `..` behind it.
#[test]
fn a_member_whose_directory_is_a_link() {
    let fixture = fixture(&[
        (
            "real/app/src/lib.rs",
            "const X: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../x.txt\"));",
        ),
        ("real/x.txt", ""),
        ("members/x.txt", "another"),
    ]);
    std::os::unix::fs::symlink("../real/app", fixture.path().join("members/app")).unwrap();
    fixture
        .member("members/app")
        .lists(&["members/app", "real/app/src/lib.rs", "real/x.txt"]);
}
