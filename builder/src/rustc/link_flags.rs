//! The flags that build scripts add to a compiler's command line, in cargo's order.
//!
//! First all search paths: those in a script's own `OUT_DIR`, then the others, each
//! in the order of the scripts, so that a library that was just built wins over
//! one of the system. Then, script by script, its libraries and linker arguments.
//!
//! The flags of crates' environments stand behind these.

use crate::build_script::recorded::{Cfg, Link};
use crate::sandbox::Environment;
use crate::sandbox::recorded_environment::LINK_FLAGS;
use crate::spec::ScriptUse;

/// The flags for the linker.
pub fn link(scripts: &[(&ScriptUse, Link)]) -> Vec<String> {
    let mut args = Vec::new();
    for own in [true, false] {
        for search in scripts.iter().flat_map(|(_, link)| &link.search) {
            if search.own == own {
                args.extend(["-L".to_string(), search.path.clone()]);
            }
        }
    }
    for (script, link) in scripts {
        if script.libs {
            for lib in &link.libs {
                args.extend(["-l".to_string(), lib.clone()]);
            }
        }
        for link_arg in &link.args {
            if script.link_args.contains(&link_arg.to) {
                args.extend(["-C".to_string(), format!("link-arg={}", link_arg.arg)]);
            }
        }
    }
    args
}

/// The flags for conditional compilation.
pub fn cfg(cfg: &Cfg) -> Vec<String> {
    let flags = |flag: &'static str, values: &[String]| -> Vec<String> {
        values
            .iter()
            .flat_map(|value| [flag.to_string(), value.clone()])
            .collect()
    };
    let mut args = flags("--cfg", &cfg.cfg);
    args.extend(flags("--check-cfg", &cfg.check_cfg));
    args
}

/// The flags that recorded environments ask for: rustc looks where nixpkgs' linker does, for
/// the static libraries that it takes in itself, and passes on `extraLinkFlags`.
pub fn environment(env: &Environment) -> Vec<String> {
    let words = |variable: &str| {
        let value = env.get(variable).map(String::as_str).unwrap_or_default();
        value.split_whitespace()
    };
    let mut args = Vec::new();
    let mut flags = words("NIX_LDFLAGS");
    while let Some(flag) = flags.next() {
        let directory = match flag.strip_prefix("-L") {
            Some("") => flags.next(),
            directory => directory,
        };
        if let Some(directory) = directory {
            args.extend(["-L".to_string(), format!("native={directory}")]);
        }
    }
    let linked = words(LINK_FLAGS);
    args.extend(linked.flat_map(|flag| ["-C".to_string(), format!("link-arg={flag}")]));
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_script::instructions::LinkArg;
    use crate::build_script::recorded::Search;
    use crate::spec::LinkArgTarget;

    fn target(text: &str) -> LinkArgTarget {
        LinkArgTarget::try_from(text.to_string()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn instructions(name: &str) -> Link {
        let search = |path: &str, own| Search {
            path: format!("{path}/{name}"),
            own,
        };
        let arg = |to: &str| LinkArg {
            to: target(to),
            arg: format!("{to}-{name}"),
        };
        Link {
            search: vec![search("/sys", false), search("native=/own", true)],
            libs: vec![format!("lib{name}")],
            args: vec![arg("cdylib"), arg("all"), arg("bin:rg")],
        }
    }

    fn usage(libs: bool, link_args: &[&str]) -> ScriptUse {
        ScriptUse {
            package: String::new(),
            link: None,
            cfg: None,
            out_dir: None,
            out_dir_remap: None,
            libs,
            link_args: link_args.iter().map(|&text| target(text)).collect(),
        }
    }

    #[test]
    fn own_search_paths_come_first_then_libraries_script_by_script() {
        let (first, second) = (usage(true, &["all", "bin:rg"]), usage(false, &["cdylib"]));
        let args = link(&[(&first, instructions("a")), (&second, instructions("b"))]);
        assert_eq!(
            args.join(" "),
            "-L native=/own/a -L native=/own/b -L /sys/a -L /sys/b \
             -l liba -C link-arg=all-a -C link-arg=bin:rg-a -C link-arg=cdylib-b"
        );
    }

    #[test]
    fn environments_add_search_paths_and_linker_arguments() {
        let env: Environment = [
            ("NIX_LDFLAGS", "-rpath /x -L/z/lib -L /y/lib --as-needed"),
            ("extraLinkFlags", "-L/w -Wl,-s"),
        ]
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .into();
        assert_eq!(
            environment(&env).join(" "),
            "-L native=/z/lib -L native=/y/lib -C link-arg=-L/w -C link-arg=-Wl,-s"
        );
        assert!(environment(&Environment::new()).is_empty());
    }

    #[test]
    fn cfgs_come_before_check_cfgs() {
        let instructions = Cfg {
            cfg: vec!["a".to_string(), "b".to_string()],
            check_cfg: vec!["cfg(a)".to_string()],
            ..Cfg::default()
        };
        assert_eq!(
            cfg(&instructions),
            ["--cfg", "a", "--cfg", "b", "--check-cfg", "cfg(a)"]
        );
    }
}
