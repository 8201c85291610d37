//! Path prefix maps: virtual names for paths that must not show in any output.
//!
//! Where two maps fit, the later one wins, for rustc as for C compilers.

use crate::build_script::recorded::Remap;
use crate::error::{Error, Result};
use crate::spec::{Process, VENDOR, WORKSPACE};

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
}
