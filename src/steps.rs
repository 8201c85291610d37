//! The steps that derivations run: attributes in, one output out.

use dyndrv::graph::{self, Graph};
use dyndrv::plan::settings::{Settings, WorkspaceSettings, attributes, read_json};
use dyndrv::plan::{Error, files, layers};
use serde::Deserialize;
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
        graph: graph::Request,
        outputs: Outputs,
    }
    let Attributes { graph, outputs } = attributes("graph")?;
    let graph = graph::ask(&graph)?;
    write(&outputs.out, &graph.to_json())
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
    let stage = layers::dependencies(&graph, &settings)?;
    write(&outputs.out, &stage.to_aterm())
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
    let files = files::of_units(&graph, &workspace)?;
    let stage = layers::workspace(&graph, &settings, &workspace, &files)?;
    write(&outputs.out, &stage.to_aterm())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io("writing", path))
}
