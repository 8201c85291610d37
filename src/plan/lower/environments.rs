//! Which recorded environments a process gets: what nixpkgs' setup makes of the inputs of a crate.
//!
//! | process | environments, the most specific one first |
//! |---|---|
//! | the run of a build script | its package's; those of the packages in the script, whose tools it may start; the platform's |
//! | what is linked, and what runs tests | its package's; those of the packages in it; the platform's |
//! | any other compilation | its package's; the platform's only if [`Settings::environment_everywhere`] |
//!
//! | the unit is | a package's environment | the platform's |
//! |---|---|---|
//! | for the host, in a build for another platform | `hostEnvironment` | [`Settings::environment`] |
//! | for another platform | `environment` | that of [`TargetTools`](super::settings::TargetTools), or [`Settings::environment`] without one |
//! | anything else | `environment` | [`Settings::environment`] |
//!
//! A script is linked with nothing that its package's environment has, which is for what the
//! script does when it runs: its compilation is not refused for want of it.

use super::Lowering;
use super::inputs::Candidates;
use crate::graph::model::{Mode, Package, TargetKind, UnitRef};
use crate::plan::Error;
use crate::plan::cross;
use crate::plan::settings::{Recorded, Settings};
use std::collections::BTreeMap;

impl<'a> Lowering<'a> {
    /// The environments for the run of a build script, as its derivation names them.
    ///
    /// # Errors
    ///
    /// If the package's environment is not to be had.
    pub(in crate::plan) fn run_environments(&self, run: UnitRef<'a>) -> Result<Vec<String>, Error> {
        let script = run.script();
        let tools = script.map(|script| self.linkage.libraries(script));
        let tools = tools.into_iter().flatten();
        let packages = tools.map(UnitRef::package);
        self.named_environments(run, packages, true)
    }

    /// The environments for what is linked, as its derivation names them.
    ///
    /// # Errors
    ///
    /// If the package's environment is not to be had.
    pub(in crate::plan) fn linked_environments(
        &self,
        unit: UnitRef<'a>,
    ) -> Result<Vec<String>, Error> {
        let libraries = self.linkage.libraries(unit).into_iter();
        let packages = libraries.map(UnitRef::package);
        self.named_environments(unit, packages, true)
    }

    /// The environments for a compilation that links nothing, as its derivation names them.
    ///
    /// # Errors
    ///
    /// If the package's environment is not to be had.
    pub(in crate::plan) fn compiled_environments(
        &self,
        unit: UnitRef<'a>,
    ) -> Result<Vec<String>, Error> {
        let everywhere = self.settings.environment_everywhere;
        self.named_environments(unit, std::iter::empty(), everywhere)
    }

    fn named_environments(
        &self,
        unit: UnitRef<'a>,
        packages: impl Iterator<Item = &'a Package>,
        platform: bool,
    ) -> Result<Vec<String>, Error> {
        let mut environments: Vec<&str> = Vec::new();
        environments.extend(self.own_environment(unit)?);
        environments.extend(packages.filter_map(|package| {
            // A unit of the package itself says so if there is none for a reason.
            match self.recorded(unit, package) {
                Some(Recorded::At(place)) => Some(place.as_str()),
                _ => None,
            }
        }));
        if platform {
            environments.extend(self.platform_environment(unit));
        }
        let mut named: Vec<String> = Vec::new();
        for place in environments {
            let name = self.recordings.get(place).map_or(place, String::as_str);
            if !named.iter().any(|known| known == name) {
                named.push(name.to_owned());
            }
        }
        Ok(named)
    }

    /// The environment of the unit's own package.
    fn own_environment(&self, unit: UnitRef<'a>) -> Result<Option<&str>, Error> {
        let script = unit.target().kind == TargetKind::CustomBuild;
        let needless = script && unit.mode != Mode::RunCustomBuild;
        match self.recorded(unit, unit.package()) {
            Some(Recorded::At(place)) => Ok(Some(place)),
            Some(Recorded::Refused { refused }) if !needless => Err(Error::NoEnvironment {
                unit: unit.to_string(),
                reason: refused.clone(),
            }),
            Some(Recorded::Refused { .. }) | None => Ok(None),
        }
    }

    fn recorded(&self, unit: UnitRef<'a>, package: &Package) -> Option<&Recorded> {
        let own = self.crate_env(package);
        match cross::is_helper(unit) {
            true => own.host_environment.as_ref(),
            false => own.environment.as_ref(),
        }
    }

    /// The environment of the unit's platform, which all packages share.
    pub(in crate::plan) fn platform_environment(&self, unit: UnitRef<'a>) -> Option<&str> {
        let target = self.settings.target_tools.environment.as_deref();
        let target = target.filter(|_| cross::is_foreign(unit));
        target.or(self.settings.environment.as_deref())
    }
}

/// The placeholders of the environments, and of the vendor directory, whose derivations the settings name.
///
/// # Errors
///
/// If one of them is not in the store.
pub(super) fn recordings(
    settings: &Settings,
    candidates: &mut Candidates,
) -> Result<BTreeMap<String, String>, Error> {
    let mut recordings = BTreeMap::new();
    let of_crates = settings.crate_env.values();
    let of_crates = of_crates.flat_map(|own| [&own.environment, &own.host_environment]);
    let of_crates = of_crates.flatten().filter_map(|recorded| match recorded {
        Recorded::At(place) => Some(place),
        Recorded::Refused { .. } => None,
    });
    let others = [
        &settings.environment,
        &settings.target_tools.environment,
        &settings.vendor_directory,
    ];
    for place in of_crates.chain(others.into_iter().flatten()) {
        if place.ends_with(".drv") {
            let drv = place.parse().map_err(|source| Error::NotAStorePath {
                what: "an environment or a vendor directory".to_owned(),
                path: place.clone(),
                source,
            })?;
            let outputs = candidates.add_outputs(&drv, &["out"])?;
            recordings.extend(outputs.into_values().map(|name| (place.clone(), name)));
        }
    }
    Ok(recordings)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drv::placeholder;
    use crate::graph::Graph;
    use crate::plan::cross::tests::{ARM, HOST, HOST_LIB, LIB, RUN, SCRIPT, graph, nth};
    use crate::plan::sources::Vendored;
    use serde_json::{Value, json};

    const DRV: &str = "/nix/store/00000000000000000000000000000000-environment.drv";

    fn settings(own: &Value) -> Settings {
        let settings = json!({
            "system": "x86_64-linux", "dyndrv": "/d", "builder": "/b", "rustc": "/r", "cargo": "/c",
            "cc": "/cc", "tools": [], "graph": "/g",
            "environment": "/host", "crateEnv": { "sound": own },
            "targetTools": { "packages": [], "env": {}, "environment": "/target" },
            "allowSubstitutes": true,
        });
        serde_json::from_value(settings).unwrap()
    }

    /// The environments of a unit of [`graph`], or what is wrong.
    fn of(graph: &Graph, settings: &Settings, unit: usize) -> Result<Vec<String>, String> {
        let vendored = Vendored::default();
        let lowering = Lowering::new(graph, settings, &vendored, Default::default()).unwrap();
        let unit = nth(graph, unit);
        let environments = match unit.mode {
            Mode::RunCustomBuild => lowering.run_environments(unit),
            _ if unit.requires_upstream_objects() => lowering.linked_environments(unit),
            _ => lowering.compiled_environments(unit),
        };
        environments.map_err(|error| error.to_string())
    }

    #[test]
    fn a_unit_gets_the_environments_of_its_platform() {
        let settings =
            settings(&json!({ "environment": "/sound", "hostEnvironment": "/sound-host" }));
        let cross = graph(ARM, None);
        let of = |unit| of(&cross, &settings, unit).unwrap();
        assert_eq!(of(SCRIPT), ["/sound-host", "/host"]);
        assert_eq!(of(RUN), ["/sound", "/target"]);
        assert_eq!(of(LIB), ["/sound"]);
        assert_eq!(of(HOST_LIB), ["/sound-host"]);
    }

    #[test]
    fn without_another_platform_all_units_get_the_same() {
        let settings =
            settings(&json!({ "environment": "/sound", "hostEnvironment": "/sound-host" }));
        let native = graph(HOST, None);
        let of = |unit| of(&native, &settings, unit).unwrap();
        assert_eq!(of(SCRIPT), ["/sound", "/host"]);
        assert_eq!(of(RUN), ["/sound", "/host"]);
        assert_eq!(of(HOST_LIB), ["/sound"]);
    }

    #[test]
    fn the_platforms_environment_can_belong_to_all_units() {
        let mut settings = settings(&json!({}));
        let native = graph(HOST, None);
        assert!(of(&native, &settings, LIB).unwrap().is_empty());
        settings.environment_everywhere = true;
        assert_eq!(of(&native, &settings, LIB).unwrap(), ["/host"]);
    }

    #[test]
    fn what_is_refused_matters_to_units_that_need_it() {
        let refused = json!({ "refused": "alsa-lib is broken" });
        let settings = settings(&json!({ "environment": "/sound", "hostEnvironment": refused }));
        let cross = graph(ARM, None);
        let of = |unit| of(&cross, &settings, unit);
        assert_eq!(of(LIB).unwrap(), ["/sound"]);
        // The script itself is linked with none of it.
        assert_eq!(of(SCRIPT).unwrap(), ["/host"]);
        let message = of(HOST_LIB).unwrap_err();
        assert!(message.contains("sound"), "{message}");
        assert!(message.contains("alsa-lib is broken"), "{message}");
    }

    #[test]
    fn a_derivation_is_named_by_the_placeholder_of_its_output() {
        let settings = settings(&json!({ "environment": DRV }));
        let placeholder = placeholder::upstream(&DRV.parse().unwrap(), "out").unwrap();
        assert_eq!(
            of(&graph(HOST, None), &settings, LIB).unwrap(),
            [placeholder]
        );
    }
}
