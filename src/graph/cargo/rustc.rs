//! rustc's description of itself and of each platform.

use super::Request;
use super::config::{Config, Flags};
use super::process::Tools;
use crate::graph::error::{Error, Result};
use crate::graph::model::{ConfigProgram, CrateType, FileName, Platform, RustcInfo};
use cargo_platform::Cfg;
use semver::Version;
use std::collections::BTreeMap;
use std::str::FromStr;

/// All crate types that a product can have, in the order they are asked for.
const CRATE_TYPES: [CrateType; 6] = [
    CrateType::Bin,
    CrateType::Rlib,
    CrateType::Dylib,
    CrateType::Cdylib,
    CrateType::Staticlib,
    CrateType::ProcMacro,
];

/// The host's platform, and those of `--target` by triple.
#[derive(Debug)]
pub(super) struct Platforms {
    pub host: Platform,
    pub targets: BTreeMap<String, Platform>,
}

/// `rustc -vV`.
pub(super) fn version(tools: &Tools) -> Result<RustcInfo> {
    let verbose = tools.rustc(&["-vV"])?;
    let field = |name: &str| {
        let line = verbose
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.ok_or_else(|| misunderstood("rustc -vV", format!("no line `{name}`")))
    };
    let release = Version::parse(field("release")?)
        .map_err(|error| misunderstood("rustc -vV", error.to_string()))?;
    let host = field("host")?.to_owned();
    Ok(RustcInfo {
        release,
        verbose,
        host,
    })
}

/// Asks about the host and each of `triples`, with the user's flags.
pub(super) fn platforms(
    tools: &Tools,
    config: &Config,
    request: &Request,
    rustc: &RustcInfo,
    triples: &[&str],
) -> Result<Platforms> {
    let explicit = request.rustflags.as_deref();
    // With an explicit target, the user's flags are not for build scripts and procedural macros.
    let for_host = triples.is_empty();
    let flags = |for_units: bool| match (for_units, explicit) {
        (false, _) => UserFlags::None,
        (true, Some(flags)) => UserFlags::Given(flags),
        (true, None) => UserFlags::Configured,
    };
    let host = platform(
        tools,
        config,
        &rustc.release,
        &rustc.host,
        None,
        flags(for_host),
    )?;
    let mut targets = BTreeMap::new();
    for &triple in triples {
        let mut target = platform(
            tools,
            config,
            &rustc.release,
            triple,
            Some(triple),
            flags(true),
        )?;
        if let Some(linker) = &request.selection.target_linker {
            target.linker = Some(ConfigProgram::Program(linker.clone()));
        }
        targets.insert(triple.to_owned(), target);
    }
    Ok(Platforms { host, targets })
}

/// Where the flags for the units of a platform come from.
#[derive(Clone, Copy)]
enum UserFlags<'a> {
    /// There are none.
    None,
    /// rustc's from the request, rustdoc's from the configuration.
    Given(&'a [String]),
    /// From the configuration.
    Configured,
}

/// The flags may depend on cfgs, and these on the flags; as in cargo, the second probed counts.
fn platform(
    tools: &Tools,
    config: &Config,
    release: &Version,
    triple: &str,
    target: Option<&str>,
    flags: UserFlags<'_>,
) -> Result<Platform> {
    let given = match flags {
        UserFlags::Given(flags) => flags,
        UserFlags::None | UserFlags::Configured => &[],
    };
    let mut probed = probe(tools, given, target)?;
    let mut rustflags = given.to_vec();
    if let UserFlags::Configured = flags {
        rustflags = config.flags(Flags::Rustc, triple, &parse(&probed.cfg)?)?;
        if !rustflags.is_empty() {
            probed = probe(tools, &rustflags, target)?;
            rustflags = config.flags(Flags::Rustc, triple, &parse(&probed.cfg)?)?;
        }
    }
    let cfg = parse(&probed.cfg)?;
    let rustdocflags = match flags {
        UserFlags::None => Vec::new(),
        _ => config.flags(Flags::rustdoc(release), triple, &cfg)?,
    };
    Ok(Platform {
        triple: triple.to_owned(),
        rustflags,
        rustdocflags,
        linker: config.linker(triple, &cfg)?,
        runner: config.runner(triple, &cfg)?,
        cfg: probed.cfg,
        split_debuginfo: probed.split_debuginfo,
        file_names: probed.file_names,
    })
}

struct Probe {
    cfg: Vec<String>,
    split_debuginfo: Vec<String>,
    file_names: BTreeMap<CrateType, FileName>,
}

fn probe(tools: &Tools, flags: &[String], target: Option<&str>) -> Result<Probe> {
    let ask = |crate_types: &[CrateType], print: &[&str]| {
        let mut args = vec!["-".to_owned(), "--crate-name".to_owned(), "___".to_owned()];
        args.push("--print=file-names".to_owned());
        args.extend(flags.iter().cloned());
        args.extend(
            target
                .iter()
                .flat_map(|t| ["--target".to_owned(), t.to_string()]),
        );
        args.extend(
            crate_types
                .iter()
                .flat_map(|t| ["--crate-type".to_owned(), t.to_string()]),
        );
        args.extend(print.iter().map(|what| format!("--print={what}")));
        tools.rustc(&args)
    };
    let text = ask(&CRATE_TYPES, &["split-debuginfo", "cfg"])?;
    let (names, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| l.contains("___"));
    let mut file_names = BTreeMap::new();
    for (index, crate_type) in CRATE_TYPES.into_iter().enumerate() {
        // rustc leaves out what the platform cannot do, so that each must be asked for alone.
        let line = match names.len() == CRATE_TYPES.len() {
            true => names[index].to_owned(),
            false => alone(ask(&[crate_type], &[]))?,
        };
        if let Some((prefix, suffix)) = line.split_once("___") {
            let name = FileName(prefix.to_owned(), suffix.to_owned());
            file_names.insert(crate_type, name);
        }
    }
    let (split, cfg): (Vec<&str>, Vec<&str>) = rest
        .into_iter()
        .partition(|line| matches!(*line, "off" | "packed" | "unpacked"));
    Ok(Probe {
        // The crate type `proc-macro` adds a cfg of its own, which is nobody else's.
        cfg: cfg
            .into_iter()
            .filter(|&l| l != "proc_macro")
            .map(str::to_owned)
            .collect(),
        split_debuginfo: split.into_iter().map(str::to_owned).collect(),
        file_names,
    })
}

/// rustc's file name for one crate type; empty if the platform cannot produce it.
fn alone(probed: Result<String>) -> Result<String> {
    match probed {
        Err(Error::Failed { stderr, .. }) if stderr.contains("unsupported crate type") => {
            Ok(String::new())
        }
        probed => Ok(probed?.trim_end().to_owned()),
    }
}

fn parse(cfg: &[String]) -> Result<Vec<Cfg>> {
    cfg.iter()
        .map(|line| {
            Cfg::from_str(line)
                .map_err(|error| misunderstood("rustc --print=cfg", format!("{line}: {error}")))
        })
        .collect()
}

fn misunderstood(what: &str, reason: String) -> Error {
    Error::UnknownOutput {
        what: format!("`{what}`"),
        reason,
    }
}
