//! `dyndrv why`.

use super::graph::PlanOptions;
use super::session::Looked;
use crate::cli::error::Error;
use clap::Args;
use dyndrv::desk;
use dyndrv::desk::explain::{Difference, Explanation};
use dyndrv::desk::state::{Record, Unit};

/// The options of `dyndrv why`.
#[derive(Args)]
pub struct Options {
    /// A unit by its label, such as serde-1.0.228-lib, or the start of one, such as a package
    unit: String,
    #[command(flatten)]
    plan: PlanOptions,
}

/// Says which inputs of a unit changed: since the last build, or if nothing did, with the last build.
pub fn run(options: &Options) -> Result<(), Error> {
    let Looked { now, last, before } = options.plan.look()?;
    let units = named(&now, &options.unit)?;
    let Some(last) = last else {
        return crate::cli::print("there was no build with these options yet\n");
    };
    let since = Explanation::new(&last, &now);
    if units
        .iter()
        .any(|unit| since.difference(unit) != Difference::None)
    {
        return tell(since, &units, "since the last build");
    }
    match &before {
        Some(before) => tell(
            Explanation::new(before, &now),
            &units,
            "with the last build",
        ),
        None => crate::cli::print("nothing of it changed since the last build\n"),
    }
}

/// Prints why those of the units are built that differ.
fn tell<'a>(mut explanation: Explanation<'a>, units: &[&'a Unit], when: &str) -> Result<(), Error> {
    let mut text = String::new();
    for unit in units {
        if explanation.difference(unit) != Difference::None {
            text += &explanation.why(unit)?;
        }
    }
    crate::cli::print(&match text.is_empty() {
        true => format!("nothing of it changed {when}\n"),
        false => format!("changed {when}:\n{text}"),
    })
}

/// The units with a label, or else with one that starts so.
fn named<'a>(record: &'a Record, name: &str) -> Result<Vec<&'a Unit>, desk::Error> {
    let all = |fits: &dyn Fn(&Unit) -> bool| -> Vec<&'a Unit> {
        record.units.iter().filter(|unit| fits(unit)).collect()
    };
    let exact = all(&|unit| unit.label == name || unit.identity == name);
    let starts = all(&|unit| {
        let rest = unit.label.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('-'))
    });
    match (exact.is_empty(), starts.is_empty()) {
        (false, _) => Ok(exact),
        (true, false) => Ok(starts),
        (true, true) => {
            let has = all(&|unit| unit.label.contains(name));
            let labels: Vec<&str> = has.iter().map(|unit| unit.label.as_str()).collect();
            Err(desk::Error::Run(match labels.is_empty() {
                true => format!("the plan has no unit `{name}`; `dyndrv graph` lists them"),
                false => format!("the plan has no unit `{name}`, but {}", labels.join(", ")),
            }))
        }
    }
}
