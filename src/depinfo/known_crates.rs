//! Every fact about a published package that a list of files depends on.
//!
//! A procedural macro can read any file, and nothing in the program tells; so can what is
//! linked into a build script. Each entry names a package, the version whose source was read,
//! and the file there that says so.
//!
//! | table | effect on a list | holds for |
//! |---|---|---|
//! | [`READERS`] | what a macro or attribute reads is added | every version |
//! | [`MANIFEST_READERS`] | manifests are added | every version |
//! | [`CODE_WRITERS`] | the package is added where generated code is included | every version |
//! | [`WORKSPACE_READERS`], [`LOCK_READERS`] | files of the workspace are added to a run | every version |
//! | [`CARGO_STARTERS`] | files of the workspace are added to tests | every version |
//! | [`BUILD_HELPERS`] | a run *may* be left with what its script declares | the versions that the entry names |
//!
//! Only the last table can make a list shorter, by saying that a package reads nothing but
//! what it is told to. So it alone depends on versions: another version counts as unknown.

use semver::{Version, VersionReq};
use std::collections::BTreeSet;

/// The source that a fact was read in.
#[derive(Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The package's version.
    pub version: &'static str,
    /// The file in the package.
    pub file: &'static str,
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.version, self.file)
    }
}

const fn evidence(version: &'static str, file: &'static str) -> Evidence {
    Evidence { version, file }
}

/// The files that a known macro reads besides those that its strings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
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
pub struct Reader {
    /// The packages that implement it.
    packages: &'static [&'static str],
    /// The attributes or function-like macros that trigger the reading.
    names: &'static [&'static str],
    pub reads: Reads,
    /// Its strings start from the directory that the compiler runs in.
    pub from_compiler_directory: bool,
    /// Files of the package whose strings say where else it reads.
    pub configured_by: &'static [&'static str],
    /// The table below `[package.metadata]` or `[workspace.metadata]` that does so.
    pub metadata: Option<&'static str>,
    pub evidence: Evidence,
}

impl Reader {
    const fn new(
        packages: &'static [&'static str],
        names: &'static [&'static str],
        reads: Reads,
        evidence: Evidence,
    ) -> Self {
        Self {
            packages,
            names,
            reads,
            from_compiler_directory: false,
            configured_by: &[],
            metadata: None,
            evidence,
        }
    }

    const fn starting_from_compiler_directory(mut self) -> Self {
        self.from_compiler_directory = true;
        self
    }

    const fn configured_by(mut self, files: &'static [&'static str]) -> Self {
        self.configured_by = files;
        self
    }

    const fn metadata(mut self, table: &'static str) -> Self {
        self.metadata = Some(table);
        self
    }

    /// Whether a use of `name` triggers the reading.
    pub fn answers_to(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

const READERS: &[Reader] = &[
    Reader::new(
        &["pest_derive", "pest_generator"],
        &["grammar"],
        Reads::Named(&["src", ""]),
        evidence("2.9.6", "pest_generator: src/lib.rs"),
    ),
    Reader::new(
        &["rust-embed-impl"],
        &["folder"],
        Reads::Named(&[""]),
        evidence("8.13.0", "src/lib.rs"),
    ),
    Reader::new(
        &["include_dir_macros", "include_dir_impl"],
        &["include_dir"],
        Reads::Named(&[""]),
        evidence("0.7.4", "src/lib.rs"),
    ),
    Reader::new(
        &["askama_derive", "askama_macros", "rinja_derive"],
        &["template"],
        Reads::Below {
            paths: &["templates"],
            unless: &["askama.toml", "rinja.toml"],
        },
        evidence("0.14.0", "askama_derive: src/config.rs"),
    )
    .configured_by(&["askama.toml", "rinja.toml"]),
    Reader::new(
        &["sailfish-macros"],
        &["template"],
        Reads::Package,
        evidence("0.11.9", "sailfish-compiler: src/procmacro.rs"),
    )
    .configured_by(&["sailfish.toml"]),
    Reader::new(
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
        evidence("0.8.6", "sqlx-macros-core: src/query/mod.rs, src/common.rs"),
    ),
    Reader::new(
        &["diesel_migrations", "migrations_macros"],
        &["embed_migrations"],
        Reads::Package,
        evidence("2.3.1", "migrations_macros: src/migrations.rs"),
    )
    .configured_by(&["diesel.toml"]),
    Reader::new(
        &["refinery-macros"],
        &["embed_migrations", "include_migration_mods"],
        Reads::Package,
        evidence("0.10.0", "src/lib.rs"),
    ),
    Reader::new(
        &["fluent-template-macros", "fluent-templates"],
        &["static_loader"],
        Reads::Package,
        evidence("0.13.3", "fluent-template-macros: src/lib.rs"),
    ),
    Reader::new(
        &["i18n-embed-fl"],
        &["fl"],
        Reads::Workspace,
        evidence("0.10.1", "src/lib.rs"),
    )
    .configured_by(&["i18n.toml"]),
    Reader::new(
        &["rust-i18n-macro"],
        &["i18n"],
        Reads::Package,
        evidence("4.2.4", "src/lib.rs; rust-i18n-support: src/config.rs"),
    )
    .metadata("i18n"),
    Reader::new(
        &["leptos_i18n_macro"],
        &["load_locales"],
        Reads::Package,
        evidence("0.6.2", "src/load_locales/mod.rs"),
    )
    .metadata("leptos-i18n"),
    Reader::new(
        &["slint-macros"],
        &["slint"],
        Reads::Package,
        evidence("1.18.1", "lib.rs"),
    ),
    Reader::new(
        &["graphql_query_derive", "graphql_client_codegen"],
        &["graphql"],
        Reads::Package,
        evidence("0.16.0", "graphql_query_derive: src/lib.rs"),
    ),
    Reader::new(
        &["cynic-codegen", "cynic-proc-macros"],
        &["cynic", "use_schema", "schema"],
        Reads::Package,
        evidence("3.14.0", "cynic-codegen: src/schema/input.rs"),
    ),
    Reader::new(
        &["wit-bindgen-rust-macro", "wit-bindgen-rust"],
        &["generate"],
        Reads::Package,
        evidence("0.63.0", "wit-bindgen-rust-macro: src/lib.rs"),
    ),
    Reader::new(
        &["wasmtime-component-macro"],
        &["bindgen"],
        Reads::Package,
        evidence("34.0.2", "src/bindgen.rs"),
    ),
    Reader::new(
        &["rstest_macros"],
        &["files", "base_dir"],
        Reads::Package,
        evidence("0.25.0", "src/parse/rstest/files.rs"),
    ),
    Reader::new(
        &["test-generator", "dir-test-macros"],
        &["test_resources", "bench_resources", "dir_test", "dir_tests"],
        Reads::Package,
        evidence("0.3.1", "test-generator: src/lib.rs"),
    )
    .starting_from_compiler_directory(),
    Reader::new(
        &["tauri-macros", "tauri-codegen"],
        &["generate_context", "include_image"],
        Reads::Package,
        evidence(
            "3.0.0-alpha.4",
            "tauri-macros: src/context.rs; tauri-codegen: src/lib.rs",
        ),
    )
    .configured_by(TAURI_CONFIGURATION),
    Reader::new(
        &["dotenvy_macro", "dotenv_codegen", "dotenvy_codegen"],
        &["dotenv", "dotenv_or_default"],
        Reads::Workspace,
        evidence("0.15.7", "dotenvy_macro: src/lib.rs"),
    ),
    Reader::new(
        &["automod"],
        &["dir"],
        Reads::Package,
        evidence("1.0.14", "src/lib.rs"),
    ),
    Reader::new(
        &["vulkano-shaders"],
        &["shader"],
        Reads::Package,
        evidence("0.35.0", "src/codegen.rs"),
    ),
    Reader::new(
        &["typify-macro", "progenitor-macro"],
        &["import_types", "generate_api"],
        Reads::Package,
        evidence("0.15.1", "progenitor-macro: src/lib.rs"),
    ),
    Reader::new(
        &["manganis-macro"],
        &["asset", "option_asset", "css_module"],
        Reads::Named(&[""]),
        evidence("0.8.0-alpha.3", "src/lib.rs, src/css_module.rs"),
    ),
];

/// The names of tauri's configuration file, for all platforms and for one.
const TAURI_CONFIGURATION: &[&str] = &[
    "tauri.conf.json",
    "tauri.conf.json5",
    "Tauri.toml",
    "tauri.linux.conf.json",
    "tauri.linux.conf.json5",
    "Tauri.linux.toml",
];

/// A package of which one thing is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    package: &'static str,
    evidence: Evidence,
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.package, self.evidence)
    }
}

const fn known(package: &'static str, version: &'static str, file: &'static str) -> Known {
    Known {
        package,
        evidence: evidence(version, file),
    }
}

/// Packages that read the manifest of the package that uses them, and the workspace's, when
/// they are part of a procedural macro.
const MANIFEST_READERS: &[Known] = &[
    known("bevy_macro_utils", "0.16.1", "src/bevy_manifest.rs"),
    known("cargo-manifest", "0.21.0", "src/lib.rs"),
    known("cargo_metadata", "0.23.1", "src/lib.rs"),
    known("cargo_toml", "1.0.1", "src/cargo_toml.rs"),
    known("document-features", "0.2.12", "lib.rs"),
    known("find-crate", "0.7.1", "src/lib.rs"),
    known("proc-macro-crate", "3.5.0", "src/lib.rs"),
    known("rust-i18n-support", "4.2.4", "src/config.rs"),
    known("uniffi_macros", "0.32.2", "src/util.rs"),
];

/// The names of manifests that these packages look for.
pub const MANIFESTS: [&str; 2] = ["Cargo.toml", "Cargo.toml.orig"];

/// Packages that, when they are linked into a build script, write code that includes files
/// of the package.
const CODE_WRITERS: &[Known] = &[
    known("cornucopia", "1.0.1", "src/codegen/vfs.rs"),
    known("includedir_codegen", "0.6.0", "src/lib.rs"),
    known("minijinja-embed", "3.0.5", "src/lib.rs"),
    known("rosetta-build", "0.1.4", "src/builder.rs"),
    known("ructe", "0.18.2", "src/lib.rs"),
    known("rust-sitter-tool", "0.4.5", "src/lib.rs"),
    known("slint-build", "1.18.1", "lib.rs"),
    known("static-files", "0.3.1", "src/mods/resource.rs"),
    known("tauri-build", "3.0.0-alpha.4", "src/lib.rs"),
];

/// Packages that ask cargo about the workspace, or read its sources, when they are linked
/// into a build script.
const WORKSPACE_READERS: &[Known] = &[
    known("cargo_metadata", "0.23.1", "src/lib.rs"),
    known("cbindgen", "0.29.4", "src/bindgen/cargo/cargo.rs"),
    known("guppy", "0.19.1", "src/metadata_command.rs"),
];

/// Packages that start cargo when tests use them.
const CARGO_STARTERS: &[Known] = &[
    known("cargo_metadata", "0.23.1", "src/lib.rs"),
    known("escargot", "0.5.13", "src/cargo.rs"),
    known("macrotest", "1.3.0", "src/cargo.rs"),
    known("trybuild", "1.0.122", "src/cargo.rs"),
    known("ui_test", "0.30.6", "src/cmd.rs"),
];

/// Packages that look for the lock file when they are linked into a build script.
const LOCK_READERS: &[Known] = &[
    known("built", "0.8.1", "src/dependencies.rs"),
    known("cargo-lock", "11.1.0", "src/lockfile.rs"),
    known("shadow-rs", "2.0.0", "src/build.rs"),
];

/// The files that a package reads as a library of a build script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HelperReads {
    /// No file of the package.
    Nothing,
    /// The files and directories that the script names to it, and what those include in C.
    WhatItIsTold,
}

/// A package that reads little.
#[derive(Debug)]
struct BuildHelper {
    package: &'static str,
    /// The versions for which this holds.
    versions: &'static str,
    reads: HelperReads,
}

const fn helper(package: &'static str, versions: &'static str, reads: HelperReads) -> BuildHelper {
    BuildHelper {
        package,
        versions,
        reads,
    }
}

/// Read in the source of the first and the last version that is named, and of those between
/// that are in common use. Of what their `src` has of `std::fs` and `std::process`, all is
/// given a path by the caller, or belongs to the compiler, `pkg-config` or the system.
const BUILD_HELPERS: &[BuildHelper] = &[
    helper("adler2", ">=2.0.0, <=2.0.1", HelperReads::Nothing),
    helper("anyhow", ">=1.0.86, <=1.0.105", HelperReads::Nothing),
    helper("autocfg", ">=0.1.8, <=1.5.1", HelperReads::Nothing),
    helper("bitflags", ">=1.0.4, <=2.13.2", HelperReads::Nothing),
    helper("cc", ">=1.0.66, <=1.11.3", HelperReads::WhatItIsTold),
    helper("cfg-if", ">=0.1.10, <=1.0.5", HelperReads::Nothing),
    helper("cfg_aliases", ">=0.2.1, <=0.2.2", HelperReads::Nothing),
    helper("crc32fast", ">=1.3.2, <=1.5.5", HelperReads::Nothing),
    helper("data-encoding", ">=2.11.1, <=2.11.1", HelperReads::Nothing),
    helper("errno", ">=0.3.3, <=0.3.15", HelperReads::Nothing),
    helper("filetime", ">=0.2.23, <=0.2.29", HelperReads::WhatItIsTold),
    helper("find-msvc-tools", ">=0.1.9, <=0.1.15", HelperReads::Nothing),
    helper("flate2", ">=1.0.35, <=1.1.11", HelperReads::WhatItIsTold),
    helper("itoa", ">=0.4.7, <=1.0.19", HelperReads::Nothing),
    helper("jobserver", ">=0.1.21, <=0.1.35", HelperReads::Nothing),
    helper("libc", ">=0.2.82, <=0.2.191", HelperReads::WhatItIsTold),
    helper("linux-raw-sys", ">=0.4.10, <=0.12.1", HelperReads::Nothing),
    helper("memchr", ">=2.3.4, <=2.8.3", HelperReads::Nothing),
    helper("miniz_oxide", ">=0.8.0, <=0.9.1", HelperReads::Nothing),
    helper("once_cell", ">=1.5.2, <=1.21.4", HelperReads::Nothing),
    helper("pkg-config", ">=0.3.19, <=0.3.34", HelperReads::Nothing),
    helper("rustc_version", ">=0.4.1, <=0.4.1", HelperReads::Nothing),
    helper("rustix", ">=0.38.21, <=1.1.6", HelperReads::WhatItIsTold),
    helper("rustversion", ">=1.0.17, <=1.0.23", HelperReads::Nothing),
    helper("semver", ">=1.0.23, <=1.0.28", HelperReads::Nothing),
    helper("semver-parser", ">=0.10.3, <=0.10.3", HelperReads::Nothing),
    helper("shlex", ">=1.3.0, <=2.0.1", HelperReads::Nothing),
    helper("simd-adler32", ">=0.3.10, <=0.3.10", HelperReads::Nothing),
    helper("tar", ">=0.4.45, <=0.4.46", HelperReads::WhatItIsTold),
    helper("target-lexicon", ">=0.13.5, <=0.13.5", HelperReads::Nothing),
    helper("thiserror", ">=1.0.61, <=2.0.21", HelperReads::Nothing),
    helper("thiserror-impl", ">=1.0.61, <=2.0.21", HelperReads::Nothing),
    helper("vcpkg", ">=0.2.15, <=0.2.15", HelperReads::Nothing),
    helper("version_check", ">=0.9.5, <=0.9.5", HelperReads::Nothing),
    helper("xattr", ">=1.7.0, <=1.7.0", HelperReads::WhatItIsTold),
    helper("zlib-rs", ">=0.6.0, <=0.6.8", HelperReads::Nothing),
];

/// The readers that a unit can reach, whose macros come from these packages.
pub fn readers(packages: &BTreeSet<String>) -> Vec<&'static Reader> {
    let reaches = |reader: &&Reader| {
        let mut implementing = reader.packages.iter();
        implementing.any(|package| packages.contains(*package))
    };
    READERS.iter().filter(reaches).collect()
}

/// Whether any known reader answers to a name, be it within reach or not.
pub fn is_reader(name: &str) -> bool {
    READERS.iter().any(|reader| reader.answers_to(name))
}

fn first<'k, 'p>(
    known: &'k [Known],
    mut packages: impl Iterator<Item = &'p str>,
) -> Option<&'k Known> {
    packages.find_map(|package| known.iter().find(|known| known.package == package))
}

/// The first of some packages that reads manifests.
pub fn manifest_reader(packages: &BTreeSet<String>) -> Option<&'static Known> {
    first(MANIFEST_READERS, packages.iter().map(String::as_str))
}

/// The first of some packages that writes code which includes files of the package.
pub fn code_writer<'p>(packages: impl Iterator<Item = &'p str>) -> Option<&'static Known> {
    first(CODE_WRITERS, packages)
}

/// Whether one of some packages reads the workspace.
pub fn reads_workspace<'p>(packages: impl Iterator<Item = &'p str>) -> bool {
    first(WORKSPACE_READERS, packages).is_some()
}

/// Whether one of some packages starts cargo when tests use it.
pub fn starts_cargo<'p>(packages: impl Iterator<Item = &'p str>) -> bool {
    first(CARGO_STARTERS, packages).is_some()
}

/// Whether one of some packages looks for the lock file.
pub fn reads_lock_file<'p>(packages: impl Iterator<Item = &'p str>) -> bool {
    first(LOCK_READERS, packages).is_some()
}

/// Whether a package that is linked into a build script certainly reads no file of the
/// script's package.
pub fn reads_nothing(package: &str, version: &Version) -> bool {
    helper_reads(package, version) == Some(HelperReads::Nothing)
}

/// The same, but for files that the script names to it.
pub fn reads_what_it_is_told(package: &str, version: &Version) -> bool {
    helper_reads(package, version).is_some()
}

fn helper_reads(package: &str, version: &Version) -> Option<HelperReads> {
    let mut helpers = BUILD_HELPERS.iter();
    let helper = helpers.find(|helper| helper.package == package)?;
    let versions = VersionReq::parse(helper.versions).ok()?;
    versions.matches(version).then_some(helper.reads)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_entry_says_where_it_was_read() {
        let readers = READERS.iter().map(|reader| &reader.evidence);
        let tables = [
            MANIFEST_READERS,
            CODE_WRITERS,
            WORKSPACE_READERS,
            LOCK_READERS,
            CARGO_STARTERS,
        ];
        let known = tables.into_iter().flatten().map(|known| &known.evidence);
        for evidence in readers.chain(known) {
            Version::parse(evidence.version).unwrap();
            assert!(evidence.file.contains(".rs"), "{evidence:?}");
        }
        for helper in BUILD_HELPERS {
            VersionReq::parse(helper.versions).unwrap();
        }
    }

    #[test]
    fn a_version_that_nobody_has_looked_at_counts_as_unknown() {
        let version = |text: &str| Version::parse(text).unwrap();
        assert!(reads_what_it_is_told("cc", &version("1.2.16")));
        assert!(!reads_nothing("cc", &version("1.2.16")));
        assert!(!reads_what_it_is_told("cc", &version("1.99.0")));
        assert!(!reads_what_it_is_told("unheard-of", &version("1.0.0")));
    }
}
