//! What is known about macros and attributes from outside the project's text.
//!
//! A procedural macro can read any file, and nothing in the program tells. The table
//! [`READERS`] names those of the wider world that do, by the package that implements them
//! and the attribute or macro by which a program reaches them. One entry counts for a unit
//! only if the package is among [`Unit::macro_packages`](super::Unit::macro_packages).

/// What a known macro reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// The files or directories that its strings name, relative to one of these directories
    /// of the package. If they name none, the whole package.
    Named(&'static [&'static str]),
    /// These directories or files of the package, unless one of the others exists, which
    /// can name any other directory: then anything in the package.
    Below {
        paths: &'static [&'static str],
        unless: &'static [&'static str],
    },
    /// Anything in the package.
    Package,
    /// Anything in the workspace.
    Workspace,
}

/// A macro that is known to read files.
#[derive(Debug)]
pub(super) struct Reader {
    /// The packages that implement it.
    packages: &'static [&'static str],
    /// The attributes or function-like macros that trigger the reading.
    names: &'static [&'static str],
    pub reads: Reads,
}

const READERS: &[Reader] = &[
    reader(
        &["pest_derive", "pest_generator"],
        &["grammar"],
        Reads::Named(&["src", ""]),
    ),
    reader(&["rust-embed-impl"], &["folder"], Reads::Named(&[""])),
    reader(
        &["include_dir_macros", "include_dir_impl"],
        &["include_dir"],
        Reads::Named(&[""]),
    ),
    reader(
        &["askama_derive", "askama_macros", "rinja_derive"],
        &["template"],
        Reads::Below {
            paths: &["templates"],
            unless: &["askama.toml", "rinja.toml"],
        },
    ),
    reader(&["sailfish-macros"], &["template"], Reads::Package),
    reader(
        &["sqlx-macros", "sqlx-macros-core"],
        &[
            "query",
            "query_as",
            "query_scalar",
            "query_unchecked",
            "query_as_unchecked",
            "query_scalar_unchecked",
            "query_file",
            "query_file_as",
            "query_file_scalar",
            "query_file_unchecked",
            "query_file_as_unchecked",
            "query_file_scalar_unchecked",
            "migrate",
            "test",
        ],
        Reads::Workspace,
    ),
    reader(
        &["diesel_migrations", "migrations_macros", "refinery-macros"],
        &["embed_migrations", "include_migration_mods"],
        Reads::Package,
    ),
    reader(
        &["fluent-template-macros", "fluent-templates"],
        &["static_loader"],
        Reads::Package,
    ),
    reader(&["i18n-embed-fl"], &["fl"], Reads::Workspace),
    reader(
        &["rust-i18n-macro", "leptos_i18n_macro"],
        &["i18n", "load_locales"],
        Reads::Package,
    ),
    reader(&["slint-macros"], &["slint"], Reads::Package),
    reader(
        &["graphql_query_derive", "graphql_client_codegen"],
        &["graphql"],
        Reads::Package,
    ),
    reader(
        &["cynic-codegen", "cynic-proc-macros"],
        &["cynic", "use_schema", "schema"],
        Reads::Package,
    ),
    reader(
        &["wit-bindgen-rust-macro", "wit-bindgen-rust"],
        &["generate"],
        Reads::Package,
    ),
    reader(&["wasmtime-component-macro"], &["bindgen"], Reads::Package),
    reader(&["rstest_macros"], &["files"], Reads::Package),
    reader(
        &["test-generator", "dir-test-macros"],
        &["test_resources", "bench_resources", "dir_test"],
        Reads::Package,
    ),
    reader(
        &["tauri-macros", "tauri-codegen"],
        &["generate_context", "include_image"],
        Reads::Package,
    ),
    reader(
        &["dotenvy_macro", "dotenv_codegen", "dotenvy_codegen"],
        &["dotenv", "dotenv_or_default"],
        Reads::Workspace,
    ),
    reader(&["automod"], &["dir"], Reads::Package),
    reader(&["vulkano-shaders"], &["shader"], Reads::Package),
    reader(
        &["typify-macro", "progenitor-macro"],
        &["import_types", "generate_api"],
        Reads::Package,
    ),
];

const fn reader(
    packages: &'static [&'static str],
    names: &'static [&'static str],
    reads: Reads,
) -> Reader {
    Reader {
        packages,
        names,
        reads,
    }
}

/// Packages that read the manifest of the package that uses them, and the workspace's, when
/// they are part of a procedural macro.
const MANIFEST_READERS: &[&str] = &[
    "proc-macro-crate",
    "find-crate",
    "cargo_metadata",
    "cargo_toml",
    "cargo-manifest",
    "bevy_macro_utils",
    "uniffi_macros",
];

/// Packages that, when they are linked into a build script, write code that includes files
/// of the package.
const CODE_WRITERS: &[&str] = &[
    "slint-build",
    "tauri-build",
    "minijinja-embed",
    "includedir_codegen",
    "static-files",
    "rust-sitter-tool",
    "ructe",
    "rosetta-build",
    "cornucopia",
];

/// The readers that a unit can reach.
pub(super) fn readers<'u>(
    packages: impl Iterator<Item = &'u String> + Clone,
) -> Vec<&'static Reader> {
    let reaches = |reader: &&Reader| {
        let mut packages = packages.clone();
        packages.any(|package| reader.packages.contains(&&**package))
    };
    READERS.iter().filter(reaches).collect()
}

impl Reader {
    pub fn answers_to(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

/// Whether any known reader answers to a name, be it within reach or not.
pub(super) fn is_reader(name: &str) -> bool {
    READERS.iter().any(|reader| reader.answers_to(name))
}

/// The first package that reads manifests.
pub(super) fn manifest_reader<'u>(
    mut packages: impl Iterator<Item = &'u String>,
) -> Option<&'u String> {
    packages.find(|package| MANIFEST_READERS.contains(&&***package))
}

/// Whether code that a build script writes may include files of the package.
pub(super) fn code_writer<'u>(
    mut packages: impl Iterator<Item = &'u String>,
) -> Option<&'u String> {
    packages.find(|package| CODE_WRITERS.contains(&&***package))
}

/// Keywords after which `!` is an operator.
pub(super) fn is_keyword(word: &[u8]) -> bool {
    matches!(
        word,
        b"as"
            | b"break"
            | b"else"
            | b"if"
            | b"in"
            | b"let"
            | b"match"
            | b"move"
            | b"mut"
            | b"ref"
            | b"return"
            | b"while"
            | b"yield"
            | b"unsafe"
            | b"await"
    )
}

/// Macros of the standard library that read nothing and make no items.
pub(super) fn is_plain_macro(name: &[u8]) -> bool {
    matches!(
        name,
        b"addr_of"
            | b"addr_of_mut"
            | b"assert"
            | b"assert_eq"
            | b"assert_ne"
            | b"cfg"
            | b"column"
            | b"compile_error"
            | b"concat"
            | b"dbg"
            | b"debug_assert"
            | b"debug_assert_eq"
            | b"debug_assert_ne"
            | b"env"
            | b"eprint"
            | b"eprintln"
            | b"file"
            | b"format"
            | b"format_args"
            | b"is_x86_feature_detected"
            | b"line"
            | b"matches"
            | b"module_path"
            | b"option_env"
            | b"panic"
            | b"print"
            | b"println"
            | b"stringify"
            | b"thread_local"
            | b"todo"
            | b"unimplemented"
            | b"unreachable"
            | b"vec"
            | b"write"
            | b"writeln"
    )
}

/// Attributes whose strings never name a file that is read: those of the language, and those
/// of a few derives that are everywhere.
pub(super) fn is_plain_attribute(name: &[u8]) -> bool {
    matches!(
        name,
        b"allow"
            | b"allow_internal_unstable"
            | b"arg"
            | b"automatically_derived"
            | b"bench"
            | b"cfg"
            | b"clap"
            | b"cold"
            | b"command"
            | b"crate_name"
            | b"crate_type"
            | b"default"
            | b"deny"
            | b"deprecated"
            | b"derive"
            | b"doc"
            | b"error"
            | b"expect"
            | b"export_name"
            | b"feature"
            | b"forbid"
            | b"from"
            | b"global_allocator"
            | b"ignore"
            | b"inline"
            | b"instrument"
            | b"link"
            | b"link_name"
            | b"link_section"
            | b"macro_export"
            | b"macro_use"
            | b"must_use"
            | b"naked"
            | b"no_main"
            | b"no_mangle"
            | b"no_std"
            | b"non_exhaustive"
            | b"panic_handler"
            | b"path"
            | b"proc_macro"
            | b"proc_macro_attribute"
            | b"proc_macro_derive"
            | b"recursion_limit"
            | b"repr"
            | b"rustc_const_stable"
            | b"rustc_const_unstable"
            | b"rustversion"
            | b"serde"
            | b"should_panic"
            | b"stable"
            | b"target_feature"
            | b"test"
            | b"track_caller"
            | b"type_length_limit"
            | b"unsafe"
            | b"unstable"
            | b"used"
            | b"warn"
    )
}
