//! A directory among the sources that cargo's configuration there takes packages from.

use super::{Error, Request};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use toml::{Table, Value};

/// Refuses such a directory: its packages need not be those of a registry.
///
/// # Errors
///
/// If there is one.
pub fn refuse(request: &Request) -> Result<(), Error> {
    let below = |path: &Path| match path.strip_prefix(&request.src) {
        Ok(below) => below.display().to_string(),
        Err(_) => path.display().to_string(),
    };
    let workspace = request.src.join(&request.workspace);
    let mut replacements = BTreeSet::new();
    let mut directories = Vec::new();
    for dir in workspace.ancestors() {
        for name in [".cargo/config", ".cargo/config.toml"] {
            let file = dir.join(name);
            for (name, source) in sources(&file) {
                let key = |key: &str| source.get(key).and_then(Value::as_str);
                if let Some(place) = key("directory").and_then(|place| place_below(dir, place)) {
                    directories.push((name, file.clone(), place));
                }
                replacements.extend(key("replace-with").map(str::to_owned));
            }
        }
        if dir == request.src {
            break;
        }
    }
    let used = directories
        .into_iter()
        .find(|(name, _, directory)| replacements.contains(name) && directory.is_dir());
    match used {
        Some((_, file, directory)) => Err(Error::VendoredTree {
            configuration: below(&file),
            directory: below(&directory),
        }),
        None => Ok(()),
    }
}

/// The sources that a file defines. What is wrong with it is for cargo to say.
fn sources(file: &Path) -> Table {
    let text = fs::read_to_string(file).unwrap_or_default();
    match text.parse().map(|mut file: Table| file.remove("source")) {
        Ok(Some(Value::Table(sources))) => sources,
        _ => Table::new(),
    }
}

/// A relative path, without `.` and `..`.
fn place_below(dir: &Path, relative: &str) -> Option<PathBuf> {
    let mut place = dir.to_owned();
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                place.pop();
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::request;
    use super::*;

    const REPLACED: &str = "[source.crates-io]\nreplace-with = \"mine\"\n";

    fn outcome(file: &str, text: &str) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        let src = dir.path().to_owned();
        fs::create_dir_all(src.join("third/party")).unwrap();
        fs::create_dir_all(src.join("app/.cargo")).unwrap();
        fs::create_dir_all(src.join(".cargo")).unwrap();
        fs::write(src.join(file), text).unwrap();
        let workspace = "app".to_owned();
        let request = Request {
            src,
            workspace,
            ..request()
        };
        refuse(&request).map_err(|error| error.to_string())
    }

    #[test]
    fn a_directory_in_place_of_a_registry_is_named_by_its_place() {
        for (file, place) in [
            (".cargo/config.toml", "third/party"),
            ("app/.cargo/config", "../third/./party"),
        ] {
            let text = format!("{REPLACED}[source.mine]\ndirectory = \"{place}\"\n");
            let said = outcome(file, &text).unwrap_err();
            let expected = format!("({file}) takes packages from the directory third/party there");
            assert!(said.contains(&expected), "{said}");
        }
    }

    #[test]
    fn what_is_not_there_or_not_used_is_no_directory() {
        for text in [
            format!("{REPLACED}[source.mine]\ndirectory = \"elsewhere\"\n"),
            format!("{REPLACED}[source.mine]\ndirectory = \"/third/party\"\n"),
            "[source.mine]\ndirectory = \"third/party\"\n".to_owned(),
            "[".to_owned(),
        ] {
            assert_eq!(outcome(".cargo/config.toml", &text), Ok(()), "{text}");
        }
    }
}
