//! Path prefix maps: virtual names for paths that must not show in any output.
//!
//! Where two maps fit, the later one wins, for rustc as for C compilers.

use crate::build_script::recorded::Remap;
use crate::error::{Error, Result};
use crate::sandbox::environment::Environment;
use crate::spec::{Process, VENDOR, WORKSPACE};

/// The variables that C compilers' flags come from, by the conventions that build
/// scripts follow.
const FLAGS: [&str; 2] = ["CFLAGS", "CXXFLAGS"];

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

/// The maps of the specification behind those that hold for every C compiler: the
/// source places.
pub fn for_c(process: &Process) -> Result<Vec<Remap>> {
    let given = of(process)?;
    let mut maps = vec![remap(VENDOR, "/s"), remap(WORKSPACE, "/w")];
    maps.extend(given);
    Ok(maps)
}

/// Adds the maps to the flags of C compilers.
///
/// The plain variable is always set, and every more specific one that exists is
/// extended, because the `cc` crate may read the most specific one alone.
pub fn extend_c_flags(env: &mut Environment, maps: &[Remap]) {
    let flags: Vec<String> = maps
        .iter()
        .map(|map| format!("-ffile-prefix-map={}={}", map.from, map.to))
        // Build scripts split these variables at spaces, with no way of quoting.
        .filter(|flag| !flag.contains(char::is_whitespace))
        .collect();
    let flags = flags.join(" ");
    for plain in FLAGS {
        env.entry(plain.to_string()).or_default();
        for (name, value) in env.iter_mut() {
            if is_variant(name, plain) {
                if !value.is_empty() {
                    value.push(' ');
                }
                value.push_str(&flags);
            }
        }
    }
}

fn is_variant(name: &str, plain: &str) -> bool {
    let rest = name
        .strip_prefix("HOST_")
        .or_else(|| name.strip_prefix("TARGET_"))
        .unwrap_or(name);
    rest.strip_prefix(plain)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
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
        let maps: Vec<_> = for_c(&process)
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
    fn every_variant_of_the_flags_is_extended() {
        let mut env: Environment = [
            ("CFLAGS_x86_64_unknown_linux_gnu", "-O1"),
            ("HOST_CXXFLAGS", ""),
            ("NIX_CFLAGS_COMPILE", "-g"),
        ]
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .into();
        extend_c_flags(&mut env, &[remap("/a", "/b"), remap("/with space", "/c")]);
        let flag = "-ffile-prefix-map=/a=/b";
        let expected: Environment = [
            ("CFLAGS", flag.to_string()),
            ("CFLAGS_x86_64_unknown_linux_gnu", format!("-O1 {flag}")),
            ("CXXFLAGS", flag.to_string()),
            ("HOST_CXXFLAGS", flag.to_string()),
            ("NIX_CFLAGS_COMPILE", "-g".to_string()),
        ]
        .map(|(k, v)| (k.to_string(), v))
        .into();
        assert_eq!(env, expected);
    }
}
