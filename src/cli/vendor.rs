//! Unpacks archives of packages, each into an output of its own.

use super::error::Error;
use dyndrv::archive;
use dyndrv::plan::settings::attributes;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Unpacks what the derivation names.
pub fn run() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        /// By output.
        archives: BTreeMap<String, Archive>,
        outputs: BTreeMap<String, PathBuf>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Archive {
        /// The name and the version.
        package: String,
        file: PathBuf,
        /// As the lock file has it.
        checksum: String,
    }
    let Attributes { archives, outputs } = attributes("vendor")?;
    for (output, archive) in archives {
        let Some(directory) = outputs.get(&output) else {
            return Err(Error::NoOutput { output });
        };
        let unpacked = archive::unpack(&archive.file, directory)
            .and_then(|()| archive::write_checksum(directory, &archive.checksum));
        unpacked.map_err(|source| Error::Unpack {
            package: archive.package,
            source,
        })?;
    }
    Ok(())
}
