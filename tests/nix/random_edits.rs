//! Random edits, each compiled three times: from nothing, from nothing with state, and against a base.
//!
//! | workspace | edits |
//! |---|---|
//! | one that a model writes: four libraries with features, generics, macros, a macro that derives, modules, and a program that prints what all of them say | one property of the model: bodies, signatures, types, bounds, order of items, features, modules that come and go |
//! | examples/workspace, and a published workspace | of text: comments, bodies, new and moved items, macros, generics, files that come and go; undone at random |
//!
//! After each edit the program that was compiled against the base prints what the plain one prints, or neither compiles. Without
//! debug information the result is that of the build from nothing with state, byte by byte; how often it is not is told.
//! Every tenth edit is the base of those that follow.

use crate::project::{Build, Project};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Numbers that follow from the first one: xorshift64*.
struct Random(u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// The files of a workspace that edits may change, by path.
type Files = BTreeMap<String, String>;

/// A workspace in which each property can change without an error of the compiler.
#[derive(Clone)]
struct Model {
    libraries: Vec<Library>,
    /// The order of the program's calls.
    rotated: usize,
}

#[derive(Clone, Default)]
struct Library {
    /// Of the function that others call, and of the type's field.
    integer: usize,
    bound: usize,
    number: u64,
    comments: usize,
    has_feature: bool,
    has_module: bool,
    macro_adds: u64,
    derives: usize,
    inline: usize,
    rotated: usize,
}

const INTEGERS: &[&str] = &["u32", "u64", "i64", "u128"];
const BOUNDS: &[&str] = &["Copy", "Clone", "Clone + Copy", "Copy + Default"];
const DERIVES: &[&str] = &[
    "Clone, Copy",
    "Clone, Copy, Debug",
    "Clone, Copy, PartialEq",
];
const INLINE: &[&str] = &["", "#[inline]\n", "#[inline(never)]\n", "#[cold]\n"];

impl Model {
    fn new() -> Self {
        Self {
            libraries: vec![Library::default(); 4],
            rotated: 0,
        }
    }

    fn edit(&mut self, random: &mut Random) -> String {
        if random.below(16) == 0 {
            self.rotated += 1;
            return "moved calls".to_owned();
        }
        let place = random.below(self.libraries.len());
        let library = &mut self.libraries[place];
        let what = match random.below(10) {
            0 => {
                library.integer += 1;
                "signature"
            }
            1 => {
                library.bound += 1;
                "bound"
            }
            2 => {
                library.number = random.number() % 100_000;
                "body"
            }
            3 => {
                library.comments += 1;
                "comment"
            }
            4 => {
                library.has_feature = !library.has_feature;
                "feature"
            }
            5 => {
                library.has_module = !library.has_module;
                "module"
            }
            6 => {
                library.macro_adds = random.number() % 100;
                "macro"
            }
            7 => {
                library.derives += 1;
                "derive"
            }
            8 => {
                library.inline += 1;
                "inline"
            }
            _ => {
                library.rotated += 1;
                "moved items"
            }
        };
        format!("l{place}: {what}")
    }

    fn files(&self) -> Files {
        let mut files = Files::new();
        let members = "members = [\"l0\", \"l1\", \"l2\", \"l3\", \"program\"]";
        files.insert(
            "Cargo.toml".to_owned(),
            format!("[workspace]\nresolver = \"3\"\n{members}\n"),
        );
        for (place, library) in self.libraries.iter().enumerate() {
            library.write(place, &mut files);
        }
        let mut calls: Vec<String> = (0..4)
            .map(|n| {
                format!("    println!(\"l{n} {{}} {{}}\", l{n}::value(1), l{n}::generic(7u8));\n")
            })
            .collect();
        calls.rotate_left(self.rotated % 4);
        files.insert(
            "program/src/main.rs".to_owned(),
            format!("fn main() {{\n{}}}\n", calls.concat()),
        );
        let needs: String = (0..4)
            .map(|n| format!("l{n} = {{ path = \"../l{n}\" }}\n"))
            .collect();
        files.insert(
            "program/Cargo.toml".to_owned(),
            manifest("program", &needs, ""),
        );
        files
    }
}

fn manifest(name: &str, needs: &str, features: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [features]\n{features}\n[dependencies]\n{needs}"
    )
}

impl Library {
    fn write(&self, place: usize, files: &mut Files) {
        let integer = INTEGERS[self.integer % INTEGERS.len()];
        let below = match place {
            0 => String::new(),
            _ => format!(
                " + l{0}::value(2) as {integer} + l{0}::generic(1u8) as {integer}",
                place - 1
            ),
        };
        let number = self.number;
        let mut items = [
            format!(
                "/// What others call.\n{}pub fn value(by: u8) -> {integer} {{\n    \
                 Inner {{ field: {number} as {integer} }}.get() + by as {integer} + added!() as {integer}{below}\n}}\n",
                INLINE[self.inline % INLINE.len()]
            ),
            format!(
                "/// Of any type.\npub fn generic<T: {} + Into<u64>>(value: T) -> u64 {{\n    \
                 let twice = [value.clone(), value];\n    twice.map(Into::into).iter().sum::<u64>() + extra()\n}}\n",
                BOUNDS[self.bound % BOUNDS.len()]
            ),
            format!(
                "#[derive({})]\nstruct Inner {{\n    field: {integer},\n}}\n\n\
                 impl Inner {{\n    fn get(self) -> {integer} {{\n        self.field\n    }}\n}}\n",
                DERIVES[self.derives % DERIVES.len()]
            ),
            "#[cfg(feature = \"more\")]\nfn extra() -> u64 {\n    41\n}\n\n\
             #[cfg(not(feature = \"more\"))]\nfn extra() -> u64 {\n    1\n}\n"
                .to_owned(),
        ];
        let count = items.len();
        items.rotate_left(self.rotated % count);
        let module = match self.has_module {
            true => "mod inside;\npub use inside::INSIDE;\n",
            false => "",
        };
        let text = format!(
            "//! A library.\n\nmacro_rules! added {{\n    () => {{\n        {}\n    }};\n}}\n{module}\n{}{}",
            self.macro_adds,
            items.join("\n"),
            "// a comment\n".repeat(self.comments)
        );
        files.insert(format!("l{place}/src/lib.rs"), text);
        if self.has_module {
            let text = format!("/// A number.\npub const INSIDE: u64 = {number};\n");
            files.insert(format!("l{place}/src/inside.rs"), text);
        }
        let needs = match place {
            0 => String::new(),
            _ => format!("l{0} = {{ path = \"../l{0}\" }}\n", place - 1),
        };
        let on = if self.has_feature { "\"more\"" } else { "" };
        let features = format!("default = [{on}]\nmore = []\n");
        let own = manifest(&format!("l{place}"), &needs, &features);
        files.insert(format!("l{place}/Cargo.toml"), own);
    }
}

/// The files of Rust, but for tests, benchmarks, examples and build scripts.
fn rust_files(project: &Project) -> Vec<String> {
    const OTHERS: &[&str] = &[
        "/tests/",
        "/benches/",
        "/examples/",
        "/build.rs",
        "/target/",
    ];
    let mut found = Vec::new();
    let mut left = vec![project.path().to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(project.path()).unwrap().to_str().unwrap();
            if path.is_dir() {
                left.push(path);
            } else if relative.ends_with(".rs")
                && !OTHERS
                    .iter()
                    .any(|other| format!("/{relative}").contains(other))
            {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    found
}

/// One edit of text; what it was, or none if there was nothing to edit.
fn edit_text(files: &mut Files, random: &mut Random) -> Option<String> {
    let paths: Vec<String> = files.keys().cloned().collect();
    let path = random.one_of(&paths).clone();
    let text = files[&path].clone();
    let number = random.number() % 1_000_000;
    let allow = "#[allow(dead_code, missing_docs, unused_macros)]";
    let (what, edited) = match random.below(9) {
        0 => ("comment at the end", format!("{text}// {number}\n")),
        1 => {
            let place = items(&text)?.swap_remove(0);
            (
                "comment between",
                insert(&text, place, &format!("// {number}\n\n")),
            )
        }
        2 | 3 => {
            let place = one_place(&text, random, |line| {
                let line = line.trim_start();
                let starts = ["fn ", "pub fn ", "pub(crate) fn "];
                starts.iter().any(|start| line.starts_with(start)) && line.ends_with('{')
            })?;
            let line = format!("    std::hint::black_box({number}u64);\n");
            ("body", insert(&text, place + 1, &line))
        }
        4 => {
            let item = format!(
                "\n{allow}\nfn added_{number}<T: Clone>(value: &T) -> T {{\n    value.clone()\n}}\n\n\
                 {allow}\nfn calls_{number}() -> u32 {{\n    added_{number}(&{number}u32)\n}}\n"
            );
            ("generic item", text + &item)
        }
        5 => {
            let item = format!(
                "\n{allow}\nmacro_rules! added_{number} {{\n    () => {{\n        {number}u64\n    }};\n}}\n\n\
                 {allow}\nfn expands_{number}() -> u64 {{\n    added_{number}!()\n}}\n"
            );
            ("macro", text + &item)
        }
        6 => {
            let places = items(&text)?;
            let nth = random.below(places.len().checked_sub(1).filter(|n| *n > 0)?);
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let end = places.get(nth + 2).copied().unwrap_or(lines.len());
            let (start, middle) = (places[nth], places[nth + 1]);
            let moved = [
                &lines[..start],
                &lines[middle..end],
                &lines[start..middle],
                &lines[end..],
            ];
            ("moved items", moved.concat().concat())
        }
        7 => {
            let is_root = path.ends_with("/lib.rs") || path.ends_with("/main.rs");
            if !is_root {
                return None;
            }
            let name = format!("added_{number}");
            let directory = path.rsplit_once('/')?.0;
            let module = format!("{allow}\npub fn inside() -> u64 {{\n    {number}\n}}\n");
            files.insert(format!("{directory}/{name}.rs"), module);
            ("new file", format!("{text}\n{allow}\nmod {name};\n"))
        }
        _ => {
            let added = paths.iter().find(|path| path.contains("/added_"))?;
            let name = added.rsplit('/').next()?.trim_end_matches(".rs").to_owned();
            let line = format!("mod {name};\n");
            let parent = paths
                .iter()
                .find(|path| files[*path].contains(&line))?
                .clone();
            let text = files[&parent].replace(&format!("\n{allow}\n{line}"), "");
            files.insert(parent, text);
            files.remove(added);
            return Some(format!("{added}: removed file"));
        }
    };
    files.insert(path.clone(), edited);
    Some(format!("{path}: {what}"))
}

fn insert(text: &str, line: usize, new: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    [
        lines[..line].concat(),
        new.to_owned(),
        lines[line..].concat(),
    ]
    .concat()
}

fn one_place(text: &str, random: &mut Random, is_one: impl Fn(&str) -> bool) -> Option<usize> {
    let places: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| is_one(line))
        .map(|(place, _)| place)
        .collect();
    (!places.is_empty()).then(|| *random.one_of(&places))
}

/// The lines where functions, types and implementations start that stand between empty lines, with what stands above them.
/// None is behind a macro or a module, whose place matters.
fn items(text: &str) -> Option<Vec<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines
        .iter()
        .rposition(|line| {
            ["macro_rules", "mod ", "pub mod ", "use ", "#!["]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .map_or(0, |line| line + 1);
    let starts = [
        "///", "#[", "pub ", "fn ", "impl", "struct ", "enum ", "const ",
    ];
    let found: Vec<usize> = (from.max(1)..lines.len())
        .filter(|&n| {
            lines[n - 1].is_empty() && starts.iter().any(|start| lines[n].starts_with(start))
        })
        .collect();
    (found.len() > 1).then_some(found)
}

/// A workspace under test, and what its program prints.
struct Trial<'a> {
    project: Project,
    files: Files,
    prints: &'a dyn Fn(&Build) -> String,
    base: String,
    edits: usize,
    refused: usize,
    differ: Vec<String>,
}

impl Trial<'_> {
    fn new<'a>(
        mut project: Project,
        files: Files,
        prints: &'a dyn Fn(&Build) -> String,
    ) -> Trial<'a> {
        let manifest = project.read("Cargo.toml");
        project.write(
            "Cargo.toml",
            &format!("{manifest}\n[profile.dev]\ndebug = 0\n"),
        );
        project.args = json!({ "profile": "dev", "incremental": true });
        let base = project.build_attribute("states").unwrap().out;
        Trial {
            project,
            files,
            prints,
            base: base.display().to_string(),
            edits: 0,
            refused: 0,
            differ: Vec::new(),
        }
    }

    fn set(&mut self, files: &Files) {
        for path in self.files.keys().filter(|path| !files.contains_key(*path)) {
            self.project.remove(path);
        }
        for (path, text) in files
            .iter()
            .filter(|(path, text)| self.files.get(*path) != Some(text))
        {
            let text = match path == "Cargo.toml" {
                true => format!("{text}\n[profile.dev]\ndebug = 0\n"),
                false => text.clone(),
            };
            self.project.write(path, &text);
        }
        self.files.clone_from(files);
    }

    /// Whether the files compile.
    fn check(&mut self, what: &str) -> bool {
        self.project.args = json!({ "profile": "dev" });
        let plain = self.project.try_build();
        self.project.args = json!({
            "profile": "dev",
            "incremental": true,
            "incrementalFrom": { "states": self.base },
            "incrementalKeep": false
        });
        let based = self.project.try_build();
        let (plain, based) = match (plain, based) {
            (Ok(plain), Ok(based)) => (plain, based),
            (Err(_), Err(_)) => {
                self.refused += 1;
                return false;
            }
            (Err(log), Ok(_)) => panic!("{what}: compiles only against the base:\n{log}"),
            (Ok(_), Err(log)) => panic!("{what}: does not compile against the base:\n{log}"),
        };
        assert_eq!((self.prints)(&based), (self.prints)(&plain), "{what}");
        self.project.args = json!({ "profile": "dev", "incremental": true });
        let cold = self.project.build();
        if cold.out != based.out {
            self.differ.push(format!(
                "{what}: {} {}",
                cold.out.display(),
                based.out.display()
            ));
        }
        self.edits += 1;
        if self.edits.is_multiple_of(10) {
            let base = self.project.build_attribute("states").unwrap().out;
            self.base = base.display().to_string();
        }
        true
    }

    fn tell(&self, name: &str) {
        println!(
            "{name}: {} edits; {} more did not compile, either way; {} results differ from those of a build from nothing",
            self.edits,
            self.refused,
            self.differ.len()
        );
        for differ in &self.differ {
            println!("  {differ}");
        }
    }
}

fn try_text(
    name: &str,
    project: Project,
    count: usize,
    random: &mut Random,
    prints: &dyn Fn(&Build) -> String,
) {
    let paths = rust_files(&project).into_iter();
    let files: Files = paths
        .map(|path| (path.clone(), project.read(&path)))
        .collect();
    let mut trial = Trial::new(project, files.clone(), prints);
    let mut versions = vec![files];
    while trial.edits < count {
        let before = trial.files.clone();
        let (what, files) = if random.below(6) == 0 {
            ("undo".to_owned(), random.one_of(&versions).clone())
        } else {
            let mut files = before.clone();
            match edit_text(&mut files, random) {
                Some(what) => (what, files),
                None => continue,
            }
        };
        trial.set(&files);
        if trial.check(&format!("{name}: {what}")) {
            versions.push(files);
        } else {
            trial.set(&before);
        }
    }
    trial.tell(name);
}

#[test]
#[ignore = "a campaign: dev/soak edits"]
fn a_program_compiled_against_a_base_does_what_the_plain_one_does() {
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let seed = number("DYNDRV_SOAK_SEED", 1);
    let count = usize::try_from(number("DYNDRV_SOAK_COUNT", 67)).unwrap();
    println!("the seed is {seed}");
    let mut random = Random(seed | 1 << 40);

    let mut model = Model::new();
    let files = model.files();
    let listed: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let prints = |build: &Build| build.run("program", &[]);
    let mut trial = Trial::new(Project::of(&listed).locked(), files, &prints);
    while trial.edits < count {
        let what = model.edit(&mut random);
        trial.set(&model.files());
        assert!(trial.check(&what), "{what}: does not compile");
    }
    trial.tell("model");

    let prints = |build: &Build| build.run("labels", &["hex bolt"]);
    try_text(
        "examples/workspace",
        Project::example("workspace"),
        count,
        &mut random,
        &prints,
    );

    let source = std::env::var("DYNDRV_SOAK_SOURCES").expect("DYNDRV_SOAK_SOURCES");
    let source = Path::new(&source);
    let name = source.file_name().unwrap().to_str().unwrap();
    let tests = source.join("tests").display().to_string();
    // ripgrep prints the files of a directory in the order of their names, if it is told so.
    let prints = |build: &Build| {
        build.run(
            "rg",
            &["--sort=path", "--line-number", "fn [a-z_]+", &tests],
        )
    };
    try_text(name, Project::copy_of(source), count, &mut random, &prints);
}
