//! The steps that make directories of third-party packages.

use super::error::Error;
use super::steps::scratch;
use dyndrv::graph::skeleton;
use dyndrv::plan::settings::attributes;
use dyndrv_builder::sandbox::archive;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    /// The name and the version.
    package: String,
    file: PathBuf,
}

#[derive(Deserialize)]
struct Outputs {
    out: PathBuf,
}

/// Unpacks archives, each into an output of its own.
pub fn unpack() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        /// By output.
        archives: BTreeMap<String, Archive>,
        outputs: BTreeMap<String, PathBuf>,
    }
    let Attributes { archives, outputs } = attributes("vendor")?;
    for (output, archive) in archives {
        let Some(directory) = outputs.get(&output) else {
            return Err(Error::NoOutput { output });
        };
        archive::unpack(&archive.file, directory).map_err(archive.error())?;
    }
    Ok(())
}

/// Writes what cargo reads of packages: the skeleton of a tree that has each archive as a directory.
pub fn manifests() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        /// By directory.
        archives: BTreeMap<String, Archive>,
        outputs: Outputs,
    }
    let Attributes { archives, outputs } = attributes("manifests")?;
    let directory = scratch().join("packages");
    unpack_manifests(&archives, &directory)?;
    let out = &outputs.out;
    let mut file = BufWriter::new(File::create(out).map_err(Error::io("writing", out))?);
    skeleton::write(&directory.into(), None, &mut file)?;
    file.flush().map_err(Error::io("writing", out))
}

/// Makes a vendor directory of links.
pub fn links() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        /// By name in the directory.
        links: BTreeMap<String, PathBuf>,
        /// The text of `.cargo/config.toml`.
        configuration: String,
        outputs: Outputs,
    }
    let Attributes {
        links,
        configuration,
        outputs: Outputs { out },
    } = attributes("links")?;
    let directory = out.join(".cargo");
    fs::create_dir_all(&directory).map_err(Error::io("creating", &directory))?;
    let file = directory.join("config.toml");
    fs::write(&file, configuration).map_err(Error::io("writing", &file))?;
    for (name, target) in links {
        let link = out.join(name);
        symlink(target, &link).map_err(Error::io("creating", &link))?;
    }
    Ok(())
}

/// Unpacks archives below a directory, on all cores. Files that a skeleton has without content are empty, and so are those
/// that it does not have: together the packages may be larger than the memory.
fn unpack_manifests(archives: &BTreeMap<String, Archive>, directory: &Path) -> Result<(), Error> {
    let is_wanted = |path: &Path| path.to_str().is_some_and(skeleton::is_verbatim);
    let unpack = |(entry, archive): &(&String, &Archive)| {
        let unpacked = archive::unpack_contents(&archive.file, &directory.join(entry), is_wanted);
        unpacked.map_err(archive.error())
    };
    let archives: Vec<(&String, &Archive)> = archives.iter().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    archive::for_each(&archives, threads, unpack)
}

impl Archive {
    fn error(&self) -> impl FnOnce(archive::Error) -> Error {
        |source| Error::Unpack {
            package: self.package.clone(),
            source,
        }
    }
}
