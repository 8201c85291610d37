//! Incremental compilation: rustc's state as an input and as an output.
//!
//! rustc keeps a *session* in `<directory>/<crate>-<id>/s-<time>-<number>-<hash>/`, beside a lock file
//! `s-<time>-<number>.lock`. It takes up the newest one, whatever its names, if its own version and options
//! are the same, and compares its inputs by content. What does not fit is passed over without an error.
//!
//! | of a session | in the output `state` | in the sandbox of a later run |
//! |---|---|---|
//! | its name and its lock's | `s-0000000001-0000000-0`, `s-0000000001-0000000.lock` | the same |
//! | `dep-graph.bin`, `query-cache.bin`, `work-products.bin` | as they are | links to them |
//! | `metadata.rmeta` | left out where it is an output of its own | a copy, because rustc makes it a product again, by a hard link |
//! | objects | left out where they are members of the library in `out` | copies, because rustc wants to be able to write them, or [stand-ins](stand_in) |
//! | the unit's inputs | their digest | if they are the same: nothing is compiled, the earlier outputs are copied |
//!
//! Of a program, rustc takes the path of each library, behind all links, as an input of all code: see
//! [`Artifact::incremental`].
//!
//! The path of the directory that rustc writes its products to is an input of code with debug information. It is
//! another one in each derivation, so rustc is given a link to it at a constant place.
//!
//! A library that was compiled against a base, and whose state is not kept, becomes its
//! [difference](crate::sandbox::difference) to the base's.
//!
//! rustc's own errors (an exit status other than 1) after it was given state lead to one more run without any.

mod archive;
mod difference;
mod stand_in;
mod state;

use crate::error::{Error, Result};
use crate::sandbox::Sandbox;
use crate::sandbox::files::{create_dir_all, entries, make_link};
#[cfg(doc)]
use crate::spec::Artifact;
use crate::spec::task::Outputs;
use crate::spec::{Incremental, Rustc, incremental};
use state::State;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The output with the state.
pub const OUTPUT: &str = "state";
/// The name of the one session. rustc ignores sessions of the time 0.
const SESSION: &str = "s-0000000001-0000000-0";
/// The name of its lock, without which rustc ignores it.
const LOCK: &str = "s-0000000001-0000000.lock";
/// The directory in the output `out` for state that nobody keeps.
const PASSING: &str = ".incremental";

/// Copies the outputs of the base, if the unit's inputs are those that it was made from.
///
/// # Errors
///
/// If they cannot be copied.
pub fn reuse(rustc: &Rustc, outputs: &Outputs) -> Result<bool> {
    let Some(incremental) = &rustc.incremental else {
        return Ok(false);
    };
    let state = incremental.base.get(OUTPUT).map(Path::new);
    let Some(Ok(state)) = state.map(State::read) else {
        return Ok(false);
    };
    if state.inputs != digest(rustc)? {
        return Ok(false);
    }
    let mut copies = Vec::new();
    for (name, to) in outputs.named() {
        match incremental.base.get(name) {
            Some(from) => copies.push((Path::new(from), to)),
            None => return Ok(false),
        }
    }
    for (from, to) in copies {
        copy_tree(from, to)?;
    }
    eprintln!("{}", incremental::SAME);
    Ok(true)
}

/// Up to how many bytes of libraries with code a unit is given as copies, so that their paths are constant.
///
/// A program is compiled as a whole if its libraries have other paths than when the state was made. To compile bytes of
/// objects takes some fifty times as long as to copy as many.
pub fn copied(spec: &Incremental) -> u64 {
    /// What a sandbox may take besides, where the file system cannot share blocks.
    const MOST: u64 = 1 << 30;
    const PER_BYTE_OF_OBJECTS: u64 = 32;
    let state = spec.base.get(OUTPUT).map(Path::new);
    let objects = state.and_then(|state| State::read(state).ok()?.objects().ok());
    objects.map_or(MOST, |objects| {
        objects.saturating_mul(PER_BYTE_OF_OBJECTS).min(MOST)
    })
}

/// A run with state, or one that makes some.
pub struct Run<'a> {
    spec: &'a Incremental,
    /// What rustc is told by `-C incremental`.
    directory: PathBuf,
    /// A link to the output `out`.
    out: PathBuf,
    /// Whether there is state that the run starts from.
    has_state: bool,
    /// Whether objects of that have stand-ins.
    has_stand_ins: bool,
}

impl<'a> Run<'a> {
    /// Lays out the state that the run starts from. State that cannot be laid out is none.
    ///
    /// # Errors
    ///
    /// If the directory cannot be written to.
    pub fn prepare(
        rustc: &Rustc,
        spec: &'a Incremental,
        outputs: &Outputs,
        sandbox: &Sandbox,
    ) -> Result<Self> {
        let directory = match &spec.directory {
            Some(directory) => of_the_machine(Path::new(directory))?,
            None if spec.keep => outputs.get(OUTPUT)?.to_owned(),
            // Beside the products, because rustc makes hard links from there to them, and copies
            // each object where that fails. The sandbox mounts outputs and its own directory apart.
            None => outputs.get("out")?.join(PASSING),
        };
        create_dir_all(&directory)?;
        let out = sandbox.tmp().join("out");
        make_link(outputs.get("out")?, &out)?;
        let mut run = Self {
            spec,
            directory,
            out,
            has_state: spec.directory.is_some(),
            has_stand_ins: stand_in::suit(rustc, spec)?,
        };
        if let Some(from) = spec.base.get(OUTPUT) {
            let laid_out = State::read(Path::new(from))
                .and_then(|state| state.lay_out(&spec.base, &run.directory, run.has_stand_ins));
            run.has_state = laid_out.is_ok();
            if let Err(error) = laid_out {
                let reason = error.lines().join("; ");
                eprintln!("warning: compiling without the state {from}: {reason}");
                clear(&run.directory)?;
            }
        }
        Ok(run)
    }

    /// Where the compiler writes its products.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// What the compiler is told besides.
    pub fn argument(&self) -> [String; 2] {
        let directory = self.directory.display();
        ["-C".to_string(), format!("incremental={directory}")]
    }

    /// Whether the compiler, which ended so, is to be run again: then the state is gone.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn gives_up_state(&mut self, status: ExitStatus, outputs: &Outputs) -> Result<bool> {
        /// What rustc ends with after errors in the code.
        const ERRORS: i32 = 1;
        if status.success() || status.code() == Some(ERRORS) || !self.has_state {
            return Ok(false);
        }
        eprintln!(
            "warning: rustc failed ({status}) after it had been given incremental state; \
             compiling again without the state"
        );
        self.has_state = false;
        self.has_stand_ins = false;
        clear(&self.directory)?;
        for output in outputs.paths() {
            clear(output)?;
        }
        Ok(true)
    }

    /// Gives what the compiler has made reproducible names, and keeps the state, if it is asked for, or
    /// removes it.
    /// Products are still where the compiler has put them.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written.
    pub fn finish(&self, rustc: &Rustc, outputs: &Outputs) -> Result<()> {
        let out = outputs.get("out")?;
        for product in &rustc.products {
            if product.file.ends_with(".rlib") || product.file.ends_with(".a") {
                archive::normalise(&out.join(&product.file))?;
            }
        }
        if self.spec.directory.is_none() && !self.spec.keep {
            fs::remove_dir_all(&self.directory)
                .map_err(|e| Error::io("cannot remove", &self.directory, e))?;
        }
        if self.spec.keep {
            State::keep(rustc, digest(rustc)?, out, &self.directory)?;
        }
        if self.spec.directory.is_some() {
            share(&self.directory)?;
        }
        Ok(())
    }

    /// Replaces libraries, which are in their places, by their differences to those of the base. A unit that keeps its state
    /// keeps them whole: they are part of the state.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written.
    pub fn replace_libraries(&self, rustc: &Rustc, outputs: &Outputs) -> Result<()> {
        let Some(base) = self.spec.base.get("out").filter(|_| !self.spec.keep) else {
            return Ok(());
        };
        for product in &rustc.products {
            if product.output == "out" && product.to.ends_with(".rlib") {
                let library = outputs.get("out")?.join(&product.to);
                let earlier = Path::new(base).join(&product.to);
                difference::replace(&library, &earlier, self.has_stand_ins)?;
            }
        }
        Ok(())
    }
}

/// Removes all that is in a directory.
fn clear(directory: &Path) -> Result<()> {
    for (name, kind) in entries(directory)? {
        let path = directory.join(name);
        let removed = match kind.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(|e| Error::io("cannot remove", &path, e))?;
    }
    Ok(())
}

/// A digest of all that a unit is made from, but for its state.
fn digest(rustc: &Rustc) -> Result<String> {
    let without = Rustc {
        incremental: None,
        ..rustc.clone()
    };
    incremental::digest(&without)
}

/// The unit's directory in one that the sandbox has from the machine.
fn of_the_machine(directory: &Path) -> Result<PathBuf> {
    let above = directory.parent().unwrap_or(directory);
    let advice = format!(
        "`incrementalDirectory` needs {above} on the machine that builds, writable for all build users (mode 0777), \
         and the line `extra-sandbox-paths = {above}` in its nix.conf",
        above = above.display()
    );
    if !above.is_dir() {
        let missing = format!("{} is not in the sandbox", above.display());
        return Err(Error::new(missing).note(advice));
    }
    create_dir_all(directory).map_err(|error| error.note(advice))?;
    Ok(directory.to_owned())
}

/// Lets other build users go on with what this one has written. What another one has written before is shared
/// already, and is not this one's to change.
fn share(directory: &Path) -> Result<()> {
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o777));
    for (name, kind) in entries(directory)? {
        let path = directory.join(name);
        if kind.is_dir() {
            share(&path)?;
        } else {
            let _ = fs::set_permissions(&path, Permissions::from_mode(0o666));
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    create_dir_all(to)?;
    for (name, kind) in entries(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if kind.is_dir() {
            copy_tree(&from, &to)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(&from).map_err(|e| Error::io("cannot read", &from, e))?;
            make_link(&target, &to)?;
        } else {
            fs::copy(&from, &to).map_err(|e| Error::io("cannot copy", &from, e))?;
        }
    }
    Ok(())
}
