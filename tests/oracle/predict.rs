//! What each process is expected to be, with our identities for cargo's hashes.

use super::layout::CargoLayout;
use super::standin::{printed_instructions, probe_file};
use dyndrv::graph::rules::command::{
    Invocation, build_script_invocation, envify, rustc_invocation,
};
use dyndrv::graph::rules::layout::{Layout, package_dir};
use dyndrv::graph::rules::linkage::Linkage;
use dyndrv::graph::{Mode, UnitRef};
use dyndrv_builder::spec::LinkArgTarget;
use std::fs;

/// What a process is expected to be, with our identities.
pub struct Prediction {
    pub label: String,
    pub id: String,
    pub invocation: Invocation,
}

pub fn predict<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &CargoLayout<'_>,
) -> Prediction {
    let mut invocation = match unit.mode {
        Mode::RunCustomBuild => build_script_invocation(linkage, unit, layout),
        _ => rustc_invocation(linkage, unit, layout),
    };
    match unit.mode {
        Mode::RunCustomBuild => {
            for (run, links) in linkage.dep_metadata(unit) {
                for (key, value) in instructions(run, layout).metadata {
                    let name = format!("DEP_{}_{}", envify(links), envify(&key));
                    invocation.env.insert(name, value);
                }
            }
            let script = unit.script().unwrap();
            let program = &unit.target().name;
            invocation.args = vec![format!("{}/{program}", layout.build_dir(script))];
        }
        _ => add_answers(linkage, unit, layout, &mut invocation),
    }
    Prediction {
        label: format!("{} {}", unit.label(), unit.identity()),
        id: unit.identity().to_string(),
        invocation,
    }
}

/// What the stand-in's build scripts say.
#[derive(Default)]
struct Instructions {
    own_search: Vec<String>,
    search: Vec<String>,
    libs: Vec<String>,
    link_args: Vec<(LinkArgTarget, String)>,
    cfgs: Vec<String>,
    check_cfgs: Vec<String>,
    env: Vec<(String, String)>,
    metadata: Vec<(String, String)>,
}

fn instructions(run: UnitRef<'_>, layout: &CargoLayout<'_>) -> Instructions {
    let dir = package_dir(layout, run.package());
    let out_dir = layout.out_dir(run).unwrap();
    let extra = fs::read_to_string(probe_file(&dir)).unwrap_or_default();
    let text = match &run.overridden {
        None => printed_instructions(&run.package().name, &out_dir, &extra),
        Some(list) => list
            .iter()
            .map(|(key, value)| format!("cargo:{key}={value}\n"))
            .collect(),
    };
    let mut instructions = Instructions::default();
    for line in text.lines() {
        let (key, value) = line.trim_start_matches("cargo:").split_once('=').unwrap();
        let value = value.to_owned();
        match key {
            "rustc-link-search" if value.contains(&out_dir) => instructions.own_search.push(value),
            "rustc-link-search" => instructions.search.push(value),
            "rustc-link-lib" => instructions.libs.push(value),
            "rustc-link-arg" => instructions.link_args.push((LinkArgTarget::All, value)),
            "rustc-link-arg-bin" => {
                let (bin, value) = value.split_once('=').unwrap();
                instructions
                    .link_args
                    .push((LinkArgTarget::Bin(bin.to_owned()), value.to_owned()));
            }
            "rustc-cfg" => instructions.cfgs.push(value),
            "rustc-check-cfg" => instructions.check_cfgs.push(value),
            "rustc-env" => {
                let (name, value) = value.split_once('=').unwrap();
                instructions.env.push((name.to_owned(), value.to_owned()));
            }
            key => match key.strip_prefix("rustc-link-arg-") {
                Some(kind) => {
                    let target = LinkArgTarget::try_from(kind.to_owned()).unwrap();
                    instructions.link_args.push((target, value));
                }
                None => instructions.metadata.push((key.to_owned(), value)),
            },
        }
    }
    instructions
}

/// What build scripts add to a command line; in real use, the builder does this.
fn add_answers<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &CargoLayout<'_>,
    invocation: &mut Invocation,
) {
    let scripts: Vec<_> = linkage
        .scripts(unit)
        .into_iter()
        .map(|script| (instructions(script.run, layout), script))
        .collect();
    let args = &mut invocation.args;
    let mut push = |option: &str, value: String| args.extend([option.to_owned(), value]);
    for (instructions, _) in &scripts {
        instructions
            .own_search
            .iter()
            .for_each(|dir| push("-L", dir.clone()));
    }
    for (instructions, _) in &scripts {
        instructions
            .search
            .iter()
            .for_each(|dir| push("-L", dir.clone()));
    }
    for (instructions, script) in &scripts {
        if script.libs {
            instructions
                .libs
                .iter()
                .for_each(|lib| push("-l", lib.clone()));
        }
        for (kind, arg) in &instructions.link_args {
            if script.link_args.contains(kind) {
                push("-C", format!("link-arg={arg}"));
            }
        }
    }
    for (instructions, _) in scripts.iter().filter(|(_, script)| script.own) {
        instructions
            .cfgs
            .iter()
            .for_each(|cfg| push("--cfg", cfg.clone()));
        instructions
            .check_cfgs
            .iter()
            .for_each(|cfg| push("--check-cfg", cfg.clone()));
        invocation.env.extend(instructions.env.iter().cloned());
    }
}
