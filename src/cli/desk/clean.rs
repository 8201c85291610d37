//! `dyndrv clean`.

use crate::cli::error::Error;
use clap::Args;
use dyndrv::desk;
use dyndrv::desk::checkout::Checkout;
use dyndrv::desk::state::Cache;
use std::fs;
use std::path::Path;

/// The options of `dyndrv clean`.
#[derive(Args)]
pub struct Options {
    /// Remove what is kept of all checkouts, and the graphs and messages that they share
    #[arg(long)]
    all: bool,
}

/// Removes what is kept of the checkout around the current directory. Nothing is taken out of the store: that is
/// for the garbage collector, which finds no root any more.
pub fn run(options: &Options) -> Result<(), Error> {
    let cache = Cache::of_user()?;
    if options.all {
        return Ok(remove(cache.directory())?);
    }
    let checkout = Checkout::find(Path::new("."))?;
    remove(&cache.checkout(&checkout.flake))?;
    let link = checkout.flake.join("result");
    let target = fs::read_link(&link).unwrap_or_default();
    if target.starts_with("/nix/store") {
        fs::remove_file(&link).map_err(Error::io("removing", &link))?;
    }
    Ok(())
}

fn remove(directory: &Path) -> Result<(), desk::Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(desk::Error::io("removing", directory)(error))
        }
        _ => Ok(()),
    }
}
