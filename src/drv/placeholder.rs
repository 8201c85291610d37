//! Placeholders: texts that Nix replaces by store paths when it builds.
//!
//! Nix's `hashPlaceholder` and `DownstreamPlaceholder::unknownCaOutput` are what
//! this mirrors.
//!
//! ```
//! use dyndrv::drv::placeholder;
//!
//! // `builtins.placeholder "out"`
//! assert_eq!(
//!     placeholder::output("out"),
//!     "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9",
//! );
//! ```

use super::{hash::Sha256, nix32, store_path::StorePath};

/// The store path has outputs only if it is a derivation's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a derivation: its name does not end in `.drv`")]
pub struct NotADerivation {
    /// The path.
    pub path: StorePath,
}

/// The path of a derivation's own output, for its arguments and environment.
pub fn output(name: &str) -> String {
    placeholder(&format!("nix-output:{name}"))
}

/// The path of another derivation's floating output, for the arguments and the
/// environment of those that have it among their inputs.
pub fn upstream(drv: &StorePath, output: &str) -> Result<String, NotADerivation> {
    let name = drv
        .name()
        .strip_suffix(".drv")
        .ok_or_else(|| NotADerivation { path: drv.clone() })?;
    let hash = drv.hash_part();
    Ok(match output {
        "out" => placeholder(&format!("nix-upstream-output:{hash}:{name}")),
        _ => placeholder(&format!("nix-upstream-output:{hash}:{name}-{output}")),
    })
}

fn placeholder(clear_text: &str) -> String {
    format!("/{}", nix32::encode(&Sha256::of(clear_text).0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The vector of Nix's own unit tests.
    #[test]
    fn upstream_output_as_in_nix() {
        let drv = StorePath::parse("/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv").unwrap();
        assert_eq!(
            upstream(&drv, "out").unwrap(),
            "/0c6rn30q4frawknapgwq386zq358m8r6msvywcvc89n6m5p2dgbz"
        );
        assert_ne!(upstream(&drv, "meta"), upstream(&drv, "out"));
    }

    #[test]
    fn only_derivations_have_outputs() {
        let path = StorePath::parse("/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo").unwrap();
        assert_eq!(
            upstream(&path, "out"),
            Err(NotADerivation { path: path.clone() })
        );
    }
}
