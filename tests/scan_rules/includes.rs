//! `include!`, `include_str!` and `include_bytes!`.

use crate::*;

#[test]
fn includes_in_every_spelling() {
    fixture(&[
        (
            "src/lib.rs",
            "#![doc = include_str!(\"../README.md\")]
             #![cfg_attr(windows, doc = include_str!(\"../WINDOWS.md\"))]
             const A: &str = include_str!(r#\"a.txt\"#);
             const B: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data/\", \"b.bin\",),);
             const C: &str = include_str!(core::concat!(\"c\\u{2e}\", stringify!(txt)));
             const D: &str = include_str!(\"d\\
                 .txt\");
             const E: &str = include_str!(concat!(env!(\"CARGO_PKG_NAME\"), \"-\", env!(\"CARGO_PKG_VERSION\")));
             mod m;
             /// ```
             /// include_str!(\"not.txt\");
             /// ```
             fn f() { let s = \"include_str!(\\\"not.txt\\\")\"; /* include_str!(\"not.txt\") */ }",
        ),
        ("README.md", ""),
        ("WINDOWS.md", ""),
        ("src/a.txt", ""),
        ("data/b.bin", ""),
        ("src/c.txt", ""),
        ("src/d.txt", ""),
        ("src/p-1.2.3", ""),
        ("src/m.rs", "const M: &str = include_str!(\"m/deep.txt\");"),
        ("src/m/deep.txt", ""),
        ("src/not.txt", ""),
    ])
    .lists(&["README.md", "data/b.bin", "src/a.txt", "src/c.txt", "src/d.txt", "src/m.rs", "src/m/deep.txt", "src/p-1.2.3"]);
}

#[test]
fn included_code_is_followed_from_its_own_directory() {
    fixture(&[
        ("src/lib.rs", "mod a { include!(\"parts/code.in\"); } include!(concat!(env!(\"OUT_DIR\"), \"/gen.rs\"));"),
        ("src/parts/code.in", "mod b; const X: &str = include_str!(\"x.txt\");"),
        ("src/parts/b.rs", ""),
        ("src/parts/x.txt", ""),
    ])
    .lists(&["src/parts/b.rs", "src/parts/code.in", "src/parts/x.txt"]);
}

#[test]
fn includes_in_macros_take_what_the_macro_is_given() {
    fixture(&[
        (
            "src/lib.rs",
            "macro_rules! text { ($p:literal) => { include_str!($p) } }
             macro_rules! page { ($n:expr, $e:expr) => { include_str!(concat!(\"../pages/\", $n, \".\", $e)) } }
             macro_rules! named { ($n:ident) => { include_str!(concat!(stringify!($n), \".txt\")) } }
             macro_rules! outer { ($p:literal) => { text!($p) } }
             const A: [&str; 5] = [text!(\"a.txt\"), page!(\"one\", \"md\"), named!(b), outer!(\"c.txt\"), text!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/d.txt\"))];",
        ),
        ("src/a.txt", ""),
        ("pages/one.md", ""),
        ("pages/two.md", ""),
        ("src/b.txt", ""),
        ("src/c.txt", ""),
        ("d.txt", ""),
    ])
    .lists(&["d.txt", "pages/one.md", "src/a.txt", "src/b.txt", "src/c.txt"]);
}

/// derive_more-impl.
#[test]
fn an_unresolved_name_widens_to_its_directory() {
    fixture(&[
        ("src/lib.rs", "macro_rules! d { ($f:ident) => { include_str!(concat!(\"../doc/\", other!($f), \".md\")) } } d!(zz);"),
        ("doc/a.md", ""),
        ("doc/b.md", ""),
        ("doc/c.txt", ""),
    ])
    .widens(
        Width::Directory {
            dir: "doc".to_owned(),
            suffix: ".md".to_owned(),
        },
        &["doc/a.md", "doc/b.md", "src/lib.rs"],
    );
}

#[test]
fn an_unknown_name_widens_to_the_package_and_not_to_its_neighbours() {
    let mut fixture = fixture(&[
        ("src/lib.rs", "include!(env!(\"SOMEWHERE\"));"),
        ("data/x.txt", ""),
        ("inner/Cargo.toml", ""),
        ("inner/src/lib.rs", ""),
        ("target/CACHEDIR.TAG", ""),
        ("target/debug/x", ""),
        (".git/HEAD", ""),
    ]);
    fixture.request.packages.push(Package {
        name: "inner".to_owned(),
        dir: "inner".to_owned(),
        ..Package::default()
    });
    fixture.widens(Width::Package, &["data/x.txt", "src/lib.rs"]);
}

#[test]
fn code_that_a_fallback_adds_is_followed() {
    let fixture = fixture(&[
        (
            "p/src/lib.rs",
            "include!(concat!(\"gen/\", env!(\"WHICH\"), \".rs\"));",
        ),
        (
            "p/src/gen/a.rs",
            "const A: &str = include_str!(\"../../../shared.txt\");",
        ),
        ("shared.txt", ""),
        ("other.txt", ""),
    ]);
    let mut fixture = fixture.crate_root("p/src/lib.rs");
    fixture.request.packages[0].dir = "p".to_owned();
    fixture.widens(
        Width::Directory {
            dir: "p/src/gen".to_owned(),
            suffix: ".rs".to_owned(),
        },
        &["p/src/gen/a.rs", "p/src/lib.rs", "shared.txt"],
    );
}

#[test]
fn templates_of_procedural_macros_are_not_includes() {
    fixture(&[(
        "src/lib.rs",
        "fn f() { quote! { include_bytes!(#path); include_str!(\"gone.txt\") } }",
    )])
    .lists(&[]);
}

#[test]
fn a_file_that_is_not_there_is_told_and_listed_nowhere() {
    let fixture = fixture(&[(
        "src/lib.rs",
        "mod gone;\nconst A: &str = include_str!(\"gone.txt\");",
    )]);
    fixture.lists(&[]);
    let unit = fixture.unit();
    let absent: Vec<_> = unit
        .absent
        .iter()
        .map(|absent| (&*absent.what, absent.at.line))
        .collect();
    assert_eq!(
        absent,
        [("include_str!(\"gone.txt\")", 2), ("mod gone;", 1)]
    );
}
