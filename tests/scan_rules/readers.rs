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

/// The same string also leads to the directory of the file, which is not what it means here.
#[test]
fn a_directory_that_is_the_package() {
    for folder in [".", "./", "$CARGO_MANIFEST_DIR"] {
        let code = format!("#[derive(Embed)] #[folder = {folder:?}] struct A;");
        fixture(&[
            ("src/lib.rs", &code),
            ("queries/1.sql", ""),
            ("top.sql", ""),
        ])
        .macros(&["rust-embed-impl"])
        .widens(Width::Package, &["queries/1.sql", "src/lib.rs", "top.sql"]);
    }
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

// Out of the package.

/// rust-i18n in a workspace, as its own examples have it.
#[test]
fn translations_in_the_workspace() {
    let files = |path: &str| {
        fixture(&[
            (
                "app/src/lib.rs",
                &format!("rust_i18n::i18n!(\"{path}\", fallback = \"en\");"),
            ),
            ("app/locales/en.yml", ""),
            ("app/README.md", ""),
            ("locales/en.yml", ""),
            ("locales/deep/de.yml", ""),
            ("other/x.yml", ""),
        ])
        .member("app")
        .macros(&["rust-i18n-macro"])
    };
    let package = ["app/README.md", "app/locales/en.yml", "app/src/lib.rs"];
    files("locales").widens(Width::Package, &package);
    let both: Vec<_> = package
        .into_iter()
        .chain(["locales/deep/de.yml", "locales/en.yml"])
        .collect();
    files("../locales").widens(Width::Package, &both);
}

#[test]
fn translations_whose_place_the_manifest_tells() {
    let fixture = fixture(&[
        ("app/src/lib.rs", "rust_i18n::i18n!();"),
        (
            "app/Cargo.toml",
            "[package.metadata.i18n]\nload-path = \"../locales\"\n[dependencies]\nx = { path = \"../x\" }",
        ),
        ("locales/en.yml", ""),
        ("x/src/lib.rs", ""),
    ])
    .member("app")
    .macros(&["rust-i18n-macro"]);
    fixture.widens(
        Width::Package,
        &["app/Cargo.toml", "app/src/lib.rs", "locales/en.yml"],
    );
}

/// diesel, wit-bindgen, graphql_client, slint.
#[test]
fn readers_lead_out_of_the_package() {
    let reads = |package: &str, code: &str, expected: &[&str]| {
        let fixture = fixture(&[
            ("app/src/lib.rs", code),
            ("migrations/1_a/up.sql", ""),
            ("wit/world.wit", ""),
            ("wit/deps/a/a.wit", ""),
            ("schema.graphql", ""),
            ("ui/main.slint", "import { X } from \"deep/x.slint\";"),
            ("ui/deep/x.slint", "@image-url(\"../logo.svg\")"),
            ("ui/logo.svg", ""),
            ("ui/unused.slint", ""),
        ]);
        let unit = fixture.member("app").macros(&[package]).unit();
        let outside = unit.files.keys().filter(|file| !file.starts_with("app/"));
        assert_eq!(outside.collect::<Vec<_>>(), expected, "{code}");
    };
    reads(
        "migrations_macros",
        "const M: X = diesel_migrations::embed_migrations!(\"../migrations\");",
        &["migrations/1_a/up.sql"],
    );
    reads(
        "wit-bindgen-rust-macro",
        "mod bindings { wit_bindgen::generate!({ path: \"../wit\" }); }",
        &["wit/deps/a/a.wit", "wit/world.wit"],
    );
    reads(
        "graphql_query_derive",
        "#[derive(GraphQLQuery)] #[graphql(schema_path = \"../schema.graphql\")] struct Q;",
        &["schema.graphql"],
    );
    reads(
        "slint-macros",
        "slint::slint! { import { Main } from \"../../ui/main.slint\"; }",
        &["ui/deep/x.slint", "ui/logo.svg", "ui/main.slint"],
    );
    reads(
        "migrations_macros",
        "macro_rules! embed { ($p:literal) => { diesel_migrations::embed_migrations!($p) } }
         const M: X = embed!(\"../migrations\");",
        &["migrations/1_a/up.sql"],
    );
    reads(
        "migrations_macros",
        "const M: X = embed_migrations!(concat!(\"../mig\", \"rations\"));",
        &["migrations/1_a/up.sql"],
    );
    reads(
        "rust-embed-impl",
        "#[derive(Embed)] #[folder = \"$CARGO_MANIFEST_DIR/../ui\"] struct U;",
        &[
            "ui/deep/x.slint",
            "ui/logo.svg",
            "ui/main.slint",
            "ui/unused.slint",
        ],
    );
}

/// rstest starts from the package, test-generator from where the compiler runs.
#[test]
fn patterns_of_test_files() {
    let files = |code: &str| {
        let fixture = fixture(&[
            ("app/tests/all.rs", code),
            ("app/cases/own.txt", ""),
            ("testdata/a.txt", ""),
            ("testdata/b.txt", ""),
            ("root.txt", ""),
        ]);
        let mut fixture = fixture.member("app").crate_root("app/tests/all.rs");
        fixture.request.units[0].kind = UnitKind::Test;
        let unit = fixture.macros(&["rstest_macros", "test-generator"]).unit();
        unit.files.into_keys().collect::<Vec<_>>()
    };
    let all = [
        "app/cases/own.txt",
        "app/tests/all.rs",
        "testdata/a.txt",
        "testdata/b.txt",
    ];
    assert_eq!(
        files(
            "#[rstest] fn rs(#[files(\"cases/*.txt\")] #[files(\"../testdata/*.txt\")] path: PathBuf) {}"
        ),
        all
    );
    assert_eq!(
        files("#[test_generator::test_resources(\"testdata/*.txt\")] fn tg(path: &str) {}"),
        all
    );
    assert_eq!(
        files("#[test_resources(\"*.txt\")] fn tg(path: &str) {}"),
        ["app/cases/own.txt", "app/tests/all.rs", "root.txt"]
    );
}

/// Tauri's own template.
#[test]
fn what_a_configuration_names() {
    fixture(&[
        ("src-tauri/src/lib.rs", "fn run() { tauri::generate_context!(); }"),
        (
            "src-tauri/tauri.conf.json",
            "{ \"build\": { \"frontendDist\": \"../dist\", \"devUrl\": \"http://localhost:1420\" } }",
        ),
        ("src-tauri/icons/icon.png", ""),
        ("dist/index.html", ""),
        ("dist/assets/a.js", ""),
        ("package.json", ""),
    ])
    .member("src-tauri")
    .macros(&["tauri-macros"])
    .widens(
        Width::Package,
        &[
            "dist/assets/a.js",
            "dist/index.html",
            "src-tauri/icons/icon.png",
            "src-tauri/src/lib.rs",
            "src-tauri/tauri.conf.json",
        ],
    );
}

/// wasm-bindgen, dioxus.
#[test]
fn a_leading_slash_means_the_package() {
    let fixture = fixture(&[
        (
            "app/src/lib.rs",
            "#[wasm_bindgen(module = \"/js/names.js\")] extern \"C\" {}
             static ICON: Asset = manganis::asset!(\"/assets/icon.svg\");
             static ALL: Asset = manganis::asset!(\"/images\");
             const A: &str = theirs!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/assets/a.txt\"));
             const B: &str = theirs!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/assets/\", \"b\", \".txt\"));
             macro_rules! ours { ($p:literal) => { theirs!($p) } }
             const C: &str = ours!(\"/assets/c.txt\");",
        ),
        ("app/js/names.js", ""),
        ("app/assets/icon.svg", ""),
        ("app/assets/a.txt", ""),
        ("app/assets/b.txt", ""),
        ("app/assets/c.txt", ""),
        ("app/assets/unused.txt", ""),
        ("app/images/deep/x.png", ""),
        ("js/names.js", ""),
    ]);
    fixture.member("app").macros(&["manganis-macro"]).lists(&[
        "app/assets/a.txt",
        "app/assets/b.txt",
        "app/assets/c.txt",
        "app/assets/icon.svg",
        "app/images/deep/x.png",
        "app/js/names.js",
    ]);
}

#[test]
fn an_unknown_macro_reads_a_directory_elsewhere() {
    let fixture = fixture(&[
        (
            "app/src/lib.rs",
            "theirs!(\"../data\"); theirs!(\"../\"); theirs!(\"./src\");",
        ),
        ("app/src/other.rs", ""),
        ("data/x.txt", ""),
        ("more/y.txt", ""),
    ]);
    fixture.member("app").lists(&["data/x.txt"]);
}

/// slint's template: `slint::include_modules!()` includes code that includes images.
#[test]
fn code_that_a_known_package_writes_is_included_by_its_macro() {
    let with = |package: &str, code: &str| {
        let mut fixture = fixture(&[
            ("src/lib.rs", code),
            (
                "build.rs",
                "fn main() { slint_build::compile(\"ui/app.slint\").unwrap(); }",
            ),
            ("ui/app.slint", ""),
            ("ui/logo.svg", ""),
        ]);
        let package_facts = &mut fixture.request.packages[0];
        package_facts.build_script = Some("build.rs".to_owned());
        package_facts.build_dependencies = versions(&[package]);
        fixture.unit().files.into_keys().collect::<Vec<_>>()
    };
    let all = ["build.rs", "src/lib.rs", "ui/app.slint", "ui/logo.svg"];
    assert_eq!(with("slint-build", "slint::include_modules!();"), all);
    assert_eq!(with("slint-build", "fn f() {}"), ["src/lib.rs"]);
    assert_eq!(with("other", "slint::include_modules!();"), ["src/lib.rs"]);
}

/// document-features, proc-macro-crate.
#[test]
fn a_macro_that_reads_the_manifest() {
    let fixture = fixture(&[
        (
            "src/lib.rs",
            "#![doc = document_features::document_features!()]",
        ),
        ("Cargo.toml", ""),
    ]);
    fixture
        .macros(&["document-features"])
        .lists(&["Cargo.toml"]);
}
