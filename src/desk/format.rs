//! The documents that `--message-format json` prints, which are cargo's.
//!
//! | `reason` | when |
//! |---|---|
//! | `compiler-message` | a compiler has said something of a unit, now or when it was built |
//! | `compiler-artifact` | a unit is there; `fresh` if it was not built now |
//! | `build-script-executed` | the run of a build script is there, with its instructions |
//! | `build-finished` | at the end |
//!
//! Paths of sources are those of the checkout, paths of what was built are those of the store.

use super::messages::Message;
use super::state::{Source, Unit};
use crate::graph::{SrcPath, TargetKind};
use dyndrv_builder::build_script::recorded::{self, Cfg, Link};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// How messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As text, for people.
    Human,
    /// As text, one line each.
    Short,
    /// As JSON, with this text in each document.
    Json(Text),
    /// As text, and all but the messages as JSON.
    Rendered(Text),
}

/// The text of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// As people see it.
    Plain,
    /// The same in colours.
    Coloured,
    /// One line.
    Short,
}

impl Format {
    /// Whether there are documents.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json(_) | Self::Rendered(_))
    }
}

/// Where sources are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The root of the project's sources.
    pub root: PathBuf,
    /// The directory of the third-party packages.
    pub vendor: PathBuf,
    /// The directories in which the user's cargo unpacks the packages of a registry.
    pub unpacked: Vec<PathBuf>,
}

/// The directories in which the user's cargo unpacks the packages of a registry; none if they cannot be read.
pub fn unpacked_by_cargo() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.map_or_else(Vec::new, |home| unpacked_below(&home))
}

fn unpacked_below(cargo_home: &Path) -> Vec<PathBuf> {
    let registries = fs::read_dir(cargo_home.join("registry/src"));
    let mut unpacked: Vec<PathBuf> = registries
        .into_iter()
        .flatten()
        .flatten()
        .map(|registry| registry.path())
        .collect();
    unpacked.sort();
    unpacked
}

impl Places {
    fn package(&self, unit: &Unit) -> PathBuf {
        match (&unit.directory, &unit.source) {
            (Some(directory), _) if directory.is_empty() => self.root.clone(),
            (Some(directory), _) => self.root.join(directory),
            (None, Source { entry, .. }) => self.third_party(entry),
        }
    }

    /// The directory of a third-party package. That of an archive is where the user's cargo has unpacked it, if it has.
    fn third_party(&self, entry: &str) -> PathBuf {
        let place = self.vendor.join(entry);
        let mut unpacked = self.unpacked.iter().map(|registry| registry.join(entry));
        match place.is_file() {
            true => unpacked.find(|place| place.is_dir()).unwrap_or(place),
            false => place,
        }
    }

    fn source_file(&self, unit: &Unit) -> PathBuf {
        match &unit.target.src {
            SrcPath::Package(path) => self.package(unit).join(path),
            SrcPath::Tree(path) => self.root.join(path),
            SrcPath::Outside => PathBuf::new(),
        }
    }

    /// The file that a name in a message stands for, if the name is one of the sandbox's for another place.
    fn real(&self, name: &str) -> Option<PathBuf> {
        let below = |place: &str, root: &Path| {
            let below = name.strip_prefix(place)?;
            Some(root.join(below))
        };
        ["/w/", "/build/ws/"]
            .iter()
            .find_map(|place| below(place, &self.root))
            .or_else(|| {
                let below = ["/s/", "/build/s/"]
                    .iter()
                    .find_map(|place| name.strip_prefix(place))?;
                let (entry, path) = below.split_once('/').unwrap_or((below, ""));
                Some(self.third_party(entry).join(path))
            })
    }
}

/// A `compiler-message`.
pub fn message(places: &Places, unit: &Unit, message: &Message, text: Text) -> Value {
    let mut document = message.document.clone();
    let rendered = match text {
        Text::Plain => message.text(),
        Text::Coloured => message.coloured().to_owned(),
        Text::Short => message.short(),
    };
    document["rendered"] = Value::String(rendered);
    name_files(places, &mut document);
    with_package(
        places,
        unit,
        "compiler-message",
        json!({ "message": document }),
    )
}

/// A `compiler-artifact`.
pub fn artifact(places: &Places, unit: &Unit, fresh: bool) -> Value {
    let files = files(unit);
    let is_test = unit.mode.is_test();
    let is_program = is_test || matches!(unit.target.kind, TargetKind::Bin | TargetKind::Example);
    let program = |file: &&String| is_program && file.contains("/bin/");
    let profile = &unit.profile;
    let debuginfo = match profile.debuginfo.parse::<u32>() {
        Ok(number) => json!(number),
        Err(_) => json!(profile.debuginfo),
    };
    let own = json!({
        "profile": {
            "opt_level": profile.opt_level,
            "debuginfo": debuginfo,
            "debug_assertions": profile.debug_assertions,
            "overflow_checks": profile.overflow_checks,
            "test": is_test,
        },
        "features": unit.features,
        "executable": files.iter().find(program),
        "filenames": files,
        "fresh": fresh,
    });
    with_package(places, unit, "compiler-artifact", own)
}

/// A `build-script-executed`; none if what the script has said is not there any more.
pub fn script_executed(places: &Places, unit: &Unit) -> Option<Value> {
    let output = |name: &str| unit.outputs.get(name);
    let cfg: Cfg = recorded::read(output("cfg")?).ok()?;
    let link: Link = recorded::read(output("link")?).ok()?;
    let paths: Vec<String> = link.search.into_iter().map(|search| search.path).collect();
    Some(json!({
        "reason": "build-script-executed",
        "package_id": package_id(places, unit),
        "linked_libs": link.libs,
        "linked_paths": paths,
        "cfgs": cfg.cfg,
        "env": cfg.env.into_iter().collect::<Vec<(String, String)>>(),
        "out_dir": out_dir(Path::new(output("out")?))?,
    }))
}

/// `OUT_DIR` in the output of a run: `<profile>/build/<package>-<identity>/out`.
fn out_dir(output: &Path) -> Option<PathBuf> {
    let only = |directory: &Path| Some(fs::read_dir(directory).ok()?.next()?.ok()?.path());
    let build = only(output)?.join("build");
    Some(only(&build)?.join("out"))
}

/// The `build-finished`.
pub fn finished(success: bool) -> Value {
    json!({ "reason": "build-finished", "success": success })
}

fn with_package(places: &Places, unit: &Unit, reason: &str, mut document: Value) -> Value {
    let target = &unit.target;
    let crate_types: Vec<String> = target.crate_types.iter().map(ToString::to_string).collect();
    let kind = match target.kind {
        TargetKind::Lib => crate_types.clone(),
        TargetKind::Bin => vec!["bin".to_owned()],
        TargetKind::Example => vec!["example".to_owned()],
        TargetKind::Test => vec!["test".to_owned()],
        TargetKind::Bench => vec!["bench".to_owned()],
        TargetKind::CustomBuild => vec!["custom-build".to_owned()],
    };
    document["reason"] = json!(reason);
    document["package_id"] = json!(package_id(places, unit));
    document["manifest_path"] = json!(places.package(unit).join("Cargo.toml"));
    document["target"] = json!({
        "kind": kind,
        "crate_types": crate_types,
        "name": target.name,
        "src_path": places.source_file(unit),
        "edition": target.edition,
        "doc": target.doc,
        "doctest": target.doctest,
        "test": target.test,
    });
    document
}

/// cargo's specification of a package: its source, and what this leaves open.
fn package_id(places: &Places, unit: &Unit) -> String {
    let (name, version) = unit.package.split_once(' ').unwrap_or((&unit.package, ""));
    let url = match &unit.directory {
        Some(_) => format!("path+file://{}", escaped(&places.package(unit))),
        // Behind the `#` is the commit.
        None => match unit.source.url.split_once('#') {
            Some((url, _)) => url.to_owned(),
            None => unit.source.url.clone(),
        },
    };
    let path = url.split_once('?').map_or(url.as_str(), |(path, _)| path);
    match path.rsplit('/').next() == Some(name) {
        true => format!("{url}#{version}"),
        false => format!("{url}#{name}@{version}"),
    }
}

/// A path in a URL.
fn escaped(path: &Path) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
    const ESCAPED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'`')
        .add(b'#')
        .add(b'?')
        .add(b'{')
        .add(b'}')
        .add(b'%');
    percent_encode(path.as_os_str().as_encoded_bytes(), ESCAPED).to_string()
}

/// The files that a unit has made for others, as they are in the store.
fn files(unit: &Unit) -> Vec<String> {
    let mut files = Vec::new();
    let outputs = ["out", "rmeta"]
        .iter()
        .filter_map(|name| unit.outputs.get(*name));
    for output in outputs {
        for directory in ["", "bin", "lib"] {
            let directory = Path::new(output).join(directory);
            let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            found.retain(|path| path.is_file() && !path.ends_with("libraries.json"));
            found.sort();
            files.extend(found.iter().map(|path| path.display().to_string()));
        }
    }
    files
}

/// Gives the files in a message the names that they have on this machine.
fn name_files(places: &Places, document: &mut Value) {
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value {
                    Value::String(name) if key == "file_name" => {
                        if let Some(real) = places.real(name) {
                            *name = real.display().to_string();
                        }
                    }
                    value => name_files(places, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name_files(places, item)),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_where_the_users_cargo_has_unpacked_it() {
        let temp = tempfile::tempdir().unwrap();
        let (vendor, home) = (temp.path().join("vendor"), temp.path().join("home"));
        let unpacked = home.join("registry/src/index-1/itoa-1.0.0");
        for directory in [&vendor.join("fnv-1.0.0"), &unpacked] {
            fs::create_dir_all(directory).unwrap();
        }
        for archive in ["itoa-1.0.0", "ryu-1.0.0"] {
            fs::write(vendor.join(archive), "").unwrap();
        }
        let places = Places {
            root: PathBuf::from("/home/project"),
            vendor: vendor.clone(),
            unpacked: unpacked_below(&home),
        };
        for (name, place) in [
            ("/s/itoa-1.0.0/src/lib.rs", unpacked.join("src/lib.rs")),
            ("/s/ryu-1.0.0", vendor.join("ryu-1.0.0")),
            ("/s/fnv-1.0.0/lib.rs", vendor.join("fnv-1.0.0/lib.rs")),
            ("/w/src/main.rs", "/home/project/src/main.rs".into()),
        ] {
            assert_eq!(places.real(name), Some(place), "{name}");
        }
        assert_eq!(unpacked_below(temp.path()), Vec::<PathBuf>::new());
    }
}
