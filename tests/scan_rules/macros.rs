//! Macros of the project's own.

use crate::*;

#[test]
fn arms_of_cfg_if_are_decided() {
    fixture(&[
        (
            "src/lib.rs",
            "cfg_if::cfg_if! { if #[cfg(windows)] { mod a; } else if #[cfg(unix)] { mod b; } else { mod c; } }
             cfg_select! { windows => { mod d; } any(unix, target_os = \"wasi\") => { mod e; } _ => { mod f; } }
             cfg_if! { if #[cfg(unix)] { mod g; } if #[cfg(unix)] { mod h; } }",
        ),
        ("src/a.rs", ""),
        ("src/b.rs", ""),
        ("src/c.rs", ""),
        ("src/d.rs", ""),
        ("src/e.rs", ""),
        ("src/f.rs", ""),
        ("src/g.rs", ""),
        ("src/h.rs", ""),
    ])
    .lists(&["src/b.rs", "src/e.rs", "src/g.rs", "src/h.rs"]);
}

/// tokio.
#[test]
fn a_macro_that_puts_cfgs_before_its_items() {
    fixture(&[
        (
            "src/lib.rs",
            "#[macro_use] mod macros; cfg_off! { mod a; } cfg_on! { pub mod b; } unknown! { mod c; }",
        ),
        (
            "src/macros.rs",
            "macro_rules! cfg_off { ($($item:item)*) => { $( #[cfg(feature = \"off\")] #[cfg_attr(docsrs, doc(cfg(feature = \"off\")))] $item )* } }
             macro_rules! cfg_on { ($($item:item)*) => { $( #[cfg(feature = \"on\")] $item )* } }",
        ),
        ("src/a.rs", ""),
        ("src/b.rs", ""),
        ("src/c.rs", ""),
    ])
    .lists(&["src/b.rs", "src/c.rs", "src/macros.rs"]);
}

/// serde_core's `crate_root!`, libc's macros.
#[test]
fn modules_in_a_macro_of_another_file() {
    fixture(&[
        ("src/lib.rs", "#[macro_use] mod root; crate_root!(); mod sub;"),
        ("src/root.rs", "macro_rules! crate_root { () => { mod a; #[cfg(windows)] mod b; inner!(); } } macro_rules! inner { () => { pub mod c { mod d; } } }"),
        ("src/a.rs", ""),
        ("src/b.rs", ""),
        ("src/c/d.rs", ""),
        ("src/sub.rs", ""),
        ("src/sub/a.rs", "not read, the macro is not used there"),
    ])
    .lists(&["src/a.rs", "src/c/d.rs", "src/root.rs", "src/sub.rs"]);
}

/// time, pest, serde_with, safe_arch.
#[test]
fn modules_that_a_macro_makes_of_names() {
    fixture(&[
        (
            "src/lib.rs",
            "macro_rules! mods { ($($m:ident),*) => { $(mod $m;)* } } mods!(a, b);
             macro_rules! each { (mod $m:ident;) => { mod $m; } } each! { mod c; }
             macro_rules! wrap { ($v:vis $n:ident { $($t:tt)* }) => { mod $n { $($t)* } }; ($v:vis $n:ident) => { mod $n; } }
             wrap!(pub deep { wrap!(pub leaf); mod plain; });
             elsewhere::mods! { e, f }",
        ),
        ("src/a.rs", ""),
        ("src/b.rs", ""),
        ("src/c.rs", ""),
        ("src/deep/leaf.rs", ""),
        ("src/deep/plain.rs", ""),
        ("src/e.rs", ""),
        ("src/f/mod.rs", ""),
        ("src/g.rs", ""),
    ])
    .lists(&["src/a.rs", "src/b.rs", "src/c.rs", "src/deep/leaf.rs", "src/deep/plain.rs", "src/e.rs", "src/f/mod.rs"]);
}

#[test]
fn a_macro_under_another_name() {
    fixture(&[
        ("src/lib.rs", "mod m; use m::original as renamed; mod n;"),
        (
            "src/m.rs",
            "macro_rules! original { () => { mod inside; } } pub(crate) use original;",
        ),
        ("src/n.rs", "crate::renamed!();"),
        ("src/n/inside.rs", ""),
    ])
    .lists(&["src/m.rs", "src/n.rs", "src/n/inside.rs"]);
}

#[test]
fn a_path_that_a_macro_is_given() {
    fixture(&[
        ("src/lib.rs", "macro_rules! at { ($p:literal, $m:ident) => { #[path = $p] mod $m; } } at!(\"odd/x.rs\", y);"),
        ("src/odd/x.rs", "mod z;"),
        ("src/odd/z.rs", ""),
        ("src/y.rs", ""),
    ])
    .lists(&["src/odd/x.rs", "src/odd/z.rs"]);
}

#[test]
fn an_inner_cfg_in_the_arguments_of_a_macro_decides_nothing() {
    fixture(&[
        (
            "src/lib.rs",
            "choose! { #![cfg(windows)] mod a; mod i { #![cfg(windows)] mod b; } }",
        ),
        ("src/a.rs", ""),
        ("src/i/b.rs", ""),
    ])
    .lists(&["src/a.rs"]);
}

#[test]
fn a_macro_of_another_package_of_the_workspace() {
    let mut fixture = fixture(&[
        ("one/src/lib.rs", "macros::text!(); macros::m!(x); macros::forward!();"),
        ("one/fore.txt", ""),
        ("one/src/x.rs", ""),
        ("one/src/text.txt", ""),
        ("one/here.txt", ""),
        (
            "macros/src/lib.rs",
            "#[macro_export] macro_rules! text { () => { include_str!(\"text.txt\"); deep::deep!(); } }
             #[macro_export] macro_rules! forward { () => { deep::fore!() } }
             #[macro_export] macro_rules! m { ($m:ident) => { mod $m; } }",
        ),
        ("macros/here.txt", ""),
        (
            "deep/src/lib.rs",
            "#[macro_export] macro_rules! deep { () => { include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/here.txt\")) } }
             #[macro_export] macro_rules! fore { () => { include_str!(\"../fore.txt\") } }",
        ),
    ])
    .crate_root("one/src/lib.rs");
    fixture.request.packages[0].dir = "one".to_owned();
    for (index, name) in ["macros", "deep"].into_iter().enumerate() {
        let mut unit = fixture.request.units[0].clone();
        unit.package = index + 1;
        unit.crate_root = format!("{name}/src/lib.rs");
        fixture.request.units.push(unit);
        fixture.request.packages.push(Package {
            name: name.to_owned(),
            dir: name.to_owned(),
            ..Package::default()
        });
    }
    fixture.lists(&[
        "one/fore.txt",
        "one/here.txt",
        "one/src/text.txt",
        "one/src/x.rs",
    ]);
    assert_eq!(fixture.scan().units[1].files.len(), 1);
}

#[test]
fn modules_whose_path_a_macro_is_given() {
    fixture(&[
        (
            "src/lib.rs",
            "macro_rules! at { ($p:tt) => { #[path = $p] mod fixed; } } at!(\"odd/x.rs\");
             macro_rules! named { ($v:vis $n:ident { $($i:ident)* }) => { $v mod $n { $(mod $i;)* } } }
             named!(pub nested { n1 n2 });",
        ),
        ("src/odd/x.rs", ""),
        ("src/nested/n1.rs", ""),
        ("src/nested/n2.rs", ""),
        ("src/n1.rs", "not read"),
    ])
    .has(&["src/odd/x.rs", "src/nested/n1.rs", "src/nested/n2.rs"]);
}
