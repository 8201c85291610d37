//! Comparing what cargo does for one command with what we expect.

use super::Outcome;
use super::command::CargoCommand;
use super::layout::CargoLayout;
use super::matching::differences;
use super::predict::predict;
use super::record::{Place, record};
use super::toolchain::Toolchain;
use dyndrv::causes::with_causes;
use dyndrv::graph::rules::linkage::Linkage;
use dyndrv::graph::{Graph, Request, skeleton};
use dyndrv_builder::sandbox::bundle::Bundle;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Compares one cargo command.
///
/// A failure of cargo, or of ours, is a difference too, and does not keep the others from running.
pub fn compare(name: &str, toolchain: &Toolchain, place: &Place, run: &CargoCommand) -> Outcome {
    let attempt = || compare_or_panic(name, toolchain, place, run);
    catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Outcome {
        name: format!("{name}: {}", run.text),
        rustc: 0,
        scripts: 0,
        differences: vec!["it failed, see above".to_owned()],
    })
}

fn compare_or_panic(
    name: &str,
    toolchain: &Toolchain,
    place: &Place,
    run: &CargoCommand,
) -> Outcome {
    let graph = ask(toolchain, place, run);
    let layout = CargoLayout { toolchain, place };
    let linkage = Linkage::new(&graph);
    let run_units = graph.units().filter(|unit| unit.overridden.is_none());
    let predictions = run_units
        .map(|unit| predict(&linkage, unit, &layout))
        .collect();
    let records = record(toolchain, place, run);
    let scripts = records.iter().filter(|record| record.is_script()).count();
    Outcome {
        name: format!("{name}: {}", run.text),
        rustc: records.len() - scripts,
        scripts,
        differences: differences(&graph, predictions, records),
    }
}

/// Our graph, from a skeleton and not from the sources, as it is in real use.
pub fn ask(toolchain: &Toolchain, place: &Place, run: &CargoCommand) -> Graph {
    let scratch = place.scratch.join("ask");
    let source = scratch.join("skeleton");
    let _ = fs::remove_dir_all(&scratch);
    let mut bundle = Vec::new();
    skeleton::write(&place.source.clone().into(), None, &mut bundle).unwrap();
    Bundle::read(&bundle[..]).unwrap().unpack(&source).unwrap();
    let request = Request {
        cargo_home: None,
        source,
        manifest_dir: place.dir.clone(),
        vendor: place.vendor.clone(),
        cargo: toolchain.cargo.clone(),
        rustc: toolchain.rustc.clone(),
        scratch,
        selection: run.selection.clone(),
        rustflags: run.rustflags.clone(),
        incremental: false,
    };
    let graph = dyndrv::graph::ask(&request)
        .unwrap_or_else(|error| panic!("{}", with_causes(&error)))
        .graph;
    let text = serde_json::to_string(&graph).unwrap();
    assert!(
        !text.contains(place.scratch.to_str().unwrap()),
        "an absolute path in the graph"
    );
    assert_eq!(serde_json::from_str::<Graph>(&text).unwrap(), graph);
    graph
}
