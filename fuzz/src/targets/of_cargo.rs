//! What cargo, rustc and build scripts print, and what manifests say.

use super::parts;
use dyndrv::drv::Derivation;
use dyndrv::graph::fuzzing;
use dyndrv::graph::skeleton::{self, Entry};
use dyndrv::plan::emitter::{Content, Prepared};
use dyndrv::plan::fetches::{Request, VENDOR, VENDOR_DIRECTORY};
use dyndrv_builder::build_script::instructions::{self, Package};
use dyndrv_builder::rustc::dep_info as rules;
use std::path::Path;
use std::sync::LazyLock;

/// The text of a make rule names files, and no name is empty.
pub fn dep_info(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    assert!(rules::files(&text).iter().all(|file| !file.is_empty()));
}

/// Each value is part of one line.
pub fn instructions(stdout: &[u8]) {
    let _ = instructions::messages(stdout);
    for rust_version in [None, Some("1.76")] {
        let package = Package {
            name: "a 1.0.0",
            rust_version,
            ..Package::default()
        };
        let Ok(read) = instructions::parse(stdout, package) else {
            continue;
        };
        let pairs = read.env.iter().chain(&read.metadata);
        let pairs = pairs.flat_map(|(key, value)| [key, value]);
        let lists = [&read.search, &read.libs, &read.cfgs, &read.check_cfgs];
        let arguments = read.link_args.iter().map(|argument| &argument.arg);
        let values = lists.into_iter().flatten().chain(pairs).chain(arguments);
        for value in values {
            assert!(!value.contains('\n'), "{value:?}");
        }
    }
}

/// A skeleton holds entries of the tree alone, whatever the manifest and the configuration name.
pub fn manifest(input: &[u8]) {
    let Some((manifest, configuration)) = parts(input) else {
        return;
    };
    let files = [
        "Cargo.toml",
        ".cargo/config.toml",
        "src/lib.rs",
        "b.toml",
        "a/Cargo.toml",
    ];
    let mut entries: Vec<Entry> = files.map(|file| Entry::File(file.to_owned())).into();
    entries.push(Entry::DirLink("link".to_owned()));
    let skeleton = skeleton::rule(&entries, |path| {
        let text = if path.ends_with("Cargo.toml") {
            manifest
        } else {
            configuration
        };
        Some(text.to_owned())
    });
    assert!(skeleton.contains_key("Cargo.toml"));
    let paths: Vec<&String> = entries
        .iter()
        .map(|entry| match entry {
            Entry::File(path) | Entry::DirLink(path) => path,
        })
        .collect();
    assert!(skeleton.keys().all(|path| paths.contains(&path)));
}

/// cargo's configuration, and its origins.
pub fn configuration(input: &[u8]) {
    if let Some((json, origins)) = parts(input) {
        let _ = fuzzing::configuration(json, origins);
    }
}

/// Every source that the lock file and the configuration name is replaced by the vendor directory, and what fetches
/// the packages is derivations.
pub fn lock_file(input: &[u8]) {
    static WORKSPACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let workspace = tempfile::tempdir().expect("a directory for the lock file");
        for directory in [".cargo", "vendor/.cargo"] {
            let directory = workspace.path().join(directory);
            std::fs::create_dir_all(directory).expect("a directory");
        }
        workspace
    });
    let Some((lock_file, configuration)) = parts(input) else {
        return;
    };
    let files = [
        ("Cargo.lock", lock_file),
        (".cargo/config.toml", configuration),
        ("vendor/.cargo/config.toml", configuration),
    ];
    for (file, text) in files {
        std::fs::write(WORKSPACE.path().join(file), text).expect("a file");
    }
    fetches(lock_file);
    let Ok(replaced) = fuzzing::vendored(WORKSPACE.path()) else {
        return;
    };
    let replaced: toml::Table = replaced.parse().expect("a configuration");
    assert_eq!(replaced["net"]["offline"].as_bool(), Some(true));
    let sources = replaced["source"].as_table().expect("the sources");
    let mut directories = 0;
    for source in sources.values() {
        match source.get("replace-with") {
            Some(name) => assert_eq!(name.as_str(), Some("dyndrv-vendor")),
            None => directories += 1,
        }
        assert!(source.as_table().is_some_and(|source| !source.is_empty()));
    }
    assert_eq!(directories, 1);
    assert_eq!(
        sources["dyndrv-vendor"]["directory"].as_str(),
        Some("/vendor")
    );
}

fn fetches(lock_file: &str) {
    static SOURCES: LazyLock<tempfile::TempDir> =
        LazyLock::new(|| tempfile::tempdir().expect("a directory for the lock file"));
    std::fs::write(SOURCES.path().join("Cargo.lock"), lock_file).expect("a file");
    let index = "https://github.com/rust-lang/crates.io-index".to_owned();
    let request = Request {
        src: SOURCES.path().to_owned(),
        workspace: String::new(),
        crates: Vec::new(),
        registries: [(index, "https://static.crates.io/crates".to_owned())].into(),
        system: "x86_64-linux".to_owned(),
        dyndrv: format!("/nix/store/{}-dyndrv", "0".repeat(32)),
    };
    let emitters = Prepared {
        layer: "fetches".to_owned(),
        count: 2,
        named: [VENDOR, VENDOR_DIRECTORY]
            .map(|name| (name.to_owned(), 1))
            .into(),
    };
    let Ok(plan) = dyndrv::plan::fetches::plan(&request, emitters) else {
        return;
    };
    for item in plan.items() {
        let Content::Derivation { text, .. } = item.content else {
            panic!("{} holds no derivation", item.output);
        };
        let name = item.path.name().trim_end_matches(".drv");
        let derivation = Derivation::from_aterm_bytes(text.as_bytes(), name).expect("a derivation");
        assert_eq!(derivation.drv_path().ok().as_ref(), Some(item.path));
    }
}

/// Manifests of the workspace that the documents are about.
static WORKSPACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let workspace = tempfile::tempdir().expect("a directory for the manifests");
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlints.rust.unused = \"allow\"\n";
    std::fs::write(workspace.path().join("Cargo.toml"), manifest).expect("a file");
    workspace
});

/// The unit graph and the metadata; `@` in them is the workspace's directory.
pub fn graph(input: &[u8]) {
    let Some((units, metadata)) = parts(input) else {
        return;
    };
    // No file of the machine's, whatever the documents name.
    if metadata.contains("\"/") || metadata.contains("..") {
        return;
    }
    let source: &Path = WORKSPACE.path();
    let there = |text: &str| text.replace('@', &source.display().to_string());
    if let Ok(graph) = fuzzing::graph(source, &there(units), &there(metadata)) {
        for unit in graph.units() {
            assert!(!unit.label().is_empty());
            assert!(unit.needs().all(|other| other.id() < unit.id()));
        }
    }
}
