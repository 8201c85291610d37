//! State as it lies in the store.

use super::archive::{Archive, Member, same};
use super::{LOCK, OUTPUT, SESSION, stand_in};
use crate::error::{Error, Result};
use crate::sandbox::files::{create_dir_all, entries, make_link};
use crate::spec::{Product, Rustc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The file of the output that says what is elsewhere.
const FILE: &str = "state.json";
/// The version of its format, and of the output's.
const VERSION: u32 = 1;
/// What rustc only reads, so that a link into the store will do.
const READ_ONLY: [&str; 3] = ["dep-graph.bin", "query-cache.bin", "work-products.bin"];
const METADATA: &str = "metadata.rmeta";

/// A unit's state.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    /// A digest of what the unit was made from.
    pub inputs: String,
    /// Files of the session that are part of other outputs.
    elsewhere: Vec<Elsewhere>,
    #[serde(skip)]
    root: PathBuf,
}

/// A file of the session that is part of another output of the same build.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    /// Its path below the session's directory.
    file: String,
    /// The output.
    output: String,
    /// The file there.
    of: String,
    /// Where it starts in that file, and its length; none for the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<(u64, u64)>,
}

impl State {
    /// What an output holds.
    ///
    /// # Errors
    ///
    /// If it is no state of this format.
    pub fn read(root: &Path) -> Result<Self> {
        let file = root.join(FILE);
        let text = fs::read(&file).map_err(|e| Error::io("cannot read", &file, e))?;
        let unknown = || Error::new(format!("{} is not of this version", file.display()));
        let mut state: Self = serde_json::from_slice(&text).map_err(|_| unknown())?;
        if state.version != VERSION {
            return Err(unknown());
        }
        state.root = root.to_owned();
        Ok(state)
    }

    /// The bytes of all objects.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn objects(&self) -> Result<u64> {
        let elsewhere = self.elsewhere.iter().filter_map(|file| file.part);
        let mut bytes = elsewhere.map(|(_, size)| size).sum();
        if let Some(name) = crate_directory(&self.root)? {
            let session = self.root.join(name).join(SESSION);
            for (name, _) in entries(&session)? {
                if name.extension().is_some_and(|extension| extension == "o") {
                    let path = session.join(name);
                    let metadata =
                        fs::metadata(&path).map_err(|e| Error::io("cannot read", &path, e))?;
                    bytes += metadata.len();
                }
            }
        }
        Ok(bytes)
    }

    /// Lays out the session in a directory for rustc. `outputs` are those of the build that kept it. With `stand_ins` objects that
    /// are members of a library have [stand-ins](stand_in).
    ///
    /// # Errors
    ///
    /// If a file of it is missing.
    pub fn lay_out(
        &self,
        outputs: &BTreeMap<String, String>,
        directory: &Path,
        stand_ins: bool,
    ) -> Result<()> {
        let Some(name) = crate_directory(&self.root)? else {
            return Ok(());
        };
        let from = self.root.join(&name).join(SESSION);
        let above = directory.join(&name);
        let to = above.join(SESSION);
        create_dir_all(&to)?;
        write_lock(&above)?;
        for (name, _) in entries(&from)? {
            place(&from.join(&name), None, &to.join(&name))?;
        }
        for elsewhere in &self.elsewhere {
            let output = outputs.get(&elsewhere.output).ok_or_else(|| {
                Error::new(format!("the output `{}` is not known", elsewhere.output))
            })?;
            let from = Path::new(output).join(&elsewhere.of);
            let to = to.join(&elsewhere.file);
            match elsewhere.part {
                Some((offset, size)) if stand_ins => {
                    let text = stand_in::text(Member { offset, size });
                    fs::write(&to, text).map_err(|e| Error::io("cannot write", &to, e))?;
                }
                part => place(&from, part, &to)?,
            }
        }
        Ok(())
    }

    /// Makes what rustc has left in `root` an output. The unit's products are still in `out`.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written.
    pub fn keep(rustc: &Rustc, inputs: String, out: &Path, root: &Path) -> Result<()> {
        let mut elsewhere = Vec::new();
        if let Some(name) = crate_directory(root)? {
            let above = root.join(name);
            let session = only_newest(&above)?;
            let products = Products::open(rustc, out)?;
            for (name, kind) in entries(&session)? {
                let path = session.join(&name);
                if kind.is_symlink() {
                    own(&path)?;
                }
                let name = name.display().to_string();
                if let Some(found) = products.find(&name, &path)? {
                    fs::remove_file(&path).map_err(|e| Error::io("cannot remove", &path, e))?;
                    elsewhere.push(found);
                }
            }
            write_lock(&above)?;
        }
        let state = Self {
            version: VERSION,
            inputs,
            elsewhere,
            root: PathBuf::new(),
        };
        let file = root.join(FILE);
        let text = serde_json::to_vec(&state)
            .map_err(|e| Error::new(format!("cannot write {OUTPUT}: {e}")))?;
        fs::write(&file, text).map_err(|e| Error::io("cannot write", &file, e))
    }
}

/// The one directory that rustc makes for a crate. A crate without code to generate has one too.
fn crate_directory(root: &Path) -> Result<Option<PathBuf>> {
    let mut found = entries(root)?.into_iter().filter(|(_, kind)| kind.is_dir());
    Ok(found.next().map(|(name, _)| name))
}

fn write_lock(above: &Path) -> Result<()> {
    let lock = above.join(LOCK);
    fs::write(&lock, "").map_err(|e| Error::io("cannot write", &lock, e))
}

/// Removes all but the session that rustc has just finished, and gives that its constant name.
fn only_newest(above: &Path) -> Result<PathBuf> {
    let to = above.join(SESSION);
    let mut newest = None;
    for (name, kind) in entries(above)? {
        let path = above.join(&name);
        let is_finished = kind.is_dir() && !name.display().to_string().ends_with("-working");
        let failed = |e| Error::io("cannot remove", &path, e);
        if !kind.is_dir() {
            fs::remove_file(&path).map_err(failed)?;
        } else if is_finished && name != Path::new(SESSION) && newest.is_none() {
            newest = Some(path);
        } else {
            fs::remove_dir_all(&path).map_err(failed)?;
        }
    }
    match newest {
        Some(newest) => {
            fs::rename(&newest, &to).map_err(|e| Error::io("cannot rename", &newest, e))?
        }
        None => create_dir_all(&to)?,
    }
    Ok(to)
}

/// The unit's products that files of its session are part of.
#[derive(Default)]
struct Products<'a> {
    library: Option<(&'a Product, PathBuf, Archive)>,
    metadata: Option<(&'a Product, PathBuf)>,
}

impl<'a> Products<'a> {
    fn open(rustc: &'a Rustc, out: &Path) -> Result<Self> {
        let mut found = Self::default();
        for product in &rustc.products {
            let path = out.join(&product.file);
            if product.file.ends_with(".rmeta") {
                found.metadata = Some((product, path));
            } else if product.file.ends_with(".rlib") {
                let archive = Archive::open(&path)?;
                found.library = archive.map(|archive| (product, path, archive));
            }
        }
        Ok(found)
    }

    /// Where a file of the session is, if it is part of one of them.
    fn find(&self, name: &str, path: &Path) -> Result<Option<Elsewhere>> {
        let (product, whole, part) = match (&self.library, &self.metadata, name.strip_suffix(".o"))
        {
            (_, Some((product, whole)), None) if name == METADATA => (product, whole, None),
            (Some((product, whole, archive)), _, Some(unit)) => match archive.object(unit) {
                Some(member) => (product, whole, Some((member.offset, member.size))),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let found = is_part(path, whole, part).map_err(|e| Error::io("cannot read", whole, e))?;
        Ok(found.then(|| Elsewhere {
            file: name.to_owned(),
            output: product.output.clone(),
            of: product.to.clone(),
            part,
        }))
    }
}

/// The whole of a file, or a part of it.
fn open(path: &Path, part: Option<(u64, u64)>) -> io::Result<io::Take<File>> {
    let mut file = File::open(path)?;
    let (offset, size) = part.unwrap_or((0, u64::MAX));
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(size))
}

fn is_part(path: &Path, whole: &Path, part: Option<(u64, u64)>) -> io::Result<bool> {
    let (file, whole) = (File::open(path)?, File::open(whole)?);
    let (offset, size) = match part {
        Some(part) => part,
        None => (0, whole.metadata()?.len()),
    };
    let all = Member {
        offset: 0,
        size: file.metadata()?.len(),
    };
    same(&file, all, &whole, Member { offset, size })
}

/// Puts a file of a session in its place, as a link or as a copy that can be written.
fn place(from: &Path, part: Option<(u64, u64)>, to: &Path) -> Result<()> {
    let name = to.file_name().unwrap_or_default();
    let copy = || -> io::Result<()> {
        let mut from = open(from, part)?;
        let copied = io::copy(&mut from, &mut File::create(to)?)?;
        match part {
            Some((_, size)) if copied != size => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    };
    if part.is_none() && READ_ONLY.iter().any(|known| name == *known) {
        if !from.exists() {
            return Err(Error::new(format!("{} is missing", from.display())));
        }
        return make_link(from, to);
    }
    copy().map_err(|e| Error::io("cannot copy", from, e))
}

/// Replaces a link by what it leads to.
fn own(path: &Path) -> Result<()> {
    let replace = || -> io::Result<()> {
        let content = fs::read(path)?;
        fs::remove_file(path)?;
        fs::write(path, content)
    };
    replace().map_err(|e| Error::io("cannot copy", path, e))
}
