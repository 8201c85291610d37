//! What differs between two derivations of a unit, down to files and flags.
//!
//! | of a derivation | a change of it is |
//! |---|---|
//! | bundles of sources, by the place where they are laid out | each file that was added, removed or edited |
//! | arguments of the compiler | each argument that one of the two has |
//! | variables | each variable |
//! | derivations of other units, by name | that unit, which has changes of its own |
//! | the incremental state that it starts with | that state, whatever it is made of |
//! | other store objects, by name | that object: the toolchain, the builder, a third-party package |
//! | anything else in the specification | its key, and both values |
//!
//! Store paths and placeholders in values count as the names of what they stand for, so that a change upstream is
//! told once.

use super::Error;
use crate::drv::{Derivation, placeholder};
use dyndrv_builder::sandbox::bundle::{self, Bundle};
use dyndrv_builder::spec::{Origin, Source};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::BufRead;
use std::path::Path;

/// How a part differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Only the new derivation has it.
    Added,
    /// Only the old derivation has it.
    Removed,
    /// Both have it.
    Edited,
}

/// A part that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A source file, relative to the root of the sources.
    File(String, How),
    /// An argument of the compiler.
    Argument(String, How),
    /// A variable, with its values.
    Variable(String, Option<String>, Option<String>),
    /// Another store object, by its name.
    Object(String, How),
    /// The unit with a derivation of this name, such as `crate-serde-1.0.228-lib-5a3f09c1`.
    Unit(String, How),
    /// The incremental state that it starts with; whether there was one, and is one.
    State(bool, bool),
    /// A key of the specification, with its values.
    Key(String, Option<String>, Option<String>),
}

impl Change {
    /// The name of the derivation of another unit that differs itself.
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Unit(name, How::Edited) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Edited => "edited",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = |f: &mut fmt::Formatter<'_>, from: &Option<String>, to: &Option<String>| match (
            from, to,
        ) {
            (Some(from), Some(to)) => write!(f, "{from} -> {to}"),
            (None, Some(to)) => write!(f, "{to} (added)"),
            (Some(from), None) => write!(f, "{from} (removed)"),
            (None, None) => Ok(()),
        };
        match self {
            Self::File(path, how) => write!(f, "file {path} {how}"),
            Self::Argument(text, how) => write!(f, "argument {text} {how}"),
            Self::Variable(name, from, to) => {
                write!(f, "variable {name}: ")?;
                values(f, from, to)
            }
            Self::Object(name, How::Edited) => write!(f, "input {name} is another one"),
            Self::Object(name, how) => write!(f, "input {name} {how}"),
            Self::Unit(name, How::Edited) => write!(f, "unit {name} changed"),
            Self::Unit(name, how) => write!(f, "unit {name} {how}"),
            Self::State(was, is) => {
                let of = |there| {
                    if there {
                        "that of an earlier build"
                    } else {
                        "none"
                    }
                };
                write!(f, "incremental state: {} -> {}", of(*was), of(*is))?;
                f.write_str(if was == is { ", another one" } else { "" })
            }
            Self::Key(key, from, to) => {
                write!(f, "{key}: ")?;
                values(f, from, to)
            }
        }
    }
}

/// The changes from one derivation to another, sorted.
///
/// # Errors
///
/// If one of them, or a bundle of one of them, cannot be read.
pub fn changes(old: &Path, new: &Path) -> Result<Vec<Change>, Error> {
    let (old, new) = (Side::read(old)?, Side::read(new)?);
    let mut changes = BTreeSet::new();
    old.compare_bundles(&new, &mut changes)?;
    compare_names(&old.units, &new.units, Change::Unit, &mut changes);
    compare_names(&old.objects, &new.objects, Change::Object, &mut changes);
    if old.state != new.state {
        changes.insert(Change::State(old.state.is_some(), new.state.is_some()));
    }
    compare(
        "",
        Some(&old.specification),
        Some(&new.specification),
        &mut changes,
    );
    Ok(changes.into_iter().collect())
}

/// One of two derivations.
struct Side {
    /// The derivations of other units, by name.
    units: BTreeMap<String, String>,
    /// Other store objects, by name.
    objects: BTreeMap<String, String>,
    /// Bundles of sources, by their places.
    bundles: BTreeMap<String, Origin>,
    /// The outputs of the incremental state that it starts with.
    state: Option<String>,
    /// The specification, with names in place of paths, and without sources and incremental state.
    specification: Value,
}

impl Side {
    fn read(path: &Path) -> Result<Self, Error> {
        let derivation = read(path)?;
        let attributes = derivation.structured_attrs();
        let mut specification = attributes
            .and_then(|attributes| attributes.get("unit"))
            .cloned()
            .unwrap_or_default();
        let mut bundles = BTreeMap::new();
        for process in ["/process", "/driver/process"] {
            let sources = specification.pointer_mut(&format!("{process}/sources"));
            for source in sources.map(Value::take).iter().flat_map(Value::as_array) {
                for source in source {
                    let source = Source::deserialize(source).map_err(|source| Error::Json {
                        document: "the sources of a unit",
                        source,
                    })?;
                    bundles.insert(source.at, source.from);
                }
            }
        }
        let incremental = specification
            .as_object_mut()
            .and_then(|entries| entries.remove("incremental"));
        let state = incremental.and_then(|incremental| Some(incremental.get("base")?.to_string()));
        let mut text = specification.to_string();
        let of_state = |mention: &str, text: &str| {
            let has = |state: &String| state.contains(mention);
            state.as_ref().is_some_and(has) && !text.contains(mention)
        };
        let mut units = BTreeMap::new();
        for (drv, input) in derivation.input_derivations() {
            let name = drv.name().trim_end_matches(".drv").to_owned();
            let mut is_of_state = false;
            for output in input.outputs() {
                if let Ok(placeholder) = placeholder::upstream(drv, output) {
                    is_of_state |= of_state(&placeholder, &text);
                    text = text.replace(&placeholder, &format!("<{name}.{output}>"));
                }
            }
            if !is_of_state {
                units.insert(name, drv.to_string());
            }
        }
        let mut objects = BTreeMap::new();
        for object in derivation.input_sources() {
            let path = object.to_string();
            if of_state(&path, &text) {
                continue;
            }
            text = text.replace(&path, &format!("<{}>", object.name()));
            let is_bundle = |from: &Origin| matches!(from, Origin::Store(from) if *from == path);
            if !bundles.values().any(is_bundle) {
                objects.insert(object.name().to_owned(), path);
            }
        }
        let specification = serde_json::from_str(&text).map_err(|source| Error::Json {
            document: "the specification of a unit",
            source,
        })?;
        Ok(Self {
            units,
            objects,
            bundles,
            state,
            specification,
        })
    }

    fn compare_bundles(&self, new: &Self, changes: &mut BTreeSet<Change>) -> Result<(), Error> {
        let places: BTreeSet<&String> = self.bundles.keys().chain(new.bundles.keys()).collect();
        for place in places {
            let (from, to) = (self.bundles.get(place), new.bundles.get(place));
            if from == to {
                continue;
            }
            let (from, to) = (files(from)?, files(to)?);
            let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                let how = match (from.get(name), to.get(name)) {
                    (None, _) => How::Added,
                    (_, None) => How::Removed,
                    (from, to) if from != to => How::Edited,
                    _ => continue,
                };
                changes.insert(Change::File(name.clone(), how));
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Derivation, Error> {
    let text = fs::read(path).map_err(Error::io("reading", path))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    // The file is named `<hash>-<name>.drv`.
    let name = name.split_once('-').map_or(&*name, |(_, name)| name);
    Derivation::from_aterm_bytes(&text, name).map_err(|source| Error::NotADerivation {
        path: path.to_owned(),
        source,
    })
}

/// What counts of each entry of a bundle; the name alone of what is no bundle, such as the directory of a
/// third-party package.
fn files(from: Option<&Origin>) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let path = match from {
        None => return Ok(BTreeMap::new()),
        Some(Origin::Derivation { packed }) => return files_of(Bundle::packed(packed)?),
        Some(Origin::Store(path)) => Path::new(path),
    };
    if !path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split_once('-').map_or(&*name, |(_, name)| name);
        let hash = path.as_os_str().as_encoded_bytes().to_vec();
        return Ok(BTreeMap::from([(name.to_owned(), hash)]));
    }
    files_of(Bundle::open(path)?)
}

fn files_of(bundle: Bundle<impl BufRead>) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    bundle.each(|entry, contents| {
        let mut content = format!("{:?} ", entry.kind).into_bytes();
        let read = contents.read_to_end(&mut content);
        read.map_err(bundle::unreadable)?;
        files.insert(entry.path.clone(), content);
        Ok(())
    })?;
    Ok(files)
}

fn compare_names(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    change: impl Fn(String, How) -> Change,
    changes: &mut BTreeSet<Change>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let how = match (old.get(name), new.get(name)) {
            (None, _) => How::Added,
            (_, None) => How::Removed,
            (old, new) if old != new => How::Edited,
            _ => continue,
        };
        changes.insert(change(name.clone(), how));
    }
}

/// Compares two values of a specification.
fn compare(key: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut BTreeSet<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in keys {
                let below = match key {
                    "" => name.clone(),
                    key => format!("{key}.{name}"),
                };
                compare(&below, a.get(name), b.get(name), changes);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            let before = changes.len();
            compare_lists(key, a, b, changes);
            if changes.len() == before {
                let text = |list: &[Value]| Some(Value::Array(list.to_vec()).to_string());
                changes.insert(Change::Key(key.to_owned(), text(a), text(b)));
            }
        }
        (old, new) => {
            let (old, new) = (old.map(text), new.map(text));
            changes.insert(match key.rsplit_once("process.env.") {
                Some((_, name)) => Change::Variable(name.to_owned(), old, new),
                None => Change::Key(key.to_owned(), old, new),
            });
        }
    }
}

/// The items that one of two lists has more often. Items with a flag before them are told with it.
fn compare_lists(key: &str, old: &[Value], new: &[Value], changes: &mut BTreeSet<Change>) {
    let count = |list: &[Value]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for item in paired(list) {
            *counts.entry(item).or_default() += 1;
        }
        counts
    };
    let (old, new) = (count(old), count(new));
    let items: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for item in items {
        let how = match old.get(item).cmp(&new.get(item)) {
            std::cmp::Ordering::Less => How::Added,
            std::cmp::Ordering::Greater => How::Removed,
            std::cmp::Ordering::Equal => continue,
        };
        changes.insert(match (key, how) {
            ("args" | "driver.args", how) => Change::Argument(item.clone(), how),
            (key, How::Removed) => Change::Key(key.to_owned(), Some(item.clone()), None),
            (key, _) => Change::Key(key.to_owned(), None, Some(item.clone())),
        });
    }
}

/// Flags that take the next argument as their value.
const WITH_VALUE: [&str; 8] = [
    "-C",
    "-L",
    "-Z",
    "--cfg",
    "--check-cfg",
    "--extern",
    "--crate-type",
    "--target",
];

fn paired(list: &[Value]) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut flag: Option<String> = None;
    for item in list {
        let item = text(item);
        if let Some(flag) = flag.take() {
            items.push(format!("{flag} {item}"));
        } else if WITH_VALUE.contains(&item.as_str()) {
            flag = Some(item);
        } else {
            items.push(item);
        }
    }
    items.extend(flag);
    items
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drv::{DerivationBuilder, FLOATING_TREE, InputDerivation, StructuredAttrs};
    use serde_json::json;

    const LIB: &str = "/nix/store/00000000000000000000000000000000-crate-a-1.0.0-lib-00000000.drv";
    const OTHER: &str =
        "/nix/store/11111111111111111111111111111111-crate-a-1.0.0-lib-00000000.drv";

    /// The file of a derivation that needs a library.
    fn derivation(
        directory: &Path,
        library: &str,
        args: &[&str],
        variable: &str,
    ) -> std::path::PathBuf {
        let library = library.parse().unwrap();
        let from = placeholder::upstream(&library, "out").unwrap();
        let unit = json!({
            "run": "rustc",
            "args": args,
            "crates": [{ "file": "liba.rlib", "from": from }],
            "process": { "env": { "A": variable }, "sources": [] },
        });
        let attributes = json!({ "name": "b", "unit": unit });
        let derivation = DerivationBuilder::new("b", "x86_64-linux", "/bin/sh")
            .output("out", FLOATING_TREE)
            .input_derivation(library, InputDerivation::new(["out"]))
            .structured_attrs(StructuredAttrs::from_json_bytes(attributes.to_string()).unwrap())
            .build()
            .unwrap();
        let file = directory.join(format!("{variable}-b.drv"));
        fs::write(&file, derivation.to_aterm_bytes()).unwrap();
        file
    }

    #[test]
    fn a_change_upstream_is_told_once() {
        let temp = tempfile::tempdir().unwrap();
        let args = ["--cfg", "a", "-C", "debuginfo=2", "--test"];
        let old = derivation(temp.path(), LIB, &args, "1");
        let new = derivation(temp.path(), OTHER, &args[2..], "2");
        let changes: Vec<String> = changes(&old, &new)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            changes,
            [
                "argument --cfg a removed",
                "variable A: 1 -> 2",
                "unit crate-a-1.0.0-lib-00000000 changed",
            ]
        );
    }

    #[test]
    fn files_of_bundles_are_compared_by_content() {
        let temp = tempfile::tempdir().unwrap();
        let bundle = |name: &str, text: &str| {
            let file = temp.path().join(name);
            let index = json!([
                { "path": "a.rs", "size": 1 },
                { "path": "b.rs", "size": text.len() },
            ]);
            let bundle = format!("dyndrv bundle 1\n{index}\nx{text}");
            fs::write(&file, &bundle).unwrap();
            let packed = bundle::pack(bundle.as_bytes()).unwrap();
            let store = Origin::Store(file.display().to_string());
            [store, Origin::Derivation { packed }].map(|from| files(Some(&from)).unwrap())
        };
        let (old, new) = (bundle("old", "old"), bundle("new", "new"));
        for (old, new) in old.iter().zip(&new) {
            assert_eq!(old["a.rs"], new["a.rs"]);
            assert_ne!(old["b.rs"], new["b.rs"]);
        }
        // Whether the files are small makes no difference.
        assert_eq!(old[0], old[1]);
    }
}
