//! Moves what the compiler made to its place among the outputs.

use crate::error::{Error, Result};
use crate::rustc::dep_info::Allowed;
use crate::sandbox::files::{create_dir_all, entries};
use crate::spec::Product;
use crate::spec::task::Outputs;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Debug information that stays beside the product, by extension.
const KEPT: [&str; 2] = ["dwo", "dwp"];
const DEP_INFO: &str = "d";

/// Checks and removes dep-info, moves the products, and fails if anything is
/// missing or left over: nothing reaches the store without the plan's knowledge.
/// Gives the files that the compiler read.
pub fn sort_out(
    outputs: &Outputs,
    products: &[Product],
    allowed: &Allowed,
) -> Result<BTreeSet<PathBuf>> {
    let mut read = BTreeSet::new();
    let out = outputs.get("out")?;
    for (name, _) in entries(out)? {
        let path = out.join(&name);
        let is_product = products
            .iter()
            .any(|product| name == Path::new(&product.file));
        let extension = name.extension().and_then(|e| e.to_str()).unwrap_or("");
        if is_product || KEPT.contains(&extension) {
            continue;
        }
        if extension != DEP_INFO {
            return Err(Error::new(format!(
                "the compiler wrote {}, which the plan does not mention",
                name.display()
            ))
            .note("this kind of product is not supported yet, please report it"));
        }
        read.append(&mut allowed.check(&path)?);
        fs::remove_file(&path).map_err(|e| Error::io("cannot remove", &path, e))?;
    }
    for product in products {
        place(product, outputs)?;
    }
    Ok(read)
}

fn place(product: &Product, outputs: &Outputs) -> Result<()> {
    let from = outputs.get("out")?.join(&product.file);
    let to = outputs.get(&product.output)?.join(&product.to);
    if !from.exists() {
        return Err(Error::new(format!(
            "the compiler did not write {}, which the plan expects",
            product.file
        )));
    }
    if from == to {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        create_dir_all(parent)?;
    }
    rename(&from, &to).map_err(|e| Error::io("cannot write", &to, e))
}

/// Renames, or copies where outputs lie on different file systems.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::remove_file(from)
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn fixture(files: &[&str]) -> (TempDir, Outputs) {
        let temp = tempfile::tempdir().unwrap();
        let paths: [(&str, PathBuf); 2] =
            ["out", "meta"].map(|name| (name, temp.path().join(name)));
        for (_, path) in &paths {
            fs::create_dir(path).unwrap();
        }
        for file in files {
            fs::write(temp.path().join("out").join(file), file).unwrap();
        }
        (temp, paths.into_iter().collect())
    }

    fn product(file: &str, output: &str, to: &str) -> Product {
        Product {
            file: file.to_string(),
            output: output.to_string(),
            to: to.to_string(),
        }
    }

    #[test]
    fn products_move_and_dep_info_goes() {
        let (temp, outputs) = fixture(&["liba.rlib", "liba.rmeta", "a.d", "a.dwp", "rg-1"]);
        fs::write(temp.path().join("out/a.d"), "liba.rlib:\n").unwrap();
        let products = [
            product("liba.rlib", "out", "liba.rlib"),
            product("liba.rmeta", "meta", "liba.rmeta"),
            product("rg-1", "out", "bin/rg"),
        ];
        sort_out(&outputs, &products, &Allowed::default()).unwrap();
        let names = |output: &str| -> Vec<String> {
            entries(outputs.get(output).unwrap())
                .unwrap()
                .iter()
                .map(|(name, _)| name.display().to_string())
                .collect()
        };
        assert_eq!(names("out"), ["a.dwp", "bin", "liba.rlib"]);
        assert_eq!(names("meta"), ["liba.rmeta"]);
        assert!(temp.path().join("out/bin/rg").exists());
    }

    #[test]
    fn what_the_plan_does_not_mention_is_an_error() {
        let (_temp, outputs) = fixture(&["a.o"]);
        let message = sort_out(&outputs, &[], &Allowed::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("a.o"), "{message}");
    }

    #[test]
    fn a_missing_product_is_an_error() {
        let (_temp, outputs) = fixture(&[]);
        let products = [product("liba.rlib", "out", "liba.rlib")];
        let message = sort_out(&outputs, &products, &Allowed::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("liba.rlib"), "{message}");
    }
}
