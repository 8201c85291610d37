//! What the scanner follows, construct by construct, each with the kind of crate that it
//! comes from.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use dyndrv::depinfo::{
    Cfg, EntryKind, Error, Package, Request, Scan, Unit, UnitFiles, UnitKind, Why, Width, report,
    scan,
};
use semver::Version;
use std::collections::BTreeSet;
use std::path::Path;

/// A package in a temporary directory, with `src/lib.rs` as the unit's root.
struct Fixture {
    dir: tempfile::TempDir,
    request: Request,
}

fn fixture(files: &[(&str, &str)]) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let cfg = Cfg::from_rustc("unix\ntarget_os=\"linux\"\ntarget_family=\"unix\"\n");
    let request = Request {
        root: dir.path().to_owned(),
        packages: vec![Package {
            name: "p".to_owned(),
            version: "1.2.3".to_owned(),
            ..Package::default()
        }],
        units: vec![Unit {
            package: 0,
            name: "p".to_owned(),
            crate_root: "src/lib.rs".to_owned(),
            kind: UnitKind::Lib,
            cfg: cfg.with_feature("on"),
            macro_packages: BTreeSet::new(),
            extra_sources: Vec::new(),
        }],
        ..Request::default()
    };
    Fixture { dir, request }
}

impl Fixture {
    fn scan(&self) -> Scan {
        scan(&self.request).unwrap()
    }

    fn unit(&self) -> UnitFiles {
        self.scan().units.swap_remove(0)
    }

    fn error(&self) -> Error {
        scan(&self.request).unwrap_err()
    }

    fn macros(mut self, packages: &[&str]) -> Self {
        self.request.units[0].macro_packages =
            packages.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    fn crate_root(mut self, root: &str) -> Self {
        self.request.units[0].crate_root = root.to_owned();
        self
    }

    /// The list, without the crate root, must be exactly this, with no fallback.
    #[track_caller]
    fn lists(&self, expected: &[&str]) {
        let unit = self.unit();
        let root = &self.request.units[0].crate_root;
        let listed: Vec<_> = unit.files.keys().filter(|path| *path != root).collect();
        assert_eq!(listed, expected);
        assert_eq!(unit.fallbacks, []);
    }

    /// As [`Self::lists`], but with a fallback.
    #[track_caller]
    fn widens(&self, to: Width, expected: &[&str]) {
        let unit = self.unit();
        let listed: Vec<_> = unit.files.keys().collect();
        assert_eq!(listed, expected);
        let widths: Vec<_> = unit.fallbacks.iter().map(|fallback| &fallback.to).collect();
        assert_eq!(widths, [&to]);
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

// Modules.

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

// Macros.

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

// Includes.

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

// Macros and attributes from elsewhere.

#[test]
fn strings_of_unknown_macros_and_attributes_that_name_files() {
    fixture(&[
        (
            "src/lib.rs",
            "#[derive(Parser)] #[grammar = \"g.pest\"] struct P; unknown!(\"data/x.sql\"); #[unknown(path = \"a.html\")] struct Q;
             println!(\"data/y.sql\"); #[doc = \"data/y.sql\"] struct R; #[serde(rename = \"data/y.sql\")] struct S;",
        ),
        ("src/g.pest", ""),
        ("data/x.sql", ""),
        ("data/y.sql", ""),
        ("templates/a.html", ""),
    ])
    .lists(&["data/x.sql", "src/g.pest", "templates/a.html"]);
}

#[test]
fn known_macros_read_what_they_are_known_to_read() {
    let files = [
        (
            "src/lib.rs",
            "#[derive(Embed)] #[folder = \"assets\"] struct A; mod b;",
        ),
        ("src/b.rs", ""),
        ("assets/one/x.css", ""),
        ("other.txt", ""),
    ];
    fixture(&files)
        .macros(&["rust-embed-impl"])
        .lists(&["assets/one/x.css", "src/b.rs"]);
    fixture(&files)
        .macros(&["serde_derive"])
        .lists(&["src/b.rs"]);
    let askama = [
        (
            "src/lib.rs",
            "#[derive(Template)] #[template(path = \"x.html\")] struct A;",
        ),
        ("templates/x.html", ""),
        ("templates/base.html", ""),
    ];
    let mut askama = fixture(&askama).macros(&["askama_derive"]);
    askama.lists(&["templates/base.html", "templates/x.html"]);
    std::fs::write(askama.path().join("askama.toml"), "").unwrap();
    askama.widens(
        Width::Package,
        &[
            "askama.toml",
            "src/lib.rs",
            "templates/base.html",
            "templates/x.html",
        ],
    );
    askama.request.units[0].macro_packages.clear();
    askama.lists(&["templates/x.html"]);
}

#[test]
fn known_macros_in_the_body_of_a_macro_read_as_elsewhere() {
    let library = "
        macro_rules! make_template {
            ($name:ident, $path:expr) => {
                #[derive(::askama::Template)] #[template(path = $path)] struct $name;
            };
        }
        macro_rules! ask { ($text:expr) => { sqlx::query!($text) }; }
        make_template!(A, \"a.txt\");
        fn f() { ask!(\"select\"); }";
    let files = [
        ("src/lib.rs", library),
        ("templates/a.txt", ""),
        (".sqlx/query.json", ""),
    ];
    fixture(&files)
        .macros(&["askama_derive"])
        .lists(&["templates/a.txt"]);
    let all = [".sqlx/query.json", "src/lib.rs", "templates/a.txt"];
    fixture(&files)
        .macros(&["sqlx-macros"])
        .widens(Width::Workspace, &all);
    // Without a known reader, a string that reaches an attribute still names a file.
    fixture(&files).lists(&["templates/a.txt"]);
}

#[test]
fn manifests_are_listed_for_units_whose_macros_read_them() {
    let files = [
        ("member/src/lib.rs", ""),
        ("member/Cargo.toml", ""),
        ("Cargo.toml", ""),
    ];
    let mut plain = fixture(&files).crate_root("member/src/lib.rs");
    plain.request.packages[0].dir = "member".to_owned();
    plain.lists(&[]);
    plain
        .macros(&["num_enum_derive", "proc-macro-crate"])
        .lists(&["Cargo.toml", "member/Cargo.toml"]);
}

// What the user adds.

#[test]
fn extra_sources() {
    let files = [
        ("src/lib.rs", ""),
        ("assets/a.css", ""),
        ("assets/deep/b.css", ""),
        ("assets/c.js", ""),
        ("docs/d.md", ""),
    ];
    let mut fixture = fixture(&files);
    fixture.request.packages[0].extra_sources = vec!["assets/**/*.css".to_owned()];
    fixture.request.units[0].extra_sources = vec!["docs".to_owned()];
    fixture.lists(&["assets/a.css", "assets/deep/b.css", "docs/d.md"]);
    fixture.request.packages[0].extra_sources = vec!["assets/*.css".to_owned()];
    fixture.lists(&["assets/a.css", "docs/d.md"]);
    fixture.request.packages[0].extra_sources = vec!["gone/*.css".to_owned()];
    assert!(matches!(fixture.error(), Error::GlobEmpty { .. }));
    fixture.request.packages[0].extra_sources = vec!["assets/[".to_owned()];
    assert!(matches!(fixture.error(), Error::Glob { .. }));
    fixture.request.packages[0].extra_sources = vec!["/etc/*".to_owned()];
    assert!(matches!(fixture.error(), Error::Glob { .. }));
}

// Build scripts.

/// Packages in versions that are known, or in some version that is not.
fn versions(packages: &[&str]) -> BTreeSet<(String, Version)> {
    let version = |name: &str| match name {
        "cc" => Version::new(1, 2, 16),
        _ => Version::new(0, 0, 1),
    };
    let packages = packages.iter();
    packages
        .map(|name| ((*name).to_owned(), version(name)))
        .collect()
}

fn build_script(text: &str) -> UnitFiles {
    build_script_with(text, &[])
}

fn build_script_with(text: &str, packages: &[&str]) -> UnitFiles {
    let mut fixture = fixture(&[
        ("Cargo.toml", ""),
        ("build.rs", text),
        ("src/lib.rs", ""),
        ("tests/t.rs", ""),
        ("benches/b.rs", ""),
    ]);
    fixture.request.packages[0].build_dependencies = versions(packages);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    fixture.unit()
}

const ALL: [&str; 5] = [
    "Cargo.toml",
    "benches/b.rs",
    "build.rs",
    "src/lib.rs",
    "tests/t.rs",
];

fn keys(unit: &UnitFiles) -> Vec<&str> {
    unit.files.keys().map(String::as_str).collect()
}

#[test]
fn a_build_script_that_touches_no_file_sees_what_it_declares() {
    let main = |body: &str| format!("fn main() {{ {body} }}");
    let none = r#"println!("cargo:rustc-cfg=x"); if std::env::var("Y").is_ok() {}"#;
    assert_eq!(keys(&build_script(&main(none))), [""; 0]);
    let line = r#"println!("cargo:rerun-if-changed=Cargo.toml");"#;
    assert_eq!(keys(&build_script(&main(line))), ["Cargo.toml"]);
}

/// What the script tells a linker or a dependent has to be there for them.
#[test]
fn a_build_script_that_tells_where_its_package_is_sees_it() {
    for body in [
        r#"println!("cargo:rustc-link-search=native={}/libs", env!("CARGO_MANIFEST_DIR"));"#,
        r#"println!("cargo:rustc-link-search=native={}/libs", std::env::var("CARGO_MANIFEST_DIR").unwrap());"#,
        r#"println!("cargo:rustc-link-search=native=src");"#,
        r#"println!("cargo:include={}", std::env::current_dir().unwrap().display());
           println!("cargo:rerun-if-changed=build.rs");"#,
    ] {
        let run = build_script(&format!("fn main() {{ {body} }}"));
        assert_eq!(keys(&run), ALL, "{body}");
    }
}

#[test]
fn a_build_script_without_lines_sees_its_package() {
    for body in [
        r#"std::fs::read("src/lib.rs").unwrap();"#,
        r#"std::fs::read_dir(".").unwrap();"#,
        r#"println!("cargo:rerun-if-changed={}", file); std::fs::read(file);"#,
        r#"println!("cargo:rerun-if-changed={FILE}"); std::fs::read(FILE);"#,
    ] {
        let run = build_script(&format!("fn main() {{ {body} }}"));
        assert_eq!(keys(&run), ALL, "{body}");
    }
}

/// What cargo runs the script again for, and what else its text names.
#[test]
fn a_build_script_whose_lines_are_literal_sees_what_they_name() {
    let with = |body: &str| {
        let text = format!("fn main() {{ println!(\"cargo:rerun-if-changed=build.rs\"); {body} }}");
        build_script_with(&text, &["cc"])
    };
    assert_eq!(keys(&with("std::fs::read(x);")), ["build.rs"]);
    let named = r#"std::fs::read("src/lib.rs");"#;
    assert_eq!(keys(&with(named)), ["build.rs", "src/lib.rs"]);
    let with_ending = r#"std::fs::read(format!("tests/{}.rs", "t"));"#;
    assert_eq!(keys(&with(with_ending)), ["build.rs", "tests/t.rs"]);
    let listed = r#"std::fs::read_dir("benches"); println!("cargo::rerun-if-changed=benches");"#;
    assert_eq!(keys(&with(listed)), ["benches/b.rs", "build.rs"]);
    for more in [
        r#"println!("cargo:rerun-if-changed={}", x); std::fs::read(x);"#,
        r#"std::process::Command::new("make");"#,
        r#"type Cmd = std::process::Command; Cmd::new("make");"#,
        r#"std::fs::read_dir(x);"#,
        r#"std::fs::read(path.with_file_name("x"));"#,
        r#"include!(env!("SOMEWHERE"));"#,
        r#"println!("cargo:rustc-link-arg=-T{}/x.ld", env!("CARGO_MANIFEST_DIR")); std::fs::read(x);"#,
    ] {
        assert_eq!(keys(&with(more)), ALL, "{more}");
    }
}

#[test]
fn a_build_script_with_other_packages_sees_what_they_might_read() {
    let text = r#"fn main() {
        println!("cargo:rerun-if-changed=src/lib.rs");
        std::fs::read("src/lib.rs").unwrap();
    }"#;
    assert_eq!(keys(&build_script_with(text, &["cc"])), ["src/lib.rs"]);
    // In this version, it is not known.
    assert_eq!(keys(&build_script_with(text, &["cmake"])), ALL);
    assert_eq!(keys(&build_script_with(text, &["flate2"])), ALL);
}

#[test]
fn files_that_a_declared_file_includes_are_seen() {
    let mut fixture = fixture(&[
        (
            "build.rs",
            r#"fn main() {
                println!("cargo:rerun-if-changed=c/a.c");
                cc::Build::new().file("c/a.c").compile("a");
            }"#,
        ),
        (
            "c/a.c",
            "#include \"a.h\"\n#include <deep/b.h>\n#include <stdio.h>",
        ),
        ("c/a.h", "#include \"../include/c.h\""),
        ("c/unused.h", ""),
        ("deep/b.h", ""),
        ("include/c.h", ""),
        ("src/lib.rs", ""),
    ]);
    fixture.request.packages[0].build_dependencies = versions(&["cc"]);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    let run = fixture.unit();
    assert_eq!(keys(&run), ["c/a.c", "c/a.h", "deep/b.h", "include/c.h"]);
}

#[test]
fn the_user_says_what_a_build_script_sees() {
    let mut fixture = fixture(&[
        (
            "build.rs",
            "fn main() { std::process::Command::new(\"make\"); }",
        ),
        ("c/a.c", ""),
        ("src/lib.rs", ""),
        ("x.txt", ""),
    ]);
    let package = &mut fixture.request.packages[0];
    package.build_script = Some("build.rs".to_owned());
    package.build_script_sources = Some(vec!["c".to_owned()]);
    package.extra_sources = vec!["*.txt".to_owned()];
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    assert_eq!(keys(&fixture.unit()), ["c/a.c", "x.txt"]);
    fixture.request.packages[0].build_script_sources = Some(vec!["gone/*".to_owned()]);
    let message = fixture.error().to_string();
    assert!(message.contains("build-script-sources"), "{message}");
}

/// What the run of `crates/p/build.rs` sees of a workspace, besides its package.
fn run_in_workspace(text: &str, packages: &[&str]) -> Vec<String> {
    let mut fixture = fixture(&[
        ("Cargo.toml", ""),
        ("Cargo.lock", ""),
        ("proto/a.proto", ""),
        ("proto/deep/b.proto", ""),
        ("data/c.txt", ""),
        ("data/d.txt", ""),
        ("crates/p/build.rs", text),
        ("crates/p/src/lib.rs", ""),
        ("crates/q/src/lib.rs", ""),
        ("crates/q/src/q.h", ""),
    ]);
    let package = &mut fixture.request.packages[0];
    package.dir = "crates/p".to_owned();
    package.build_script = Some("crates/p/build.rs".to_owned());
    package.build_dependencies = versions(packages);
    let mut other = package.clone();
    (other.name, other.dir) = ("q".to_owned(), "crates/q".to_owned());
    fixture.request.packages.push(other);
    fixture.request.units[0].crate_root = "crates/p/build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    let files = fixture.unit().files.into_keys();
    files
        .filter(|file| !file.starts_with("crates/p/"))
        .collect()
}

#[test]
fn a_build_script_sees_what_it_names_outside_of_its_package() {
    let protos = ["proto/a.proto", "proto/deep/b.proto"];
    let by_ups = r#"fn main() { std::fs::read("../../proto/a.proto"); }"#;
    assert_eq!(run_in_workspace(by_ups, &[]), protos);
    let by_format =
        r#"fn main() { std::fs::read(format!("{}/../../proto/{}.proto", dir, name)); }"#;
    assert_eq!(run_in_workspace(by_format, &[]), protos);
    let by_parent = r#"fn main() { std::fs::read(root.parent().join("proto")); }"#;
    assert_eq!(run_in_workspace(by_parent, &[]), protos);
    let text = r#"fn main() { std::fs::read("../../data/c.txt"); }"#;
    assert_eq!(run_in_workspace(text, &[]), ["data/c.txt"]);
    let absent = r#"fn main() { std::fs::read("../../data/absent"); }"#;
    assert_eq!(run_in_workspace(absent, &[]), ["data/c.txt", "data/d.txt"]);
    let header = r#"fn main() { std::fs::read("../q/src/q.h"); }"#;
    assert_eq!(
        run_in_workspace(header, &["cc"]),
        ["crates/q/src/lib.rs", "crates/q/src/q.h"]
    );
    let outside = r#"fn main() { std::fs::read("../../../../x"); }"#;
    assert!(run_in_workspace(outside, &[]).is_empty());
}

#[test]
fn a_build_script_that_lists_its_parent_directory_sees_all_of_it() {
    let text = r#"fn main() { std::fs::read_dir(".."); }"#;
    let seen = run_in_workspace(text, &[]);
    assert!(seen.contains(&"crates/q/src/q.h".to_owned()), "{seen:?}");
    assert!(!seen.contains(&"Cargo.lock".to_owned()), "{seen:?}");
}

#[test]
fn a_build_script_that_asks_cargo_sees_the_workspace() {
    let text = r#"fn main() { Command::new("cargo").arg("metadata").output(); }"#;
    assert_eq!(run_in_workspace(text, &[]).len(), 8);
    let text = "fn main() { cbindgen::generate(x); std::fs::write(y); }";
    assert_eq!(run_in_workspace(text, &["cbindgen"]).len(), 8);
    let text = "fn main() { built::write_built_file(); std::fs::write(y); }";
    assert_eq!(
        run_in_workspace(text, &["built"]),
        ["Cargo.lock", "Cargo.toml"]
    );
}

#[test]
fn a_library_of_the_project_in_a_build_script_counts_as_its_text() {
    let with = |library: &str| {
        let mut fixture = fixture(&[
            ("Cargo.toml", ""),
            (
                "build.rs",
                r#"fn main() { println!("cargo:rerun-if-changed=build.rs"); helper::run(); }"#,
            ),
            ("src/lib.rs", ""),
            ("helper/src/lib.rs", library),
            ("helper/list.txt", ""),
        ]);
        let package = &mut fixture.request.packages[0];
        package.build_script = Some("build.rs".to_owned());
        package.build_packages = [1].into();
        let mut helper = package.clone();
        (helper.name, helper.dir) = ("helper".to_owned(), "helper".to_owned());
        (helper.build_script, helper.build_packages) = (None, BTreeSet::new());
        fixture.request.packages.push(helper);
        let mut unit = fixture.request.units[0].clone();
        (unit.package, unit.crate_root) = (1, "helper/src/lib.rs".to_owned());
        unit.kind = UnitKind::Lib;
        fixture.request.units.push(unit);
        fixture.request.units[0].crate_root = "build.rs".to_owned();
        fixture.request.units[0].kind = UnitKind::RunBuildScript;
        fixture.unit().files.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(with("pub fn run() {}"), ["build.rs"]);
    let reads =
        r#"pub fn run() { std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/list.txt")); }"#;
    assert_eq!(with(reads), ["build.rs", "helper/list.txt"]);
    let lists = "pub fn run() { std::fs::read_dir(std::env::current_dir()); }";
    assert_eq!(with(lists).len(), 5);
}

#[test]
fn a_build_script_that_names_its_repository_does_not_see_it() {
    let text = r#"fn main() { if std::path::Path::new(".git/HEAD").exists() || x(".git") {} }"#;
    let mut fixture = fixture(&[("build.rs", text), (".git/HEAD", ""), ("data.txt", "")]);
    fixture.request.packages[0].build_script = Some("build.rs".to_owned());
    fixture.request.units[0].crate_root = "build.rs".to_owned();
    fixture.request.units[0].kind = UnitKind::RunBuildScript;
    assert_eq!(keys(&fixture.unit()), ["build.rs", "data.txt"]);
}

// Files that are not plain.

#[test]
fn links_are_listed_with_what_they_lead_to() {
    let fixture = fixture(&[
        (
            "src/lib.rs",
            "mod a; const X: &str = include_str!(\"dir/x.txt\");",
        ),
        ("shared/a.rs", "mod b;"),
        ("src/a/b.rs", ""),
        ("real/x.txt", ""),
    ]);
    std::os::unix::fs::symlink("../shared/a.rs", fixture.path().join("src/a.rs")).unwrap();
    std::os::unix::fs::symlink("../real", fixture.path().join("src/dir")).unwrap();
    fixture.lists(&[
        "real/x.txt",
        "shared/a.rs",
        "src/a.rs",
        "src/a/b.rs",
        "src/dir",
    ]);
    let unit = fixture.unit();
    assert_eq!(
        unit.files["src/dir"].kind,
        EntryKind::Symlink("../real".to_owned())
    );
    assert_eq!(unit.files["src/dir"].reason.why, Why::OnTheWay);
}

#[test]
fn links_that_cannot_be_followed_are_errors() {
    let fixture = fixture(&[("src/lib.rs", "mod a;")]);
    let link = fixture.path().join("src/a.rs");
    std::os::unix::fs::symlink("../../outside.rs", &link).unwrap();
    assert!(matches!(fixture.error(), Error::SymlinkOut { .. }));
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let message = fixture.error().to_string();
    assert!(
        message.contains("src/a.rs") && message.contains("/etc/passwd"),
        "{message}"
    );
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("a.rs", &link).unwrap();
    assert!(matches!(fixture.error(), Error::SymlinkLoop { .. }));
}

#[test]
fn a_socket_is_an_error_where_it_would_be_listed() {
    let fixture = fixture(&[("src/lib.rs", "mod a;")]);
    let _socket = std::os::unix::net::UnixListener::bind(fixture.path().join("src/a.rs")).unwrap();
    assert!(matches!(fixture.error(), Error::Special { .. }));
}

#[test]
fn a_crate_root_that_is_missing_is_an_error_with_its_names() {
    let message = fixture(&[("src/main.rs", "")]).error().to_string();
    assert!(
        message.contains("`p`") && message.contains("src/lib.rs"),
        "{message}"
    );
}

#[test]
fn included_files_need_not_be_text() {
    let fixture = fixture(&[(
        "src/lib.rs",
        "const A: &[u8] = include_bytes!(\"a.bin\"); mod b;",
    )]);
    std::fs::write(fixture.path().join("src/a.bin"), [0xff, 0xfe, 0]).unwrap();
    std::fs::write(fixture.path().join("src/b.rs"), b"// \xff\xfe\nmod c;").unwrap();
    std::fs::create_dir(fixture.path().join("src/b")).unwrap();
    std::fs::write(fixture.path().join("src/b/c.rs"), "").unwrap();
    fixture.lists(&["src/a.bin", "src/b.rs", "src/b/c.rs"]);
}

// Trees and reports.

#[test]
fn equal_lists_share_a_tree_and_copies_keep_permissions_and_links() {
    use std::os::unix::fs::PermissionsExt;
    let mut fixture = fixture(&[
        ("src/lib.rs", "const A: &str = include_str!(\"run.sh\");"),
        ("real.sh", "#!/bin/sh\n"),
        ("src/bin.rs", ""),
    ]);
    std::os::unix::fs::symlink("../real.sh", fixture.path().join("src/run.sh")).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(fixture.path().join("real.sh"), executable).unwrap();
    let mut twin = fixture.request.units[0].clone();
    twin.cfg = twin.cfg.with_flag("test");
    let mut bin = twin.clone();
    bin.crate_root = "src/bin.rs".to_owned();
    fixture.request.units.extend([twin, bin]);
    let tree = |files: &UnitFiles| {
        let files = files.files.keys().map(String::as_str);
        dyndrv::plan::emitter::tree::Tree::of(fixture.path(), files).unwrap()
    };
    let scan = fixture.scan();
    let trees: Vec<_> = scan.units.iter().map(tree).collect();
    // Trees with one digest are one output of the stage.
    assert_eq!(trees[0].digest().unwrap(), trees[1].digest().unwrap());
    assert_ne!(trees[0].digest().unwrap(), trees[2].digest().unwrap());
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("tree");
    trees[0].copy(fixture.path(), &to).unwrap();
    assert_eq!(
        std::fs::read_link(to.join("src/run.sh")).unwrap(),
        Path::new("../real.sh")
    );
    assert_eq!(
        std::fs::metadata(to.join("src/run.sh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o111,
        0o111
    );
    assert!(!to.join("src/bin.rs").exists());
}

#[test]
fn reports_tell_the_line_and_the_construct() {
    let fixture = fixture(&[
        ("src/lib.rs", "\nmod a;\nmod gone;"),
        ("src/a.rs", "const A: &str = include_str!(\"a.txt\");"),
        ("src/a.txt", ""),
    ]);
    let scan = fixture.scan();
    assert_eq!(
        report::text(&fixture.request, &scan),
        "p: library p (3 files)
  ? not there: mod gone; (src/lib.rs:3)
  src/lib.rs (crate root)
    src/a.rs (line 2: mod a;)
      src/a.txt (line 1: include_str!(\"a.txt\"))
"
    );
    let json: serde_json::Value =
        serde_json::from_str(&report::json(&fixture.request, &scan).unwrap()).unwrap();
    assert_eq!(json[0]["kind"], "lib");
    let reason = &json[0]["files"]["src/a.txt"]["reason"];
    assert_eq!(reason["why"], "include-text");
    assert_eq!(reason["at"]["file"], "src/a.rs");
    assert_eq!(reason["at"]["line"], 1);
}

#[test]
fn packages_that_do_not_exist_in_the_request_are_an_error() {
    let mut fixture = fixture(&[("src/lib.rs", "")]);
    fixture.request.units[0].package = 3;
    assert!(matches!(fixture.error(), Error::NoPackage { .. }));
}
