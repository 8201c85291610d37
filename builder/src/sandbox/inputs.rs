//! Finds what packages of the system offer to a unit.
//!
//! The rules are those of nixpkgs' setup scripts, as far as compilers and build
//! scripts need them.

use crate::error::{Error, Result};
use crate::spec::Inputs;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories of the packages and of what they propagate, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Executables of the native packages.
    pub bin: Vec<String>,
    /// Files of pkg-config.
    pub pkg_config: Vec<String>,
    /// Headers.
    pub include: Vec<String>,
    /// Libraries.
    pub lib: Vec<String>,
    /// Those of [`Found::lib`] that hold shared objects, which a program must
    /// find when it runs.
    pub shared: Vec<String>,
    /// The packages themselves.
    pub prefixes: Vec<String>,
}

/// Looks through the packages.
pub fn find(inputs: &Inputs) -> Result<Found> {
    let native = closure(
        &inputs.native,
        &["propagated-native-build-inputs", "propagated-build-inputs"],
    )?;
    let build = closure(&inputs.build, &["propagated-build-inputs"])?;
    let lib = below(&build, &["lib"]);
    Ok(Found {
        bin: below(&native, &["bin"]),
        pkg_config: below(&build, &["lib/pkgconfig", "share/pkgconfig"]),
        include: below(&build, &["include"]),
        shared: lib
            .iter()
            .filter(|d| has_shared_object(d))
            .cloned()
            .collect(),
        lib,
        prefixes: build,
    })
}

/// The packages and what they propagate by the given files, each once, a package
/// before what it propagates.
fn closure(packages: &[String], files: &[&str]) -> Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    let mut open: Vec<String> = packages.iter().rev().cloned().collect();
    while let Some(package) = open.pop() {
        if !seen.insert(package.clone()) {
            continue;
        }
        let root = Path::new(&package);
        if !root.exists() {
            return Err(Error::new(format!("the input {package} does not exist")));
        }
        let mut propagated = Vec::new();
        for file in files {
            let file = root.join("nix-support").join(file);
            if file.exists() {
                let text =
                    fs::read_to_string(&file).map_err(|e| Error::io("cannot read", &file, e))?;
                propagated.extend(text.split_whitespace().map(String::from));
            }
        }
        open.extend(propagated.into_iter().rev());
        order.push(package);
    }
    Ok(order)
}

fn below(packages: &[String], directories: &[&str]) -> Vec<String> {
    packages
        .iter()
        .flat_map(|package| directories.iter().map(move |d| format!("{package}/{d}")))
        .filter(|directory| Path::new(directory).is_dir())
        .collect()
}

fn has_shared_object(directory: &str) -> bool {
    let is_shared = |path: PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(".so") || name.contains(".so."))
    };
    fs::read_dir(directory)
        .is_ok_and(|entries| entries.flatten().any(|entry| is_shared(entry.path())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn propagated_inputs_are_followed_once_and_in_order() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let path = |name: &str| root.join(name).display().to_string();
        write(root, "dev/include/z.h", "");
        write(root, "dev/lib/pkgconfig/z.pc", "");
        write(
            root,
            "dev/nix-support/propagated-build-inputs",
            &format!(" {} {}\n", path("out"), path("dev")),
        );
        write(root, "out/lib/libz.so.1", "");
        write(root, "out/bin/not-native", "");
        write(root, "static/lib/liby.a", "");
        write(root, "tool/bin/pkg-config", "");
        let found = find(&Inputs {
            native: vec![path("tool")],
            build: vec![path("dev"), path("static"), path("out")],
        })
        .unwrap();
        assert_eq!(found.bin, [path("tool/bin")]);
        assert_eq!(found.prefixes, [path("dev"), path("out"), path("static")]);
        assert_eq!(found.pkg_config, [path("dev/lib/pkgconfig")]);
        assert_eq!(found.include, [path("dev/include")]);
        assert_eq!(
            found.lib,
            [path("dev/lib"), path("out/lib"), path("static/lib")]
        );
        assert_eq!(found.shared, [path("out/lib")]);
    }

    #[test]
    fn a_missing_input_is_named() {
        let inputs = Inputs {
            native: Vec::new(),
            build: vec!["/nowhere/zlib".to_string()],
        };
        let message = find(&inputs).unwrap_err().to_string();
        assert!(message.contains("/nowhere/zlib"), "{message}");
    }
}
