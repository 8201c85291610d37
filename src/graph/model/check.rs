//! The rules that every graph keeps. Code that reads a graph relies on them.
//!
//! - It is of this [`VERSION`].
//! - Units and packages that are named exist; what a unit needs comes before it.
//! - The platform of each unit is described.
//! - The root file of each unit is below its package or the source root.
//! - Each unit that is compiled makes a file.

use super::{Graph, Mode, SrcPath, UnitId, UnitRef, VERSION};

/// Why a document is not a graph.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Another program has written it.
    #[error("its format is version {0}, and this program reads version {VERSION}")]
    Version(u32),
    /// A root that is no unit.
    #[error("the root {0} is no unit")]
    Root(usize),
    /// The roots have no order.
    #[error("the roots are not ascending")]
    RootOrder,
    /// A unit of no package, or of no target of its package.
    #[error("the unit {0} has no package or no target")]
    Target(usize),
    /// A dependency that is no unit, or comes later.
    #[error("{unit} needs the unit {needed}, which does not come before it")]
    Dependency {
        /// The unit, for people.
        unit: String,
        /// The place that it names.
        needed: usize,
    },
    /// A platform without a description.
    #[error("{unit} is for the platform `{triple}`, which the graph does not describe")]
    Platform {
        /// The unit, for people.
        unit: String,
        /// The platform.
        triple: String,
    },
    /// A root file that no build can have.
    #[error(
        "the root file of {unit} is outside of the source root; move the source root up, so that it holds this file too"
    )]
    Outside {
        /// The unit, for people.
        unit: String,
    },
    /// Crate types that the platform does not have.
    #[error(
        "{unit} has the crate types {types}, and the platform `{triple}` supports none of them; build another target, or for another platform"
    )]
    NoProduct {
        /// The unit, for people.
        unit: String,
        /// Its crate types.
        types: String,
        /// The platform.
        triple: String,
    },
}

impl Graph {
    /// Whether everything holds that the head of this module says.
    pub(in crate::graph) fn check(&self) -> Result<(), GraphError> {
        if self.version != VERSION {
            return Err(GraphError::Version(self.version));
        }
        if let Some(UnitId(root)) = self.roots.iter().find(|id| id.0 >= self.units.len()) {
            return Err(GraphError::Root(*root));
        }
        if !self.roots.is_sorted_by(|a, b| a < b) {
            return Err(GraphError::RootOrder);
        }
        for (place, unit) in self.units.iter().enumerate() {
            let package = self.packages.get(unit.package.0);
            if package.is_none_or(|package| unit.target >= package.targets.len()) {
                return Err(GraphError::Target(place));
            }
            check_unit(self.unit(UnitId(place)))?;
        }
        Ok(())
    }
}

fn check_unit(unit: UnitRef<'_>) -> Result<(), GraphError> {
    let name = || unit.to_string();
    if let Some(later) = unit.dependencies.iter().find(|d| d.unit >= unit.id()) {
        return Err(GraphError::Dependency {
            unit: name(),
            needed: later.unit.0,
        });
    }
    if let Some(triple) = &unit.platform
        && !unit.graph().targets.contains_key(triple)
    {
        return Err(GraphError::Platform {
            unit: name(),
            triple: triple.clone(),
        });
    }
    if unit.target().src == SrcPath::Outside {
        return Err(GraphError::Outside { unit: name() });
    }
    let compiled = !matches!(unit.mode, Mode::RunCustomBuild | Mode::Doctest);
    if compiled && unit.products().is_empty() {
        let types = unit.target().crate_types.iter();
        return Err(GraphError::NoProduct {
            unit: name(),
            types: types.map(|t| t.name()).collect::<Vec<_>>().join(", "),
            triple: unit.platform().triple.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    fn platform(triple: &str) -> Value {
        json!({
            "triple": triple, "rustflags": [], "cfg": [], "split_debuginfo": [],
            "file_names": { "bin": ["", ""], "rlib": ["lib", ".rlib"] },
        })
    }

    fn target(name: &str, kind: &str, crate_type: &str) -> Value {
        json!({
            "name": name, "kind": kind, "crate_types": [crate_type], "edition": "2024",
            "src": { "package": "x.rs" }, "harness": true, "test": true, "doctest": true,
            "doc": true, "proc_macro": false,
        })
    }

    fn unit(identity: &str, target: usize, needs: &[usize]) -> Value {
        let edge = |unit: &usize| json!({ "unit": unit, "extern_crate_name": "x" });
        json!({
            "identity": format!("{identity:0>16}"), "package": 0, "target": target, "mode": "build",
            "platform": null, "features": [], "lto": "only-object",
            "dependencies": needs.iter().map(edge).collect::<Vec<_>>(),
            "profile": {
                "name": "dev", "opt_level": "0", "lto": "false", "debuginfo": "0",
                "debug_assertions": true, "overflow_checks": true, "rpath": false,
                "incremental": false, "panic": "unwind",
            },
        })
    }

    /// A library and a program that needs it.
    fn document() -> Value {
        json!({
            "version": VERSION,
            "rustc": { "release": "1.97.1", "verbose": "", "host": "here" },
            "workspace_root": "",
            "profile": { "name": "dev", "dir": "debug", "root": "dev" },
            "host": platform("here"), "targets": {}, "config_env": [],
            "packages": [{
                "name": "app", "version": "1.0.0", "origin": "path", "source": "",
                "location": { "tree": "" }, "primary": true, "member": true, "authors": [],
                "declared_features": [], "lint_flags": [],
                "targets": [target("app", "lib", "lib"), target("app", "bin", "bin")],
            }],
            "units": [unit("a", 0, &[]), unit("b", 1, &[0])],
            "roots": [0, 1],
        })
    }

    /// The reason for which a document with this change is refused.
    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut document = document();
        change(&mut document);
        let graph: Result<Graph, _> = serde_json::from_value(document);
        graph.unwrap_err().to_string()
    }

    #[test]
    fn a_sound_document_is_a_graph() {
        let graph: Graph = serde_json::from_value(document()).unwrap();
        assert_eq!(
            serde_json::to_value(&graph).unwrap()["units"][1]["dependencies"][0]["unit"],
            0
        );
    }

    #[test]
    fn a_document_that_is_not_sound_is_refused() {
        let cases = [
            (
                refused(|d| d["version"] = json!(0)),
                "its format is version 0, and this program reads version",
            ),
            (
                refused(|d| d["roots"] = json!([2])),
                "the root 2 is no unit",
            ),
            (
                refused(|d| d["roots"] = json!([1, 0])),
                "the roots are not ascending",
            ),
            (
                refused(|d| d["units"][0]["target"] = json!(2)),
                "the unit 0 has no package or no target",
            ),
            (
                refused(|d| {
                    d["units"][0]["dependencies"] = json!([{ "unit": 1, "extern_crate_name": "x" }])
                }),
                "lib of `app 1.0.0` needs the unit 1, which does not come before it",
            ),
            (
                refused(|d| d["units"][1]["platform"] = json!("there")),
                "bin app of `app 1.0.0` is for the platform `there`, which the graph does not describe",
            ),
            (
                refused(|d| d["packages"][0]["targets"][0]["src"] = json!("outside")),
                "the root file of lib of `app 1.0.0` is outside of the source root",
            ),
            (
                refused(|d| d["packages"][0]["targets"][0]["crate_types"] = json!(["dylib"])),
                "lib of `app 1.0.0` has the crate types dylib, and the platform `here` supports none",
            ),
            (
                refused(|d| d["units"][0]["identity"] = json!("a")),
                "`a` is not the identity of a unit",
            ),
        ];
        for (reason, expected) in cases {
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
