//! Which part each unit plays in link-time optimisation.
//!
//! | value | flags | objects | bitcode |
//! |---|---|---|---|
//! | [`Lto::Run`] | `-C lto[=…]` | | |
//! | [`Lto::Off`] | `-C lto=off -C embed-bitcode=no` | yes | |
//! | [`Lto::OnlyBitcode`] | `-C linker-plugin-lto` | | yes |
//! | [`Lto::ObjectAndBitcode`] | none | yes | yes |
//! | [`Lto::OnlyObject`] | `-C embed-bitcode=no` | yes | |
//!
//! The walk starts at each root with a demand, and hands each unit's value on
//! as the demand on its dependencies:
//!
//! | the unit | its value |
//! |---|---|
//! | a procedural macro or build script | `OnlyObject` |
//! | all crate types of `bin`, `staticlib`, `cdylib` (a test counts as `bin`, one in documentation too) | its profile's `lto`: named → `Run(name)`, `true` → `Run`, `off` → `Off`, `false` → `OnlyObject` |
//! | demand `Run`, needs no object | `OnlyBitcode` |
//! | demand `Run` or `OnlyBitcode`, needs objects | `OnlyObject` if all crate types are `dylib`, else `ObjectAndBitcode` |
//! | demand `Off` | `Off` |
//! | otherwise | the demand |
//!
//! A root's demand is `OnlyObject` for `lto = false`, `Off` for `off`, else what
//! the last rows give for `OnlyBitcode`. Where a unit is met again, the greater
//! of `OnlyObject`/`OnlyBitcode` < `ObjectAndBitcode` < `Off` < `Run` holds (the first two
//! together make the third), and if that changed it, the walk goes through it again.

use crate::graph::model::{CrateType, Lto, Mode, Target};

/// The properties of a unit that the walk needs.
#[derive(Debug)]
pub(in crate::graph) struct Node<'a> {
    pub target: &'a Target,
    pub mode: Mode,
    /// The profile's `lto`, as it is written.
    pub lto: &'a str,
    pub dependencies: Vec<usize>,
}

/// The value of every unit, none for what no root reaches; the order of `nodes` does not matter.
pub(in crate::graph) fn compute(nodes: &[Node<'_>], roots: &[usize]) -> Vec<Option<Lto>> {
    let mut values = vec![None; nodes.len()];
    for &root in roots {
        visit(nodes, &mut values, root, &root_demand(&nodes[root]));
    }
    values
}

fn root_demand(node: &Node<'_>) -> Lto {
    let types = &node.target.crate_types;
    match node.lto {
        "false" => Lto::OnlyObject,
        "off" => Lto::Off,
        _ if node.target.for_host() => Lto::OnlyObject,
        _ if needs_object(types) => with_object(types),
        _ => Lto::OnlyBitcode,
    }
}

fn visit(nodes: &[Node<'_>], values: &mut [Option<Lto>], index: usize, demand: &Lto) {
    let value = own_value(&nodes[index], demand);
    let merged = match &values[index] {
        None => value,
        Some(old) => {
            let merged = merge(&value, old);
            if merged == *old {
                return;
            }
            merged
        }
    };
    values[index] = Some(merged.clone());
    for &dependency in &nodes[index].dependencies {
        visit(nodes, values, dependency, &merged);
    }
}

fn own_value(node: &Node<'_>, demand: &Lto) -> Lto {
    let types = &node.target.crate_types[..];
    let runs = node.mode == Mode::Test || types.iter().all(|t| t.can_lto());
    if node.target.for_host() || runs {
        return of_program(node.target, node.lto);
    }
    match (demand, needs_object(types)) {
        (Lto::Run(_), false) => Lto::OnlyBitcode,
        (Lto::Run(_) | Lto::OnlyBitcode, true) => with_object(types),
        (demand, _) => demand.clone(),
    }
}

/// The value of what is linked by itself: a program, or a test in documentation.
pub(in crate::graph) fn of_program(target: &Target, lto: &str) -> Lto {
    match lto {
        _ if target.for_host() => Lto::OnlyObject,
        "false" => Lto::OnlyObject,
        "off" => Lto::Off,
        "true" => Lto::Run(None),
        name => Lto::Run(Some(name.to_owned())),
    }
}

fn merge(a: &Lto, b: &Lto) -> Lto {
    match (a, b) {
        (run @ Lto::Run(_), _) | (_, run @ Lto::Run(_)) => run.clone(),
        (Lto::Off, _) | (_, Lto::Off) => Lto::Off,
        (Lto::OnlyBitcode, Lto::OnlyBitcode) => Lto::OnlyBitcode,
        (Lto::OnlyObject, Lto::OnlyObject) => Lto::OnlyObject,
        _ => Lto::ObjectAndBitcode,
    }
}

/// Whether the target is linked in any of its crate types.
fn needs_object(types: &[CrateType]) -> bool {
    types.iter().any(|t| t.can_lto() || t.is_dynamic())
}

fn with_object(types: &[CrateType]) -> Lto {
    if types.iter().all(|&t| t == CrateType::Dylib) {
        Lto::OnlyObject
    } else {
        Lto::ObjectAndBitcode
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::model::{SrcPath, TargetKind};

    fn target(kind: TargetKind, types: &[CrateType]) -> Target {
        Target {
            name: "t".into(),
            kind,
            crate_types: types.to_vec(),
            src: SrcPath::Package("x.rs".into()),
            edition: "2021".into(),
            harness: true,
            test: true,
            doctest: false,
            doc: false,
            proc_macro: false,
        }
    }

    fn node<'a>(target: &'a Target, lto: &'a str, dependencies: &[usize]) -> Node<'a> {
        Node {
            target,
            mode: Mode::Build,
            lto,
            dependencies: dependencies.to_vec(),
        }
    }

    #[test]
    fn a_library_of_a_program_and_of_a_build_script_is_two_kinds_of_object() {
        let bin = target(TargetKind::Bin, &[CrateType::Bin]);
        let script = target(TargetKind::CustomBuild, &[CrateType::Bin]);
        let lib = target(TargetKind::Lib, &[CrateType::Lib]);
        let nodes = [
            node(&bin, "fat", &[1, 2]),
            node(&script, "false", &[2]),
            node(&lib, "fat", &[]),
        ];
        let values = compute(&nodes, &[0]);
        assert_eq!(values[0], Some(Lto::Run(Some("fat".into()))));
        assert_eq!(values[1], Some(Lto::OnlyObject));
        assert_eq!(values[2], Some(Lto::ObjectAndBitcode));
    }

    #[test]
    fn a_dylib_of_a_program_with_lto_needs_no_bitcode() {
        let bin = target(TargetKind::Bin, &[CrateType::Bin]);
        let dylib = target(TargetKind::Lib, &[CrateType::Dylib]);
        let mixed = target(TargetKind::Lib, &[CrateType::Rlib, CrateType::Cdylib]);
        let nodes = [
            node(&bin, "true", &[1, 2]),
            node(&dylib, "true", &[]),
            node(&mixed, "true", &[]),
        ];
        let values = compute(&nodes, &[0]);
        assert_eq!(values[0], Some(Lto::Run(None)));
        assert_eq!(values[1], Some(Lto::OnlyObject));
        assert_eq!(values[2], Some(Lto::ObjectAndBitcode));
    }

    #[test]
    fn off_means_off_for_the_whole_closure() {
        let bin = target(TargetKind::Bin, &[CrateType::Bin]);
        let lib = target(TargetKind::Lib, &[CrateType::Lib]);
        let nodes = [node(&bin, "off", &[1]), node(&lib, "off", &[])];
        assert_eq!(compute(&nodes, &[0]), [Some(Lto::Off), Some(Lto::Off)]);
    }
}
