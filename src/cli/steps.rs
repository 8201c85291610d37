//! The steps that derivations run: attributes in, one output out.

use super::error::Error;
use dyndrv::graph::{self, Graph};
use dyndrv::plan::checks::ChecksSettings;
use dyndrv::plan::emitter::collection::{CONTENTS, HEAD, Head, Plan};
use dyndrv::plan::files::Additions;
use dyndrv::plan::lower::inputs::visible_objects;
use dyndrv::plan::settings::{Settings, WorkspaceSettings, attributes, read_json};
use dyndrv::plan::sources::store_object;
use dyndrv::plan::{checks, files, layers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
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
    struct Source {
        src: PathBuf,
    }
    let Attributes { skeleton, outputs } = attributes("skeleton")?;
    graph::skeleton::write(&skeleton.src, &outputs.out)?;
    Ok(())
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
    let answer = graph::ask(&graph::Request {
        source: places.skeleton,
        manifest_dir: places.workspace,
        vendor: Some(places.vendor),
        cargo_home: None,
        cargo: places.cargo.join("bin/cargo"),
        rustc: places.rustc.join("bin/rustc"),
        scratch: std::env::temp_dir(),
        rustflags: selection.rustflags.clone(),
        selection: selection.into(),
    })?;
    for warning in answer.warnings {
        eprintln!("warning: {warning}");
    }
    write_json(&outputs.out, &answer.graph)
}

/// What to build, as `nix/dyndrv.nix` names it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    packages: Vec<String>,
    bins: Vec<String>,
    features: Vec<String>,
    all_features: bool,
    no_default_features: bool,
    profile: String,
    target: Option<String>,
    target_linker: Option<String>,
    rustflags: Option<Vec<String>>,
    ignore_rust_version: bool,
    /// All packages of the workspace.
    #[serde(default)]
    workspace: bool,
    /// All targets of the packages, tests and benchmarks among them.
    #[serde(default)]
    all_targets: bool,
}

impl From<Selection> for graph::Selection {
    fn from(selection: Selection) -> Self {
        Self {
            packages: selection.packages,
            bins: selection.bins,
            features: selection.features,
            all_features: selection.all_features,
            no_default_features: selection.no_default_features,
            profile: Some(selection.profile),
            target: selection.target,
            target_linker: selection.target_linker,
            ignore_rust_version: selection.ignore_rust_version,
            workspace: selection.workspace,
            all_targets: selection.all_targets,
            ..Self::default()
        }
    }
}

/// Selects the files that any unit of the workspace can read.
pub fn select() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        select: Places,
        outputs: Outputs,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Places {
        graph: PathBuf,
        src: PathBuf,
        extra_sources: BTreeMap<String, Vec<String>>,
        rustc_args: BTreeMap<String, Vec<String>>,
    }
    let Attributes { select, outputs } = attributes("select")?;
    let graph: Graph = read_json(&select.graph)?;
    let tree = outputs.out.join("tree");
    let additions = Additions {
        extra_sources: select.extra_sources,
        rustc_args: select.rustc_args,
    };
    let lists = files::select(&graph, &select.src, &additions, &tree)?;
    write_json(&outputs.out.join("files.json"), &lists)
}

impl Outputs {
    fn write(&self, plan: &Plan) -> Result<(), Error> {
        fs::create_dir(&self.out).map_err(Error::io("making", &self.out))?;
        write_json(&self.out.join(HEAD), &plan.head)?;
        write_json(&self.out.join(CONTENTS), &plan.contents)
    }
}

/// Makes a stage of a plan.
pub fn stage() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        plan: PathBuf,
        outputs: Outputs,
    }
    let Attributes { plan, outputs } = attributes("stage")?;
    let head: Head = read_json(&plan.join(HEAD))?;
    let plan = store_object("the plan", &plan.to_string_lossy())?;
    write(&outputs.out, head.derivation(&plan)?.to_aterm_bytes())
}

#[derive(Deserialize)]
struct Dependencies {
    settings: Settings,
    outputs: Outputs,
}

/// Plans the third-party units.
pub fn plan_dependencies() -> Result<(), Error> {
    let Dependencies { settings, outputs } = attributes("plan-deps")?;
    let graph: Graph = read_json(&settings.graph)?;
    outputs.write(&layers::dependencies(
        &graph,
        &settings,
        visible_objects()?,
    )?)
}

#[derive(Deserialize)]
struct Workspace {
    settings: Settings,
    workspace: WorkspaceSettings,
    outputs: Outputs,
}

/// Plans the workspace's units.
pub fn plan_workspace() -> Result<(), Error> {
    let Workspace {
        settings,
        workspace,
        outputs,
    } = attributes("plan-workspace")?;
    let graph: Graph = read_json(&settings.graph)?;
    let files = files::of_units(&graph, &settings, &workspace)?;
    outputs.write(&layers::workspace(
        &graph,
        &settings,
        visible_objects()?,
        &workspace,
        &files,
    )?)
}

/// Plans the checks.
pub fn plan_checks() -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Attributes {
        settings: Settings,
        workspace: WorkspaceSettings,
        checks: ChecksSettings,
        outputs: Outputs,
    }
    let Attributes {
        settings,
        workspace,
        checks,
        outputs,
    } = attributes("plan-checks")?;
    let graph = graph::rules::checks::with_doctests(read_json(&settings.graph)?);
    let files = files::of_units(&graph, &settings, &workspace)?;
    outputs.write(&checks::plan(
        &graph,
        &settings,
        visible_objects()?,
        &workspace,
        &files,
        &checks,
    )?)
}

fn write_json(path: &Path, document: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(document).map_err(Error::json("a document of the plan"))?;
    write(path, text)
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io("writing", path))
}
