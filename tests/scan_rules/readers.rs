//! Macros and attributes from elsewhere that read files.

use crate::*;

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
