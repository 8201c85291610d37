//! The plan of what fetches third-party packages, for sources whose lock file is there only when something was built.
//!
//! ```text
//! crate-a-1.0.0.tar.gz, crate-b-… ─┬─► manifests ─► vendor
//!                                  ├──────────────► vendor             links to the archives
//!                                  └─► vendored-0, … ─► vendor-directory   links to directories
//! ```
//!
//! `nix/archives.nix` writes the same for a lock file that is known when Nix evaluates. The archives have the
//! names that nixpkgs gives them, so both ways lead to the same store objects, and to the same units.
//!
//! Nix fetches the archives itself (`builtin:fetchurl`), with its own settings for proxies and passwords.

pub mod error;
pub mod lock_file;
mod vendored_tree;

pub use error::Error;

use super::emitter::{Collection, Plan, Prepared};
use crate::drv::{
    CAHash, DerivationBuilder, FLOATING_TREE, InputDerivation, NixHash, Output, StorePath,
    StructuredAttrs, ValidatedDerivation, placeholder,
};
use crate::graph::rules::sources;
use crate::plan::{self, sources::store_object};
use lock_file::{Archive, Packages};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the derivation of a directory of links to archives.
pub const VENDOR: &str = "vendor";
/// The name of the derivation of a directory of links to directories.
pub const VENDOR_DIRECTORY: &str = "vendor-directory";

/// Where `cargo vendor` says that the packages are. Whoever uses the directory puts its path there.
const PLACE: &str = "cargo-vendor-dir";

/// What is to be fetched, in the attributes of a step.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The source tree.
    pub src: PathBuf,
    /// Where the workspace is below it.
    pub workspace: String,
    /// The address of each registry's index → where its archives are.
    pub registries: BTreeMap<String, String>,
    /// The crates that `crateEnv` names: the lock file must have each.
    pub crates: Vec<String>,
    /// The system that the steps are built on.
    pub system: String,
    /// The store path with `bin/dyndrv`.
    pub dyndrv: String,
}

impl Request {
    /// The lock file's place below the sources, for people.
    fn place(&self) -> String {
        let place = Path::new(&self.workspace).join("Cargo.lock");
        place.display().to_string()
    }
}

/// Plans what the lock file of these sources asks for.
///
/// # Errors
///
/// If there is no lock file, if a package cannot be fetched by what it says, or if packages are to be taken from a
/// directory among the sources.
pub fn plan(request: &Request, emitters: Prepared) -> Result<Plan, plan::Error> {
    vendored_tree::refuse(request)?;
    let path = request.src.join(&request.workspace).join("Cargo.lock");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let lock_file = request.place();
            return Err(Error::NoLockFile { lock_file }.into());
        }
        read => read.map_err(plan::Error::io("reading", path))?,
    };
    let packages = lock_file::packages(&text, request)?;
    let tool = store_object("dyndrv", &request.dyndrv)?;
    let mut fetches = Fetches {
        collection: Collection::new(&request.src),
        system: &request.system,
        tool: &tool,
    };
    fetches.add(&packages)?;
    Ok(fetches.collection.finish(emitters, &request.system, &tool))
}

struct Fetches<'a> {
    collection: Collection,
    system: &'a str,
    tool: &'a StorePath,
}

/// A store object that a derivation makes.
struct Made {
    drv: StorePath,
    output: String,
    /// The path, or what stands for it.
    path: String,
}

impl Fetches<'_> {
    fn add(&mut self, packages: &Packages) -> Result<(), plan::Error> {
        let mut archives = BTreeMap::new();
        // Batches follow from checksums, as in `nix/archives.nix`.
        let mut batches: BTreeMap<&str, Vec<&Archive>> = BTreeMap::new();
        for archive in &packages.archives {
            archives.insert(archive.label(), self.fetch(archive)?);
            let batch = archive.checksum.get(..1).unwrap_or_default();
            batches.entry(batch).or_default().push(archive);
        }
        let configuration = sources::configuration(&packages.sources, PLACE);

        let mut links: BTreeMap<&str, &Made> = BTreeMap::new();
        let manifests = self.manifests(&packages.archives, &archives)?;
        if !archives.is_empty() {
            links.insert(".dyndrv-manifests", &manifests);
        }
        links.extend(archives.iter().map(|(label, made)| (label.as_str(), made)));
        self.links(VENDOR, &links, &configuration)?;

        let mut directories = BTreeMap::new();
        for (digit, batch) in batches {
            directories.extend(self.unpacked(digit, &batch, &archives)?);
        }
        let links = directories
            .iter()
            .map(|(label, made)| (label.as_str(), made));
        self.links(VENDOR_DIRECTORY, &links.collect(), &configuration)
    }

    /// An archive, whose path follows from its checksum and its name alone.
    fn fetch(&mut self, archive: &Archive) -> Result<Made, plan::Error> {
        let name = format!("{}.tar.gz", archive.label());
        let store_name = format!("{}-{name}", super::emitter::NAME);
        let hash = NixHash::parse(&format!("sha256:{}", archive.checksum));
        let hash = hash.map_err(|_| Error::Checksum {
            package: format!("{} {}", archive.name, archive.version),
            checksum: archive.checksum.clone(),
        })?;
        let output = Output::Fixed {
            ca: CAHash::Flat(hash),
        };
        let unfit = || plan::Error::derivation(&store_name);
        let path = output.path(&store_name, "out").map_err(unfit())?;
        let path = path.map(|path| path.to_string()).unwrap_or_default();
        let derivation = DerivationBuilder::new(&store_name, "builtin", "builtin:fetchurl")
            .output("out", output)
            .environment("name", store_name.clone())
            .environment("out", path.clone())
            .environment("preferLocalBuild", "1")
            .environment("url", archive.url.clone())
            .build()
            .map_err(unfit())?;
        let drv = self.collection.add_derivation(&name, None, &derivation)?;
        Ok(Made {
            drv,
            output: "out".to_owned(),
            path,
        })
    }

    /// What cargo reads of the packages.
    fn manifests(
        &mut self,
        packages: &[Archive],
        archives: &BTreeMap<String, Made>,
    ) -> Result<Made, plan::Error> {
        let packages: Vec<&Archive> = packages.iter().collect();
        let attributes = json!({
            "archives": readable(&packages, archives),
            "unsafeDiscardReferences": { "out": true },
        });
        let inputs = archives.values();
        let drv = self.step(
            "manifests",
            "manifests",
            ["out".to_owned()],
            attributes,
            inputs,
        )?;
        made(&drv, "out")
    }

    /// The directories of some packages.
    fn unpacked(
        &mut self,
        digit: &str,
        packages: &[&Archive],
        archives: &BTreeMap<String, Made>,
    ) -> Result<Vec<(String, Made)>, plan::Error> {
        let labels: Vec<String> = packages.iter().map(|package| package.label()).collect();
        let discarded: Map<String, Value> = labels
            .iter()
            .map(|label| (label.clone(), true.into()))
            .collect();
        let attributes = json!({
            "archives": readable(packages, archives),
            // What packages have in their files may look like a reference.
            "unsafeDiscardReferences": discarded,
        });
        let inputs = labels.iter().filter_map(|label| archives.get(label));
        let name = format!("vendored-{digit}");
        let drv = self.step(&name, "vendor", labels.clone(), attributes, inputs)?;
        let of_batch = labels.into_iter().map(|label| {
            let made = made(&drv, &label)?;
            Ok((label, made))
        });
        of_batch.collect()
    }

    fn links(
        &mut self,
        name: &str,
        links: &BTreeMap<&str, &Made>,
        configuration: &str,
    ) -> Result<(), plan::Error> {
        let paths: BTreeMap<&str, &str> = links
            .iter()
            .map(|(&name, made)| (name, made.path.as_str()))
            .collect();
        let attributes = json!({ "links": paths, "configuration": configuration });
        let inputs = links.values().copied();
        self.step(name, "links", ["out".to_owned()], attributes, inputs)?;
        Ok(())
    }

    /// A step of the planner, as `nix/step.nix` makes it.
    fn step<'a>(
        &mut self,
        name: &str,
        command: &str,
        outputs: impl IntoIterator<Item = String>,
        attributes: Value,
        inputs: impl Iterator<Item = &'a Made>,
    ) -> Result<StorePath, plan::Error> {
        let store_name = format!("{}-{name}", super::emitter::NAME);
        let tool = format!("{}/bin/dyndrv", self.tool);
        let mut step = DerivationBuilder::new(&store_name, self.system, tool)
            .argument(command)
            .input_source(self.tool.clone());
        for output in outputs {
            step.outputs_mut().insert(output, FLOATING_TREE);
        }
        let mut needed: BTreeMap<&StorePath, BTreeSet<&str>> = BTreeMap::new();
        for made in inputs {
            needed.entry(&made.drv).or_default().insert(&made.output);
        }
        for (drv, outputs) in needed {
            let outputs = InputDerivation::new(outputs);
            step.input_derivations_mut().insert(drv.clone(), outputs);
        }
        let derivation = with_attributes(step, &store_name, attributes)?;
        self.collection.add_derivation(name, None, &derivation)
    }
}

fn with_attributes(
    step: DerivationBuilder,
    name: &str,
    mut attributes: Value,
) -> Result<ValidatedDerivation, plan::Error> {
    attributes["name"] = name.into();
    attributes["preferLocalBuild"] = true.into();
    attributes["allowSubstitutes"] = false.into();
    StructuredAttrs::from_json_bytes(attributes.to_string())
        .and_then(|attributes| step.structured_attrs(attributes).build())
        .map_err(plan::Error::derivation(name))
}

fn made(drv: &StorePath, output: &str) -> Result<Made, plan::Error> {
    let path = placeholder::upstream(drv, output).map_err(|source| plan::Error::Name {
        unit: output.to_owned(),
        source,
    })?;
    Ok(Made {
        drv: drv.clone(),
        output: output.to_owned(),
        path,
    })
}

/// The attribute `archives` of the steps that read archives.
fn readable(packages: &[&Archive], archives: &BTreeMap<String, Made>) -> Map<String, Value> {
    let readable = packages.iter().filter_map(|package| {
        let label = package.label();
        let file = &archives.get(&label)?.path;
        let package = format!("{} {}", package.name, package.version);
        Some((label, json!({ "package": package, "file": file })))
    });
    readable.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn request() -> Request {
        let registries = [
            (
                "https://github.com/rust-lang/crates.io-index",
                "https://static.crates.io/crates",
            ),
            (
                "sparse+https://example.org/index/",
                "https://example.org/crates",
            ),
        ];
        Request {
            src: PathBuf::from("/nowhere"),
            workspace: String::new(),
            crates: Vec::new(),
            registries: registries
                .map(|(index, archives)| (index.to_owned(), archives.to_owned()))
                .into(),
            system: "x86_64-linux".to_owned(),
            dyndrv: format!("/nix/store/{:0>32}-dyndrv", ""),
        }
    }
}
