//! Merges the products of several units into one tree.

use crate::error::{Error, Result};
use crate::sandbox::files::{create_dir_all, entries, make_link};
use crate::spec::Assemble;
use crate::spec::task::Outputs;
use std::fs;
use std::path::Path;

/// Links the entries of the parts' directories into those of the output `out`.
pub fn run(assemble: &Assemble, outputs: &Outputs) -> Result<()> {
    let out = outputs.get("out")?;
    create_dir_all(out)?;
    for part in &assemble.parts {
        for directory in &assemble.directories {
            let (from, to) = (Path::new(part).join(directory), out.join(directory));
            if !from.is_dir() {
                continue;
            }
            create_dir_all(&to)?;
            for (entry, _) in entries(&from)? {
                link(&from.join(&entry), &to.join(&entry))?;
            }
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> Result<()> {
    match fs::read_link(to) {
        Err(_) => make_link(from, to),
        Ok(other) if other == from => Ok(()),
        Ok(other) => Err(Error::new(format!(
            "two units give the same file: {} and {}",
            other.display(),
            from.display()
        ))
        .note("choose one of the packages or targets, or build them as separate results")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn fixture(files: &[&str]) -> (tempfile::TempDir, Outputs, Vec<String>) {
        let temp = tempfile::tempdir().unwrap();
        let mut parts = Vec::new();
        for file in files {
            let path = temp.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, file).unwrap();
            let part: PathBuf = temp.path().join(file.split('/').next().unwrap());
            parts.push(part.display().to_string());
        }
        let outputs = [("out", temp.path().join("result"))].into_iter().collect();
        (temp, outputs, parts)
    }

    #[test]
    fn directories_are_real_and_files_are_links() {
        let (temp, outputs, parts) = fixture(&["a/bin/x", "b/bin/y", "b/lib/liby.so"]);
        run(&Assemble::result(parts), &outputs).unwrap();
        let result = temp.path().join("result");
        assert!(!result.join("bin").is_symlink());
        for (link, target) in [
            ("bin/x", "a/bin/x"),
            ("bin/y", "b/bin/y"),
            ("lib/liby.so", "b/lib/liby.so"),
        ] {
            let found = fs::read_link(result.join(link)).unwrap();
            assert_eq!(found, temp.path().join(target));
        }
    }

    #[test]
    fn libraries_for_rust_and_notes_for_nix_are_left_out() {
        let (temp, outputs, parts) = fixture(&[
            "a/liba.rlib",
            "b/nix-support/x",
            "c/nix-support/x",
            "d/bin/x",
        ]);
        run(&Assemble::result(parts), &outputs).unwrap();
        let names = entries(&temp.path().join("result")).unwrap();
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].0, Path::new("bin"));
    }

    #[test]
    fn a_clash_names_both_files() {
        let (_temp, outputs, parts) = fixture(&["a/bin/x", "b/bin/x"]);
        let message = run(&Assemble::result(parts), &outputs)
            .unwrap_err()
            .to_string();
        assert!(message.contains("/a/bin/x"), "{message}");
        assert!(message.contains("/b/bin/x"), "{message}");
    }
}
