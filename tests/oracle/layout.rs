//! The layout of cargo's target directory, with our identities for its hashes.

use super::record::Place;
use super::toolchain::Toolchain;
use dyndrv::graph::rules::layout::Layout;
use dyndrv::graph::{Graph, Mode, TargetKind, UnitRef};

pub struct CargoLayout<'a> {
    pub toolchain: &'a Toolchain,
    pub place: &'a Place,
}

impl CargoLayout<'_> {
    fn dir(&self, graph: &Graph, platform: Option<&str>) -> String {
        let target = self.place.target_dir().display().to_string();
        match platform {
            Some(triple) => format!("{target}/{triple}/{}", graph.profile.dir),
            None => format!("{target}/{}", graph.profile.dir),
        }
    }

    /// The directory of a build script, compiled or run.
    pub fn build_dir(&self, unit: UnitRef<'_>) -> String {
        let platform = match unit.mode {
            Mode::RunCustomBuild => unit.platform.as_deref(),
            _ => None,
        };
        let name = &unit.package().name;
        format!(
            "{}/build/{name}-{}",
            self.dir(unit.graph(), platform),
            unit.identity()
        )
    }
}

impl Layout for CargoLayout<'_> {
    fn tree(&self) -> String {
        self.place.source.display().to_string()
    }
    fn vendor(&self) -> String {
        self.place
            .vendor
            .as_ref()
            .map(|dir| dir.display().to_string())
            .unwrap_or_default()
    }
    fn deps(&self, graph: &Graph, platform: Option<&str>) -> String {
        format!("{}/deps", self.dir(graph, platform))
    }
    fn cargo(&self) -> String {
        self.toolchain.cargo.display().to_string()
    }
    fn rustc(&self) -> String {
        std::env::current_exe().unwrap().display().to_string()
    }
    fn rustdoc(&self) -> String {
        "rustdoc".to_owned()
    }
    fn out_dir(&self, run: UnitRef<'_>) -> Option<String> {
        Some(format!("{}/out", self.build_dir(run)))
    }
    fn executable(&self, test: UnitRef<'_>, name: &str) -> Option<String> {
        Some(format!(
            "{}/{name}",
            self.dir(test.graph(), test.platform.as_deref())
        ))
    }
    fn target_tmpdir(&self, test: UnitRef<'_>) -> Option<String> {
        let target = self.place.target_dir().display().to_string();
        Some(match &test.platform {
            Some(triple) => format!("{target}/{triple}/tmp"),
            None => format!("{target}/tmp"),
        })
    }
    fn diagnostics(&self) -> Vec<String> {
        vec![
            "--error-format=json".to_owned(),
            "--json=diagnostic-rendered-ansi,artifacts,future-incompat".to_owned(),
        ]
    }
    fn products_dir(&self, unit: UnitRef<'_>) -> Option<String> {
        let platform = unit.platform.as_deref();
        Some(match unit.target().kind {
            TargetKind::CustomBuild => self.build_dir(unit),
            TargetKind::Example => format!("{}/examples", self.dir(unit.graph(), platform)),
            _ => format!("{}/deps", self.dir(unit.graph(), platform)),
        })
    }
    fn incremental(&self, unit: UnitRef<'_>) -> Option<String> {
        let platform = unit.platform.as_deref();
        Some(format!("{}/incremental", self.dir(unit.graph(), platform)))
    }
}
