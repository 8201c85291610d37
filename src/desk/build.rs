//! Derivations and source bundles into the store.

use super::Error;
use super::client::Client;
use crate::drv::StorePath;
use crate::plan::emitter::{Content, Plan};
use std::collections::BTreeSet;

/// Adds what is not in the store yet, and says how many objects that were.
///
/// # Errors
///
/// If a file cannot be read, or Nix has another path for an object than the predicted one.
pub fn add(client: &mut Client, plan: &Plan) -> Result<usize, Error> {
    let paths: Vec<String> = plan.items().map(|item| item.path.to_string()).collect();
    let valid: BTreeSet<String> = client.valid(&paths)?.into_iter().collect();
    let mut added = 0;
    for (item, path) in plan.items().zip(&paths) {
        if valid.contains(path) {
            continue;
        }
        let found = match item.content {
            Content::Derivation { text, mentions } => {
                let references: Vec<String> = mentions.iter().map(StorePath::to_string).collect();
                client.add_text(item.path.name(), text, &references)?
            }
            Content::Sources(sources) => {
                client.add_archive(item.path.name(), &sources.nar(plan.root())?)?
            }
        };
        if found != *path {
            return Err(Error::OtherPath {
                expected: path.clone(),
                found,
            });
        }
        added += 1;
    }
    Ok(added)
}
