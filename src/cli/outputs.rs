//! `dyndrv outputs`: everything of a build that a binary cache must have.
//!
//! | line | because |
//! |---|---|
//! | the result | what users install |
//! | planning steps and emitters, with all outputs | another machine plans without running them |
//! | units, with all outputs | another machine compiles only what differs |
//! | other content-addressed derivations that these have as inputs | only a realisation tells the path of their outputs |
//!
//! `nix copy --stdin` takes the lines. It copies the realisations too, without which a cache
//! does not know which output belongs to which derivation.

use super::error::Error;
use super::nix::{self, Build, Built};
use clap::Args;
use dyndrv::drv::Output;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The attribute with the steps of a build: `nix/dyndrv.nix`.
const STEPS: &str = "passthru.steps";

/// The options of `dyndrv outputs`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    build: Build,
}

/// Builds what is not built, and prints an installable for each derivation, in a fixed order.
pub fn run(options: &Options) -> Result<(), Error> {
    let build = &options.build;
    let mut installables = vec![build.attribute("")];
    let steps = build.names(STEPS)?.into_iter();
    installables.extend(steps.map(|step| build.attribute(&format!("{STEPS}.{step}^*"))));
    let steps = build.built(&installables)?;
    let emitters = nix::outputs(&written(&steps))?;
    let units = written(&emitters);
    let own: BTreeSet<String> = [&steps, &emitters]
        .into_iter()
        .flatten()
        .map(|built| built.drv_path.clone())
        .chain(units)
        .collect();
    let mut report: String = own.iter().map(|drv| format!("{drv}^*\n")).collect();
    for (drv, outputs) in other_inputs(&own)? {
        let outputs: Vec<String> = outputs.into_iter().collect();
        report += &format!("{drv}^{}\n", outputs.join(","));
    }
    super::print(&report)
}

/// The derivations among the outputs.
fn written(built: &[Built]) -> Vec<String> {
    let outputs = built.iter().flat_map(|built| built.outputs.values());
    let drvs = outputs.filter(|path| path.ends_with(".drv"));
    drvs.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The content-addressed inputs that are not in `own`, directly or not, with the outputs that are used.
fn other_inputs(own: &BTreeSet<String>) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open: Vec<String> = own.iter().cloned().collect();
    let mut passed: BTreeSet<String> = own.clone();
    while let Some(drv) = open.pop() {
        for (input, wanted) in nix::derivation(Path::new(&drv))?.input_derivations() {
            let input = input.to_string();
            if own.contains(&input) {
                continue;
            }
            let derivation = nix::derivation(Path::new(&input))?;
            let floating = |output: &Output| matches!(output, Output::Floating { .. });
            if !derivation.outputs().values().any(floating) {
                continue;
            }
            // An output may be used only because it is a derivation itself.
            let wanted = wanted
                .outputs()
                .iter()
                .chain(wanted.dynamic_outputs().keys());
            let outputs = found.entry(input.clone()).or_default();
            outputs.extend(wanted.cloned());
            if passed.insert(input.clone()) {
                open.push(input);
            }
        }
    }
    Ok(found)
}
