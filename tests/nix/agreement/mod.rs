//! The results of checks beside those of plain cargo: each test by executable, name and status,
//! executables, warnings of clippy, pages of documentation.
//!
//! | tests | of what | what is compared |
//! |---|---|---|
//! | `examples_agree_with_cargo` | the examples | all of it |
//! | `published_packages_agree_with_cargo` | packages of the registry, by `dev/checks` | all of it |
//! | `checkout_agrees_with_cargo` | a checkout, by `dev/checks --path` | the tests, failed ones too |

mod cargo;
mod junit;
mod outcomes;

use crate::project::{Build, Project};
use std::collections::BTreeSet;
use std::env;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

pub use cargo::Cargo;
pub use outcomes::Outcomes;
use outcomes::Status;

#[test]
fn examples_agree_with_cargo() {
    // `system-library` needs a library that this machine need not have.
    let examples = ["hello", "workspace", "build-script"];
    let projects = examples.map(|name| (name.to_owned(), Project::example(name)));
    agree(projects, &PACKAGE_COLUMNS, compare);
}

/// Those of `DYNDRV_PACKAGES`, directories separated by colons: see `dev/checks`.
#[ignore = "dev/checks runs it, with published packages"]
#[test]
fn published_packages_agree_with_cargo() {
    let packages = env::var("DYNDRV_PACKAGES").expect("run dev/checks");
    let packages = packages.split(':').map(Path::new);
    let projects = packages.map(|dir| (name_of(dir), Project::copy_of(dir)));
    agree(projects, &PACKAGE_COLUMNS, compare);
}

/// That of `DYNDRV_CHECKOUT`, with further settings: see `dev/checks --path`.
#[ignore = "dev/checks --path runs it, with a checkout"]
#[test]
fn checkout_agrees_with_cargo() {
    let dir = PathBuf::from(env::var("DYNDRV_CHECKOUT").expect("run dev/checks --path DIR"));
    let words = |name: &str| -> Vec<String> {
        let text = env::var(name).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    };
    let [packages, features] =
        ["PACKAGES", "FEATURES"].map(|what| words(&format!("DYNDRV_CHECKOUT_{what}")));
    let results = env::var_os("DYNDRV_CHECKOUT_RESULTS").map(PathBuf::from);
    let mut project = Project::copy_of(&dir);
    project.settings = env::var_os("DYNDRV_CHECKOUT_SETTINGS").map(PathBuf::from);
    project.args = serde_json::json!({
        "features": features,
        "checks": { "packages": packages },
    });
    agree(
        [(name_of(&dir), project)],
        &CHECKOUT_COLUMNS,
        |project, comparison| {
            // Cargo has the directory to itself, as it has with a user: `target` is in the sources.
            let own = Project::copy_of(&dir);
            let mut cargo = Cargo::new(&own, None);
            if !packages.is_empty() {
                let packages = packages.iter().flat_map(|package| ["--package", package]);
                cargo.selection = packages.map(str::to_owned).collect();
            }
            cargo.selection.extend(
                features
                    .iter()
                    .map(|feature| format!("--features={feature}")),
            );
            let plain = cargo.tests(results.as_deref())?;
            compare_tests(project, &plain, comparison)
        },
    );
}

fn name_of(dir: &Path) -> String {
    dir.file_name().unwrap().to_str().unwrap().to_owned()
}

const PACKAGE_COLUMNS: [&str; 7] = [
    "executables",
    "tests",
    "of them ignored",
    "failed with cargo",
    "documentation tests",
    "clippy's warnings",
    "pages",
];
const CHECKOUT_COLUMNS: [&str; 5] = [
    "executables",
    "tests",
    "of them ignored",
    "failed with cargo",
    "documentation tests",
];

/// Compares all of them, and prints a table in Markdown.
fn agree(
    projects: impl IntoIterator<Item = (String, Project)>,
    columns: &[&str],
    compare: impl Fn(&Project, &mut Comparison) -> Result<(), String>,
) {
    let mut differences = Vec::new();
    let mut table = vec![
        format!("| project | {} | |", columns.join(" | ")),
        "|---".repeat(columns.len() + 2) + "|",
    ];
    for (name, project) in projects {
        let mut comparison = Comparison::default();
        if let Err(log) = compare(&project, &mut comparison) {
            comparison.differences.push(log);
        }
        let agrees = match comparison.differences.len() {
            0 => "agrees".to_owned(),
            count => format!("**{count} differences**"),
        };
        comparison.cells.resize(columns.len(), "?".to_owned());
        let cells = comparison.cells.join(" | ");
        table.push(format!("| {name} | {cells} | {agrees} |"));
        println!("{}", table.last().unwrap());
        for difference in &comparison.differences {
            println!("{difference}");
        }
        let found = comparison.differences.into_iter();
        differences.extend(found.map(|difference| format!("{name}: {difference}")));
    }
    println!("\n{}", table.join("\n"));
    assert!(differences.is_empty(), "{} differences", differences.len());
}

#[derive(Default)]
struct Comparison {
    cells: Vec<String>,
    differences: Vec<String>,
}

impl Comparison {
    fn equal<T: PartialEq + Debug>(&mut self, what: &str, ours: &[T], cargos: &[T]) {
        let only = |these: &[T], those: &[T]| {
            let only = these.iter().filter(|item| !those.contains(item));
            only.map(|item| format!("{item:?}")).collect::<Vec<_>>()
        };
        if ours != cargos {
            self.differences.push(format!(
                "{what}: {} here, {} with cargo; only here {:?}, only with cargo {:?}",
                ours.len(),
                cargos.len(),
                only(ours, cargos),
                only(cargos, ours)
            ));
        }
    }

    fn cell(&mut self, count: usize) {
        self.cells.push(count.to_string());
    }
}

/// The package's checks beside what cargo says.
fn compare(project: &Project, comparison: &mut Comparison) -> Result<(), String> {
    let target = tempfile::tempdir().unwrap();
    let cargo = Cargo::new(project, Some(target.path()));
    compare_tests(project, &cargo.tests(None)?, comparison)?;
    let check = |name: &str| project.build_attribute(&format!("checks.{name}"));
    let warnings = warnings_of(&check("clippy")?);
    comparison.equal("warnings of clippy", &warnings, &cargo.warnings()?);
    comparison.cell(warnings.len());
    let pages = pages_below(&check("doc")?.out.join("doc"));
    comparison.equal("pages", &pages, &cargo.pages()?);
    comparison.cell(pages.len());
    Ok(())
}

/// The checks `test` and `doctest` beside what cargo says.
fn compare_tests(
    project: &Project,
    cargos: &Outcomes,
    comparison: &mut Comparison,
) -> Result<(), String> {
    comparison.cell(cargos.runs());
    comparison.cell(cargos.count(false, None));
    comparison.cell(cargos.count(false, Some(Status::Ignored)));
    comparison.cell(cargos.failures());
    comparison.cell(cargos.count(true, None));
    let mut ours = Outcomes::default();
    for (check, documentation) in [("test", false), ("doctest", true)] {
        if let Ok(build) = reported(project, check) {
            ours.extend(tests_of(&build, documentation));
            continue;
        }
        // What does not compile has no report: the packages one by one.
        for package in cargos.packages(documentation) {
            let name = package.split(' ').next().unwrap_or_default();
            match reported(project, &format!("{check}-{name}")) {
                Ok(build) => ours.extend(tests_of(&build, documentation)),
                Err(log) => comparison.differences.push(format!(
                    "{package}: the check `{check}` fails: {}",
                    errors(&log)
                )),
            }
        }
    }
    comparison.differences.extend(ours.differences(cargos));
    Ok(())
}

/// The errors in what Nix printed.
fn errors(log: &str) -> String {
    let telling = |line: &&str| line.contains("error") && !line.contains("dependency failed");
    let lines: Vec<&str> = log.lines().filter(telling).take(8).collect();
    format!("\n    {}", lines.join("\n    "))
}

/// The check of tests, or its report if tests fail.
fn reported(project: &Project, check: &str) -> Result<Build, String> {
    let check = format!("checks.{check}");
    project
        .build_attribute(&check)
        .or_else(|_| project.build_attribute(&format!("{check}.report")))
}

/// What the XML file of a check of tests says.
pub fn tests_of(build: &Build, documentation: bool) -> Outcomes {
    let text = fs::read_to_string(build.out.join("junit.xml")).unwrap();
    junit::parse(&text, documentation)
}

fn warnings_of(build: &Build) -> Vec<String> {
    let text = fs::read_to_string(build.out.join("warnings.json")).unwrap();
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    rendered(messages)
}

/// Messages about code, each once.
fn rendered(messages: impl Iterator<Item = serde_json::Value>) -> Vec<String> {
    let messages = messages.filter(|message| {
        let spans = message["spans"].as_array();
        spans.is_some_and(|spans| !spans.is_empty()) || message["code"].is_object()
    });
    let texts: BTreeSet<String> = messages
        .map(|message| message["rendered"].as_str().unwrap().to_owned())
        .collect();
    texts.into_iter().collect()
}

/// The page of a source file, without the place and the name of the directory of a build script's run,
/// where generated ones are.
fn without_out_dir(page: &str) -> String {
    let generated = || {
        let (place, file) = page.split_once("/out/")?;
        let (_, run) = place.rsplit_once("/build/")?;
        let crate_name = page.strip_prefix("src/")?.split('/').next()?;
        let (package, _) = run.rsplit_once('-')?;
        Some(format!("src/{crate_name}/OUT_DIR of {package}/{file}"))
    };
    generated().unwrap_or_else(|| page.to_owned())
}

/// All HTML files but the list of all crates, which cargo writes on a nightly toolchain only.
fn pages_below(dir: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(dir).follow_links(true).into_iter();
    let mut pages: Vec<String> = files
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "html")
        })
        .map(|path| path.strip_prefix(dir).unwrap().display().to_string())
        .filter(|page| page != "index.html")
        .map(|page| without_out_dir(&page))
        .collect();
    pages.sort();
    pages
}
