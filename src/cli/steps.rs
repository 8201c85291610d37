//! The steps that derivations run: attributes in, one output out.

use super::error::Error;
use dyndrv::desk::settings::Recorded;
use dyndrv::graph::{self, Graph};
use dyndrv::plan::checks::ChecksSettings;
use dyndrv::plan::emitter::{self, Prepared};
use dyndrv::plan::lower::inputs::visible_objects;
use dyndrv::plan::selection::Selection;
use dyndrv::plan::settings::{Settings, WorkspaceSettings, attributes, read_json};
use dyndrv::plan::sources::store_object;
use dyndrv::plan::{checks, fetches, files, layers};
use dyndrv_builder::sandbox::bundle::Bundle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Outputs {
    out: PathBuf,
}

/// Reduces a source tree to what cargo looks at.
pub fn skeleton() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        skeleton: Source,
        outputs: Outputs,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Source {
        src: PathBuf,
        workspace: String,
        lock_file: Option<PathBuf>,
    }
    let Attributes { skeleton, outputs } = attributes("skeleton")?;
    let out = &outputs.out;
    let mut file = BufWriter::new(fs::File::create(out).map_err(Error::io("writing", out))?);
    let lock_file = skeleton.lock_file.as_deref();
    let lock_file = lock_file.map(|lock_file| (lock_file, skeleton.workspace.as_str()));
    graph::skeleton::write(&skeleton.src.into(), lock_file, &mut file)?;
    file.flush().map_err(Error::io("writing", out))
}

/// Asks cargo for the units.
pub fn graph() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        graph: Places,
        selection: Selection,
        outputs: Outputs,
    }
    #[derive(Deserialize)]
    struct Places {
        skeleton: PathBuf,
        vendor: PathBuf,
        rustc: PathBuf,
        cargo: PathBuf,
        workspace: String,
    }
    let Attributes {
        graph: places,
        selection,
        outputs,
    } = attributes("graph")?;
    let scratch = scratch();
    let source = scratch.join("source");
    Bundle::open(&places.skeleton)?.unpack(&source)?;
    let outcome = graph::ask(&graph::Request {
        source,
        manifest_dir: places.workspace,
        vendor: Some(places.vendor),
        cargo_home: None,
        cargo: places.cargo.join("bin/cargo"),
        rustc: places.rustc.join("bin/rustc"),
        scratch,
        rustflags: selection.rustflags.clone(),
        incremental: selection.incremental,
        selection: selection.into(),
    })?;
    for warning in outcome.warnings {
        eprintln!("warning: {warning}");
    }
    write_json(&outputs.out, &outcome.graph)
}

/// A directory for many small files. The sandbox has a file system in memory, where they cost next to nothing.
pub(super) fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match fs::create_dir(memory.join("dyndrv")) {
        Ok(()) => memory.join("dyndrv"),
        Err(_) => std::env::temp_dir(),
    }
}

/// The outputs of a plan, by name.
type PlanOutputs = BTreeMap<String, PathBuf>;

/// Plans what fetches third-party packages.
pub fn plan_fetches() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        fetches: fetches::Request,
        emitters: Prepared,
        outputs: PlanOutputs,
    }
    let Attributes {
        fetches: request,
        emitters,
        outputs,
    } = attributes("plan-fetches")?;
    Ok(fetches::plan(&request, emitters)?.write(&outputs)?)
}

/// Plans the third-party units.
pub fn plan_dependencies() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        settings: Settings,
        vendor: PathBuf,
        emitters: Prepared,
        outputs: PlanOutputs,
    }
    let Attributes {
        settings,
        vendor,
        emitters,
        outputs,
    } = attributes("plan-deps")?;
    let graph: Graph = read_json(&settings.graph)?;
    let objects = visible_objects()?;
    let plan = layers::dependencies(&graph, &settings, objects, &vendor, emitters)?;
    Ok(plan.write(&outputs)?)
}

/// Plans the workspace's units.
pub fn plan_workspace() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        settings: Settings,
        workspace: WorkspaceSettings,
        emitters: Prepared,
        outputs: PlanOutputs,
    }
    let Attributes {
        settings,
        workspace,
        emitters,
        outputs,
    } = attributes("plan-workspace")?;
    let graph: Graph = read_json(&settings.graph)?;
    let files = files::of_units(&graph, &settings, &workspace)?;
    let objects = visible_objects()?;
    let plan = layers::workspace(&graph, &settings, objects, &workspace, &files, emitters)?;
    Ok(plan.write(&outputs)?)
}

/// Plans the checks.
pub fn plan_checks() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        settings: Settings,
        workspace: WorkspaceSettings,
        checks: ChecksSettings,
        emitters: Prepared,
        outputs: PlanOutputs,
    }
    let Attributes {
        settings,
        workspace,
        checks,
        emitters,
        outputs,
    } = attributes("plan-checks")?;
    let graph = graph::rules::checks::with_doctests(read_json(&settings.graph)?);
    let files = files::of_units(&graph, &settings, &workspace)?;
    let objects = visible_objects()?;
    let plan = checks::plan(
        &graph, &settings, objects, &workspace, &files, &checks, emitters,
    )?;
    Ok(plan.write(&outputs)?)
}

/// Writes down attributes for `dyndrv build`, with the store objects that a step with these attributes sees.
pub fn record() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        record: serde_json::Value,
        outputs: Outputs,
    }
    let Attributes { record, outputs } = attributes("record")?;
    let recorded = Recorded {
        attributes: record,
        objects: visible_objects()?
            .paths()
            .map(ToString::to_string)
            .collect(),
    };
    write_json(&outputs.out, &recorded)
}

/// Makes the derivation of an emitter.
pub fn emitter() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        emitter: Places,
        outputs: Outputs,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Places {
        /// The file with what it writes.
        contents: String,
        /// The derivations of earlier emitters.
        others: BTreeMap<String, String>,
    }
    let Attributes { emitter, outputs } = attributes("emitter")?;
    let (head, _) = emitter::contents::open(Path::new(&emitter.contents))?;
    let contents = store_object("the contents of an emitter", &emitter.contents)?;
    let others = emitter
        .others
        .into_iter()
        .map(|(key, drv)| Ok((key, store_object("an emitter", &drv)?)))
        .collect::<Result<_, Error>>()?;
    let derivation = emitter::derivation::of(&head, &contents, &others)?;
    write(&outputs.out, derivation.to_aterm_bytes())
}

fn write_json(path: &Path, document: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(document).map_err(Error::json("a document of the plan"))?;
    write(path, text)
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io("writing", path))
}
