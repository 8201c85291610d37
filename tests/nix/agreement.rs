//! The results of checks beside those of plain cargo: each test by name, executables,
//! warnings of clippy, pages of documentation.

use crate::project::{Build, Project, root};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Tests by name, sorted, and whether they were run; with each executable that has one of the name.
pub type Tests = Vec<(String, bool)>;

#[test]
fn examples_agree_with_cargo() {
    // `system-library` needs a library that this machine need not have.
    let examples = ["hello", "workspace", "build-script"];
    agree(examples.map(|name| (name.to_owned(), Project::example(name))));
}

/// Those of `DYNDRV_PACKAGES`, directories separated by colons: see `dev/checks`.
#[ignore = "dev/checks runs it, with published packages"]
#[test]
fn published_packages_agree_with_cargo() {
    let packages = std::env::var("DYNDRV_PACKAGES").expect("run dev/checks");
    let packages = packages.split(':').map(Path::new);
    agree(packages.map(|dir| {
        let name = dir.file_name().unwrap().to_str().unwrap();
        (name.to_owned(), Project::copy_of(dir))
    }));
}

/// Compares all of them, and prints a table in Markdown.
fn agree(projects: impl IntoIterator<Item = (String, Project)>) {
    let mut differences = Vec::new();
    let columns = "| project | executables | tests | of them ignored | documentation tests | clippy's warnings | pages | |";
    let mut table = vec![columns.to_owned(), "|---".repeat(8) + "|"];
    for (name, project) in projects {
        let target = tempfile::tempdir().unwrap();
        let cargo = Cargo {
            project: &project,
            target: target.path(),
        };
        let mut comparison = Comparison::default();
        match compare(&project, &cargo, &mut comparison) {
            Ok(()) => {}
            Err(log) => comparison.differences.push(log),
        }
        let agrees = match comparison.differences.is_empty() {
            true => "agrees",
            false => "**differs**",
        };
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
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
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

fn compare(
    project: &Project,
    cargo: &Cargo<'_>,
    comparison: &mut Comparison,
) -> Result<(), String> {
    let check = |name: &str| project.build_attribute(&format!("checks.{name}"));
    let (ours, plain) = (check("test")?, cargo.tests("--tests"));
    let tests = tests_of(&ours);
    comparison.equal("tests", &tests, &plain.tests);
    comparison.equal(
        "executables",
        &[executables_of(&ours)],
        &[plain.executables],
    );
    comparison.cell(plain.executables);
    comparison.cell(tests.len());
    comparison.cell(tests.iter().filter(|(_, run)| !run).count());
    let tests = tests_of(&check("doctest")?);
    comparison.equal("documentation tests", &tests, &cargo.tests("--doc").tests);
    comparison.cell(tests.len());
    let warnings = warnings_of(&check("clippy")?);
    comparison.equal("warnings of clippy", &warnings, &cargo.warnings());
    comparison.cell(warnings.len());
    let pages = pages_below(&check("doc")?.out.join("doc"));
    comparison.equal("pages", &pages, &cargo.pages());
    comparison.cell(pages.len());
    Ok(())
}

/// What the XML file says.
pub fn tests_of(build: &Build) -> Tests {
    let text = fs::read_to_string(build.out.join("junit.xml")).unwrap();
    let mut tests: Tests = text
        .lines()
        .filter(|line| line.contains("<testcase") && !line.contains(" time=\""))
        .map(|line| {
            let name = line.split("\" name=\"").nth(1).unwrap();
            let name = name.split('"').next().unwrap();
            let name = name.replace("&lt;", "<").replace("&gt;", ">");
            (name, !line.contains("<skipped/>"))
        })
        .collect();
    tests.sort();
    tests
}

/// How many executables the table has.
fn executables_of(build: &Build) -> usize {
    let text = fs::read_to_string(build.out.join("summary.txt")).unwrap();
    // The first line are headings, the last one sums.
    text.lines().count() - 2
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

/// Plain cargo for a project.
pub struct Cargo<'a> {
    pub project: &'a Project,
    pub target: &'a Path,
}

/// What cargo says of tests.
pub struct Told {
    pub tests: Tests,
    pub executables: usize,
}

impl Cargo<'_> {
    /// Standard output and error; nothing if documentation is to be tested and there is no library.
    fn run(&self, args: &[&str]) -> (String, String) {
        let output = Command::new(root().join("dev/cargo"))
            .args(args)
            .current_dir(self.project.path())
            .env("CARGO_TARGET_DIR", self.target)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if stderr.starts_with("error: no library targets found") && args.contains(&"--doc") {
            return (String::new(), String::new());
        }
        assert!(output.status.success(), "{args:?}:\n{stdout}\n{stderr}");
        (stdout, stderr)
    }

    /// `--tests` or `--doc`.
    pub fn tests(&self, selection: &str) -> Told {
        let (stdout, stderr) = self.run(&[
            "test",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            selection,
        ]);
        let lines = stdout.lines().filter_map(|line| line.strip_prefix("test "));
        let results = lines.filter_map(|line| line.rsplit_once(" ... "));
        let results =
            results.filter(|(_, result)| *result == "ok" || result.starts_with("ignored"));
        let mut tests: Tests = results
            .map(|(name, result)| {
                // What is expected of it, which is no part of its name.
                let expected = [" - should panic", " - compile fail", " - compile"];
                let name = expected
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap_or(name);
                (name.to_owned(), result == "ok")
            })
            .collect();
        tests.sort();
        let runs = stderr.lines().map(str::trim);
        let runs = runs.filter(|line| line.starts_with("Running ") && line.ends_with(')'));
        Told {
            tests,
            executables: runs.count(),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let args = ["clippy", "--workspace", "--locked", "--all-targets"];
        let (stdout, _) = self.run(&[&args[..], &["--message-format=json"]].concat());
        let lines = stdout.lines();
        let messages = lines.filter_map(|line| serde_json::from_str(line).ok());
        let messages = messages.filter(|line: &serde_json::Value| {
            let local = line["package_id"].as_str().unwrap_or_default();
            line["reason"] == "compiler-message" && local.starts_with("path+")
        });
        rendered(messages.map(|mut line| line["message"].take()))
    }

    fn pages(&self) -> Vec<String> {
        self.run(&["doc", "--workspace", "--locked", "--no-deps"]);
        pages_below(&self.target.join("doc"))
    }
}
