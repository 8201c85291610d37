//! Path prefix maps: virtual names for paths that must not show in any output.
//!
//! Where two maps fit, the later one wins, for rustc as for C compilers.
//!
//! C code names the headers that it includes in its debug information: those of the compiler, of
//! the C library and of other libraries have virtual names too, or else a program would keep
//! all of these in its closure.

use crate::build_script::recorded::Remap;
use crate::error::{Error, Result};
use crate::sandbox::Environment;
use crate::spec::{Process, VENDOR, WORKSPACE};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The variables with the compilers that nixpkgs' wrappers wrap, for each role.
const COMPILERS: [&str; 3] = ["NIX_CC", "NIX_CC_FOR_BUILD", "NIX_CC_FOR_TARGET"];

/// Where such a wrapper tells the packages with the compiler and with the C library.
const WRAPPED: [&str; 4] = ["orig-cc", "orig-bintools", "orig-libc", "orig-libc-dev"];

/// How the variables start with the directories of libraries' headers.
const HEADERS: &str = "NIX_CFLAGS_COMPILE";

/// The specification's maps, given as `from=to`.
pub fn of(process: &Process) -> Result<Vec<Remap>> {
    process
        .remap
        .iter()
        .map(|map| {
            // rustc splits at the last `=` as well.
            map.rsplit_once('=')
                .map(|(from, to)| remap(from, to))
                .ok_or_else(|| {
                    Error::new(format!(
                        "the path prefix map `{map}` is not of the form from=to"
                    ))
                })
        })
        .collect()
}

/// The maps of the specification behind those that hold for every C compiler: the headers
/// that the compiler finds by itself, and the source places.
pub fn for_c(process: &Process, env: &Environment) -> Result<Vec<Remap>> {
    let given = of(process)?;
    let mut maps = headers(env);
    maps.extend([remap(VENDOR, "/s"), remap(WORKSPACE, "/w")]);
    maps.extend(given);
    Ok(maps)
}

/// Maps for the packages whose headers a compiler of nixpkgs' finds by itself.
fn headers(env: &Environment) -> Vec<Remap> {
    let mut packages = BTreeSet::new();
    for compiler in COMPILERS.iter().filter_map(|name| env.get(*name)) {
        packages.extend(object(compiler));
        for name in WRAPPED {
            let file = Path::new(compiler).join("nix-support").join(name);
            let wrapped = fs::read_to_string(file).unwrap_or_default();
            packages.extend(object(wrapped.trim()));
        }
    }
    let flags = env.iter().filter(|(name, _)| name.starts_with(HEADERS));
    let words = flags.flat_map(|(_, value)| value.split_whitespace());
    packages.extend(words.filter_map(object));
    packages
        .into_iter()
        .map(|(package, name)| remap(&package, &format!("/input/{name}")))
        .collect()
}

/// The store object that a path is in, and its name.
fn object(path: &str) -> Option<(String, String)> {
    const STORE: &str = "/nix/store/";
    let object = path.strip_prefix(STORE)?.split('/').next()?;
    let (_, name) = object.split_once('-')?;
    Some((format!("{STORE}{object}"), name.to_string()))
}

fn remap(from: &str, to: &str) -> Remap {
    Remap {
        from: from.to_string(),
        to: to.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn maps_for_c_begin_with_the_places_of_sources() {
        let process = Process {
            remap: vec!["/nix/store/t-gcc=/toolchain".to_string()],
            ..Process::default()
        };
        let maps: Vec<_> = for_c(&process, &Environment::new())
            .unwrap()
            .into_iter()
            .map(|map| (map.from, map.to))
            .collect();
        let expected = [
            ("/build/s", "/s"),
            ("/build/ws", "/w"),
            ("/nix/store/t-gcc", "/toolchain"),
        ]
        .map(|(from, to)| (from.to_string(), to.to_string()));
        assert_eq!(maps, expected);
    }

    #[test]
    fn a_map_without_a_name_is_refused() {
        let process = Process {
            remap: vec!["/build".to_string()],
            ..Process::default()
        };
        assert!(of(&process).is_err());
    }

    #[test]
    fn headers_of_the_wrapped_compiler_and_of_libraries_are_covered() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("nix-support")).unwrap();
        fs::write(
            temp.path().join("nix-support/orig-libc-dev"),
            "/nix/store/l-glibc-2.43-dev\n",
        )
        .unwrap();
        let env: Environment = [
            ("NIX_CC", temp.path().display().to_string()),
            (
                "NIX_CFLAGS_COMPILE",
                "-g -isystem /nix/store/z-zlib-dev/include".to_string(),
            ),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .into();
        let maps = for_c(&Process::default(), &env).unwrap();
        let first: Vec<_> = maps
            .iter()
            .take(2)
            .map(|map| (map.from.as_str(), map.to.as_str()))
            .collect();
        let expected = [
            ("/nix/store/l-glibc-2.43-dev", "/input/glibc-2.43-dev"),
            ("/nix/store/z-zlib-dev", "/input/zlib-dev"),
        ];
        assert_eq!(first, expected);
    }
}
