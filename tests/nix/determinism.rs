//! Published programs, built twice under circumstances that differ in everything that must not matter.
//!
//! | circumstance | first | second |
//! |---|---|---|
//! | store | the machine's, which is where Nix evaluates | another, through a daemon |
//! | user | root | one of the daemon's build users |
//! | directory of the sources | one | another |
//! | cores of a build | all | one |
//! | time | now | 70 years later |
//! | locale and time zone of the client | the machine's | Turkish, Kolkata |

use crate::clock;
use crate::daemon::Daemon;
use crate::project::Project;
use crate::second_store;
use crate::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

const LATER: i64 = 70 * 365 * 86_400;

const AUTOCFG: &str =
    "autocfg 1.4.0 leaves a file in OUT_DIR, with a random name; 1.5.0 removes it";

const SHADOW_RS: &str = "shadow-rs 0.37.0 writes the time into a comment of the code that it makes, whatever SOURCE_DATE_EPOCH says";

/// Derivations that come out differently, and why: a part of the name, and the cause.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("-crate-lock_api-0.4.12-build-script-run-", AUTOCFG),
    ("-crate-num-traits-0.2.19-build-script-run-", AUTOCFG),
    ("-crate-slab-0.4.9-build-script-run-", AUTOCFG),
    ("-crate-memoffset-0.9.1-build-script-run-", AUTOCFG),
    (
        "-crate-libz-ng-sys-1.1.16-build-script-run-",
        "cmake leaves a log in OUT_DIR, with random names of directories",
    ),
    ("-crate-starship-1.22.1-build-script-run-", SHADOW_RS),
    ("-crate-starship-1.22.1-lib-", SHADOW_RS),
    ("-crate-build-scripts.drv", "it refers to all runs"),
];

/// Files that a program's packages need and that nobody can see in their sources: the program, and `extraSources`.
const EXTRA_SOURCES: &[(&str, &str, &str)] = &[(
    "starship-",
    "starship",
    // The build script makes code that includes them.
    "docs/public/presets/toml/*",
)];

type Outputs = BTreeMap<String, BTreeMap<String, String>>;

fn args(source: &Path) -> serde_json::Value {
    let name = source.file_name().unwrap().to_string_lossy();
    let mut extra = json!({});
    for (program, package, files) in EXTRA_SOURCES {
        if name.starts_with(program) {
            extra[package] = json!([files]);
        }
    }
    json!({"profile": "dev", "extraSources": extra})
}

fn first(source: &Path) -> Outputs {
    let mut project = Project::copy_of(source);
    project.args = args(source);
    second_store::outputs(&project)
}

fn second(source: &Path) -> Outputs {
    // A daemon takes no socket below a directory that everyone may write to.
    let store = Store::new_in(Path::new(env!("CARGO_TARGET_TMPDIR")));
    clock::library(store.path(), LATER);
    let configuration = format!(
        "cores = 1\nextra-sandbox-paths = {}",
        clock::sandbox_paths(store.path())
    );
    let daemon = Daemon::start(store.path(), store.path(), &configuration);
    let mut project = Project::copy_of(source);
    project.args = args(source);
    project.options = daemon.options();
    project.starter = ["env", "LC_ALL=tr_TR.UTF-8", "TZ=Asia/Kolkata"]
        .map(str::to_owned)
        .to_vec();
    second_store::outputs(&project)
}

/// Whether a derivation is a unit: of those that emitters write only they end with a short hash.
fn is_unit(drv: &str) -> bool {
    let name = drv.strip_suffix(".drv").unwrap_or(drv);
    let hash = name.rsplit('-').next().unwrap_or_default();
    name.contains("-crate-") && hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
#[ignore = "a campaign: dev/soak determinism"]
fn published_programs_come_out_the_same() {
    let sources = std::env::var("DYNDRV_SOAK_SOURCES").expect("DYNDRV_SOAK_SOURCES");
    let mut failures = Vec::new();
    for source in sources.split(':').map(Path::new) {
        let name = source.file_name().unwrap().display();
        let (here, there) = (first(source), second(source));
        let units = here.keys().filter(|drv| is_unit(drv)).count();
        println!("{name}: {units} units");
        let drvs = |outputs: &Outputs| outputs.keys().cloned().collect::<Vec<_>>();
        assert_eq!(drvs(&here), drvs(&there), "{name}");
        let differ = here
            .iter()
            .filter(|(drv, outputs)| there.get(*drv) != Some(*outputs));
        for (drv, _) in differ {
            match EXCEPTIONS.iter().find(|(part, _)| drv.contains(part)) {
                Some((part, cause)) => println!("{name}: {part}: {cause}"),
                None => failures.push(format!("{name}: {drv}")),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
