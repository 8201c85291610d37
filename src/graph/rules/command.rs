//! The command line and the environment of each unit, as cargo has them.
//!
//! The order of arguments is cargo's. What build scripts add comes after all
//! of these, at build time: every `-L`, then for each run `-l` and
//! `-C link-arg`, then `--cfg` and `--check-cfg` of the unit's own run.
//!
//! | argument | when |
//! |---|---|
//! | `--crate-name`, `--edition`, source file | always |
//! | message format | as the layout says |
//! | `--crate-type` each | not for tests |
//! | `--emit=dep-info,metadata`, `…,link`, or `dep-info,link` | a check; an rlib only; all else |
//! | `-C prefer-dynamic` | a procedural macro, or a dylib of a package that was not asked for |
//! | `-C opt-level`, `-C panic` | not `0`; not `unwind` |
//! | LTO | see [`lto`](crate::graph::rules::lto) |
//! | `-C codegen-units`, `-C debuginfo`, `-C split-debuginfo` | set; not 0; supported by the platform |
//! | lints, then the profile's rustflags | |
//! | `-C debug-assertions`, `-C overflow-checks` | where they differ from what `opt-level` implies |
//! | `--test`, or `--cfg test` without harness | tests |
//! | `--cfg feature=…`, `--check-cfg …` | always |
//! | `-C metadata`, `-C extra-filename` | see [`products`](crate::graph::rules::products) |
//! | `-C rpath`, `--out-dir`, `--target`, `-C linker`, `-C incremental`, `-C strip` | |
//! | `-L dependency=`, `--extern` each | see [`linkage`](crate::graph::rules::linkage) |
//! | `--cap-lints allow` | third-party packages |
//! | the user's rustflags | |

use super::layout::{self, Layout, join, package_dir, source_from_cwd};
use super::linkage::Linkage;
use crate::graph::model::{CrateType, Graph, Lto, Package, Profile, Target, TargetKind, UnitRef};
use std::collections::BTreeMap;

/// A process to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// Its arguments, without the program.
    pub args: Vec<String>,
    /// The variables that cargo adds to its environment.
    pub env: BTreeMap<String, String>,
    /// Its working directory.
    pub cwd: String,
}

/// The rustc run of a unit, up to what build scripts add.
///
/// `unit` must not be a build-script run.
pub fn rustc_invocation<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
) -> Invocation {
    let (cwd, source) = source_from_cwd(layout, unit);
    let mut args = vec!["--crate-name".to_owned(), unit.target().crate_name()];
    args.push(format!("--edition={}", unit.target().edition));
    args.push(source);
    args.extend(layout.diagnostics());
    crate_args(unit, &mut args);
    profile_args(unit, &mut args);
    configuration_args(unit, &mut args);
    identity_args(unit, &mut args);
    place_args(unit, layout, &mut args);
    dependency_args(linkage, unit, layout, &mut args);
    if !unit.package().is_local() {
        args.extend(["--cap-lints".to_owned(), "allow".to_owned()]);
    }
    args.extend(unit.platform().rustflags.iter().cloned());
    Invocation {
        args,
        env: rustc_env(linkage, unit, layout),
        cwd,
    }
}

/// The run of a build script, without what is only known at build time:
/// `NUM_JOBS`, `DEP_…`, and `OUT_DIR` unless the layout knows it.
///
/// `run` must be a build-script run.
pub fn build_script_invocation(
    linkage: &Linkage<'_>,
    run: UnitRef<'_>,
    layout: &dyn Layout,
) -> Invocation {
    let graph = linkage.graph();
    let package = run.package();
    let platform = run.platform();
    let mut env = package_env(package, layout);
    config_env(graph, layout, &mut env);
    let mut set = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    set("TARGET", platform.triple.clone());
    set("HOST", graph.rustc.host.clone());
    set("DEBUG", (run.profile.debuginfo != "0").to_string());
    set("OPT_LEVEL", run.profile.opt_level.clone());
    set("PROFILE", graph.profile.root.clone());
    set("RUSTC", layout.rustc());
    set("RUSTDOC", layout.rustdoc());
    set("CARGO_ENCODED_RUSTFLAGS", platform.rustflags.join("\x1f"));
    if let Some(linker) = &platform.linker {
        set("RUSTC_LINKER", layout::program(layout, linker));
    }
    if let Some(links) = &package.links {
        set("CARGO_MANIFEST_LINKS", links.clone());
    }
    if let Some(dir) = layout.out_dir(run) {
        set("OUT_DIR", dir);
    }
    for feature in &run.features {
        set(
            &format!("CARGO_FEATURE_{}", envify(feature)),
            "1".to_owned(),
        );
    }
    env.extend(cfg_env(
        &platform.cfg,
        &run.features,
        run.profile.debug_assertions,
    ));
    Invocation {
        args: Vec::new(),
        env,
        cwd: package_dir(layout, package),
    }
}

fn crate_args(unit: UnitRef<'_>, args: &mut Vec<String>) {
    let target = unit.target();
    let mode = unit.mode;
    if !mode.is_test() {
        for crate_type in &target.crate_types {
            args.extend(["--crate-type".to_owned(), crate_type.to_string()]);
        }
    }
    let emit = match mode {
        _ if mode.is_check() => "dep-info,metadata",
        _ if unit.requires_upstream_objects() => "dep-info,link",
        _ => "dep-info,metadata,link",
    };
    args.push(format!("--emit={emit}"));
    let foreign_dylib =
        !mode.is_test() && target.has_crate_type(CrateType::Dylib) && !unit.package().primary;
    if target.proc_macro || foreign_dylib {
        codegen(args, "prefer-dynamic");
    }
}

fn profile_args(unit: UnitRef<'_>, args: &mut Vec<String>) {
    let platform = unit.platform();
    let profile = &unit.profile;
    if profile.opt_level != "0" {
        codegen(args, format!("opt-level={}", profile.opt_level));
    }
    if profile.panic != "unwind" {
        codegen(args, format!("panic={}", profile.panic));
    }
    lto_args(&unit.lto, args);
    if let Some(backend) = &profile.codegen_backend {
        args.extend(["-Z".to_owned(), format!("codegen-backend={backend}")]);
    }
    if let Some(count) = profile.codegen_units {
        codegen(args, format!("codegen-units={count}"));
    }
    if profile.debuginfo != "0" {
        codegen(args, format!("debuginfo={}", profile.debuginfo));
        if let Some(split) = &profile.split_debuginfo
            && platform.split_debuginfo.contains(split)
        {
            codegen(args, format!("split-debuginfo={split}"));
        }
    }
    args.extend(unit.package().lint_flags.iter().cloned());
    args.extend(profile.rustflags.iter().cloned());
    check_args(profile, args);
}

pub(super) fn lto_args(lto: &Lto, args: &mut Vec<String>) {
    match lto {
        Lto::Run(None) => codegen(args, "lto"),
        Lto::Run(Some(kind)) => codegen(args, format!("lto={kind}")),
        Lto::Off => {
            codegen(args, "lto=off");
            codegen(args, "embed-bitcode=no");
        }
        Lto::OnlyBitcode => codegen(args, "linker-plugin-lto"),
        Lto::OnlyObject => codegen(args, "embed-bitcode=no"),
        Lto::ObjectAndBitcode => {}
    }
}

/// `overflow-checks` follow `debug-assertions` in rustc, and these the
/// optimisation level; cargo says only what differs from that.
fn check_args(profile: &Profile, args: &mut Vec<String>) {
    let implied = profile.opt_level == "0";
    let (assertions, overflow) = (profile.debug_assertions, profile.overflow_checks);
    let on_off = |value: bool| if value { "on" } else { "off" };
    if assertions != implied {
        codegen(args, format!("debug-assertions={}", on_off(assertions)));
    }
    if overflow != assertions {
        codegen(args, format!("overflow-checks={}", on_off(overflow)));
    }
}

fn configuration_args(unit: UnitRef<'_>, args: &mut Vec<String>) {
    let target = unit.target();
    if unit.mode.is_test() {
        if target.harness {
            args.push("--test".to_owned());
            if unit.profile.panic != "unwind" {
                args.extend(["-Z".to_owned(), "panic-abort-tests".to_owned()]);
            }
        } else {
            args.extend(["--cfg".to_owned(), "test".to_owned()]);
        }
    }
    feature_args(unit, args);
}

/// The features, active and declared.
pub(super) fn feature_args(unit: UnitRef<'_>, args: &mut Vec<String>) {
    for feature in &unit.features {
        args.extend(["--cfg".to_owned(), format!("feature=\"{feature}\"")]);
    }
    let declared: Vec<String> = unit
        .package()
        .declared_features
        .iter()
        .map(|f| format!("\"{f}\""))
        .collect();
    args.extend(["--check-cfg".to_owned(), "cfg(docsrs,test)".to_owned()]);
    args.extend([
        "--check-cfg".to_owned(),
        format!("cfg(feature, values({}))", declared.join(", ")),
    ]);
}

fn identity_args(unit: UnitRef<'_>, args: &mut Vec<String>) {
    let id = unit.identity();
    codegen(args, format!("metadata={id}"));
    if unit.has_extra_filename() {
        codegen(args, format!("extra-filename=-{id}"));
    }
}

fn place_args(unit: UnitRef<'_>, layout: &dyn Layout, args: &mut Vec<String>) {
    let profile = &unit.profile;
    if profile.rpath {
        codegen(args, "rpath");
    }
    if let Some(dir) = layout.products_dir(unit) {
        args.extend(["--out-dir".to_owned(), dir]);
    }
    if let Some(triple) = &unit.platform {
        args.extend(["--target".to_owned(), triple.clone()]);
    }
    if let Some(linker) = &unit.platform().linker {
        codegen(args, format!("linker={}", layout::program(layout, linker)));
    }
    if profile.incremental
        && let Some(dir) = layout.incremental(unit)
    {
        codegen(args, format!("incremental={dir}"));
    }
    if let Some(strip) = &profile.strip {
        codegen(args, format!("strip={strip}"));
    }
}

pub(super) fn dependency_args<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
    args: &mut Vec<String>,
) {
    let graph = linkage.graph();
    let platform = unit.platform.as_deref();
    let mut search = vec![layout.deps(graph, platform)];
    // Procedural macros of a dependency are looked for among the host's libraries.
    if platform.is_some() && !search.contains(&layout.deps(graph, None)) {
        search.push(layout.deps(graph, None));
    }
    for dir in search {
        args.extend(["-L".to_owned(), format!("dependency={dir}")]);
    }
    let mut unstable = false;
    for (dependency, file) in linkage.externs(unit) {
        let mut options = Vec::new();
        if dependency.noprelude {
            options.push("noprelude");
        }
        if dependency.nounused {
            options.push("nounused");
        }
        unstable |= !options.is_empty();
        let prefix = if options.is_empty() {
            String::new()
        } else {
            options.join(",") + ":"
        };
        let dir = layout.deps(graph, file.unit.platform.as_deref());
        let name = &dependency.extern_crate_name;
        args.extend([
            "--extern".to_owned(),
            format!("{prefix}{name}={}", join(&dir, &file.file)),
        ]);
    }
    if unit.target().proc_macro {
        args.extend(["--extern".to_owned(), "proc_macro".to_owned()]);
    }
    if unstable {
        args.extend(["-Z".to_owned(), "unstable-options".to_owned()]);
    }
}

pub(super) fn rustc_env<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    layout: &dyn Layout,
) -> BTreeMap<String, String> {
    let graph = linkage.graph();
    let target = unit.target();
    let mut env = package_env(unit.package(), layout);
    env.insert("CARGO_CRATE_NAME".to_owned(), target.crate_name());
    if target.kind == TargetKind::Bin || target.is_example_bin() {
        env.insert("CARGO_BIN_NAME".to_owned(), target.name.clone());
    }
    config_env(graph, layout, &mut env);
    if unit.package().primary {
        env.insert("CARGO_PRIMARY_PACKAGE".to_owned(), "1".to_owned());
    }
    if let Some(dir) = unit.own_run().and_then(|run| layout.out_dir(run)) {
        env.insert("OUT_DIR".to_owned(), dir);
    }
    test_env(linkage, unit, target, layout, &mut env);
    env
}

fn test_env<'a>(
    linkage: &Linkage<'a>,
    unit: UnitRef<'a>,
    target: &Target,
    layout: &dyn Layout,
    env: &mut BTreeMap<String, String>,
) {
    if matches!(target.kind, TargetKind::Test | TargetKind::Bench)
        && let Some(dir) = layout.target_tmpdir(unit)
    {
        env.insert("CARGO_TARGET_TMPDIR".to_owned(), dir);
    }
    for program in linkage.executables(unit) {
        let path = match unit.mode.is_check() {
            // What cargo says where no programs are built.
            true => Some(format!("placeholder:{}", program.name)),
            false => layout.executable(unit, &program.name),
        };
        if let Some(path) = path {
            env.insert(format!("CARGO_BIN_EXE_{}", program.name), path);
        }
    }
}

/// The variables of every process of a package.
fn package_env(package: &Package, layout: &dyn Layout) -> BTreeMap<String, String> {
    let dir = package_dir(layout, package);
    let version = &package.version;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        ("CARGO", layout.cargo()),
        ("CARGO_MANIFEST_PATH", join(&dir, "Cargo.toml")),
        ("CARGO_MANIFEST_DIR", dir),
        ("CARGO_PKG_NAME", package.name.clone()),
        ("CARGO_PKG_VERSION", version.to_string()),
        ("CARGO_PKG_VERSION_MAJOR", version.major.to_string()),
        ("CARGO_PKG_VERSION_MINOR", version.minor.to_string()),
        ("CARGO_PKG_VERSION_PATCH", version.patch.to_string()),
        ("CARGO_PKG_VERSION_PRE", version.pre.to_string()),
        ("CARGO_PKG_AUTHORS", package.authors.join(":")),
        ("CARGO_PKG_DESCRIPTION", text(&package.description)),
        ("CARGO_PKG_HOMEPAGE", text(&package.homepage)),
        ("CARGO_PKG_REPOSITORY", text(&package.repository)),
        ("CARGO_PKG_LICENSE", text(&package.license)),
        ("CARGO_PKG_LICENSE_FILE", text(&package.license_file)),
        ("CARGO_PKG_RUST_VERSION", text(&package.rust_version)),
        ("CARGO_PKG_README", text(&package.readme)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Adds the configuration's variables; they give way to all that cargo has set before.
fn config_env(graph: &Graph, layout: &dyn Layout, env: &mut BTreeMap<String, String>) {
    for variable in &graph.config_env {
        env.entry(variable.name.clone())
            .or_insert_with(|| layout::config_value(layout, variable));
    }
}

/// `CARGO_CFG_…`: one variable for each key, with its values joined by commas.
fn cfg_env(
    cfg: &[String],
    features: &[String],
    debug_assertions: bool,
) -> BTreeMap<String, String> {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    values.insert("feature", features.iter().map(String::as_str).collect());
    if debug_assertions {
        values.insert("debug_assertions", Vec::new());
    }
    for line in cfg {
        match line.split_once('=') {
            Some((key, value)) => {
                values.entry(key).or_default().push(value.trim_matches('"'));
            }
            // rustc was not asked with the profile, which alone decides this one.
            None if line == "debug_assertions" => {}
            None => {
                values.insert(line, Vec::new());
            }
        }
    }
    values
        .into_iter()
        .map(|(key, values)| (format!("CARGO_CFG_{}", envify(key)), values.join(",")))
        .collect()
}

pub(super) fn codegen(args: &mut Vec<String>, option: impl Into<String>) {
    args.extend(["-C".to_owned(), option.into()]);
}

/// The form in which cargo puts names into variables' names.
pub fn envify(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
