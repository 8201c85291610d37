//! `mod` items and the cfgs that decide about them.

use crate::*;

#[test]
fn modules_in_both_places() {
    fixture(&[
        ("src/lib.rs", "mod a; pub(crate) mod b; pub mod r#as;"),
        ("src/a.rs", "mod c;"),
        ("src/a/c.rs", ""),
        ("src/c.rs", "not read"),
        ("src/b/mod.rs", "mod d;"),
        ("src/b/d.rs", ""),
        ("src/as.rs", ""),
        ("src/unused.rs", ""),
    ])
    .lists(&[
        "src/a.rs",
        "src/a/c.rs",
        "src/as.rs",
        "src/b/d.rs",
        "src/b/mod.rs",
    ]);
}

#[test]
fn inline_modules_are_directories() {
    fixture(&[
        ("src/lib.rs", "mod a { mod b; } mod f;"),
        ("src/a/b.rs", ""),
        ("src/f.rs", "mod g { mod h; }"),
        ("src/f/g/h.rs", ""),
        ("src/g/h.rs", "not read"),
    ])
    .lists(&["src/a/b.rs", "src/f.rs", "src/f/g/h.rs"]);
}

#[test]
fn crate_roots_anywhere_have_their_modules_beside_them() {
    fixture(&[
        ("tests/it.rs", "mod common;"),
        ("tests/common/mod.rs", "mod deep;"),
        ("tests/common/deep.rs", ""),
        ("tests/it/common.rs", "not read"),
    ])
    .crate_root("tests/it.rs")
    .lists(&["tests/common/deep.rs", "tests/common/mod.rs"]);
}

#[test]
fn path_attributes() {
    fixture(&[
        (
            "src/lib.rs",
            "#[path = \"x/y.rs\"] mod a; mod i { #[path = \"../z.rs\"] mod b; } mod f; #[path = \"dir\"] mod j { mod k; }",
        ),
        ("src/x/y.rs", "mod sibling;"),
        ("src/x/sibling.rs", ""),
        ("src/i/here", ""),
        ("src/z.rs", ""),
        ("src/f.rs", "#[path = \"../tests/shared.rs\"] mod s;"),
        ("tests/shared.rs", ""),
        ("src/dir/k.rs", ""),
    ])
    // The compiler goes through the directory `src/i`.
    .lists(&[
        "src/dir/k.rs", "src/f.rs", "src/i", "src/x/sibling.rs", "src/x/y.rs", "src/z.rs", "tests/shared.rs",
    ]);
}

/// rustix, portable-atomic, iana-time-zone.
#[test]
fn the_path_that_cfg_attr_chooses() {
    fixture(&[
        (
            "src/lib.rs",
            "#[cfg_attr(unix, path = \"unix.rs\")] #[cfg_attr(windows, path = \"windows.rs\")] mod imp;
             #[cfg_attr(windows, path = \"no.rs\")] mod yes;
             #[cfg_attr(all(unix, feature = \"on\"), cfg_attr(not(windows), path = \"nested.rs\"))] mod n;",
        ),
        ("src/unix.rs", ""),
        ("src/windows.rs", ""),
        ("src/imp.rs", ""),
        ("src/yes.rs", ""),
        ("src/no.rs", ""),
        ("src/nested.rs", ""),
        ("src/n.rs", ""),
    ])
    .lists(&["src/nested.rs", "src/unix.rs", "src/yes.rs"]);
}

#[test]
fn false_cfgs_cover_their_item_and_nothing_more() {
    fixture(&[
        (
            "src/lib.rs",
            "#[cfg(test)] mod tests; #[cfg(windows)] mod w { mod x; } mod after;
             #[cfg(not(unix))] const A: [u8; 2] = [1, 2]; mod after2;
             #[cfg(feature = \"off\")] use a::{b, c}; mod after3;
             #[cfg(windows)] fn f<A, B>(a: A) -> B { include_str!(\"no.txt\") } mod after4;
             struct S { #[cfg(windows)] a: u8, b: [u8; include_bytes!(\"yes.txt\").len()] }
             #[cfg(any(windows, feature = \"on\"))] mod on;
             #[cfg(all())] mod all; #[cfg(any())] mod none; #[cfg(true)] mod t; #[cfg(false)] mod f;",
        ),
        ("src/tests.rs", ""),
        ("src/w/x.rs", ""),
        ("src/after.rs", ""),
        ("src/after2.rs", ""),
        ("src/after3.rs", ""),
        ("src/after4.rs", ""),
        ("src/no.txt", ""),
        ("src/yes.txt", ""),
        ("src/on.rs", ""),
        ("src/all.rs", ""),
        ("src/none.rs", ""),
        ("src/t.rs", ""),
        ("src/f.rs", ""),
    ])
    .lists(&[
        "src/after.rs", "src/after2.rs", "src/after3.rs", "src/after4.rs", "src/all.rs", "src/on.rs", "src/t.rs",
        "src/yes.txt",
    ]);
}

#[test]
fn a_false_cfg_at_the_top_of_a_file_leaves_out_what_the_file_names() {
    fixture(&[
        (
            "src/lib.rs",
            "mod a; mod b { #![cfg(windows)] mod c; } mod d;",
        ),
        ("src/a.rs", "//! Doc.\n#![cfg(windows)]\nmod e;"),
        ("src/a/e.rs", ""),
        ("src/b/c.rs", ""),
        ("src/d.rs", ""),
    ])
    .lists(&["src/a.rs", "src/d.rs"]);
}

#[test]
fn cfgs_of_a_build_script_are_undecided_and_features_are_not() {
    let files = [
        (
            "src/lib.rs",
            "#[cfg(custom)] mod a; #[cfg(not(custom))] mod b; #[cfg(feature = \"off\")] mod c; #[cfg(windows)] mod d;",
        ),
        ("src/a.rs", ""),
        ("src/b.rs", ""),
        ("src/c.rs", ""),
        ("src/d.rs", ""),
        (
            "build.rs",
            "fn main() { println!(\"cargo:rustc-cfg=custom\"); }",
        ),
    ];
    fixture(&files).lists(&["src/b.rs"]);
    let mut scripted = fixture(&files);
    scripted.request.packages[0].build_script = Some("build.rs".to_owned());
    scripted.lists(&["src/a.rs", "src/b.rs"]);
    std::fs::write(
        scripted.path().join("build.rs"),
        "fn main() { println!(\"cargo:rustc-cfg=feature=\\\"off\\\"\"); }",
    )
    .unwrap();
    scripted.lists(&["src/a.rs", "src/b.rs", "src/c.rs"]);
}

#[test]
fn a_false_cfg_on_a_parameter_covers_the_parameter() {
    fixture(&[
        (
            "src/lib.rs",
            "fn a<#[cfg(windows)] T>() -> &'static str { include_str!(\"a.txt\") }
             fn b<#[cfg(windows)] T: Fn() -> u8, #[cfg(windows)] const N: usize>(x: [u8; N]) { include_str!(\"b.txt\"); }
             impl<#[cfg(windows)] T> S<T> { const C: &str = include_str!(\"c.txt\"); }
             fn d(#[cfg(windows)] x: u8) { include_str!(\"d.txt\"); }
             struct E<#[cfg(windows)] T> { x: [u8; include_bytes!(\"e.txt\").len()] }
             type F = fn(#[cfg(windows)] u8, [u8; include_bytes!(\"f.txt\").len()]);
             fn g() { #[cfg(windows)] if a > b { include_str!(\"no.txt\"); } }",
        ),
        ("src/a.txt", ""),
        ("src/b.txt", ""),
        ("src/c.txt", ""),
        ("src/d.txt", ""),
        ("src/e.txt", ""),
        ("src/f.txt", ""),
    ])
    .lists(&["src/a.txt", "src/b.txt", "src/c.txt", "src/d.txt", "src/e.txt", "src/f.txt"]);
}

/// syn, quote, serde.
#[test]
fn a_path_behind_other_attributes() {
    fixture(&[
        ("src/lib.rs", "/// Private.\n#[doc(hidden)]\n#[path = \"export.rs\"]\npub mod __private;\n#[cfg(unix)] #[path = \"b.rs\"] #[doc(hidden)] pub(crate) mod c;"),
        ("src/export.rs", ""),
        ("src/b.rs", ""),
    ])
    .lists(&["src/b.rs", "src/export.rs"]);
}
