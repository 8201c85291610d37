//! Incremental compilation of a small library, with the machine's own compiler.
#![allow(clippy::unwrap_used)]
#![allow(dead_code)] // of the shared module

mod support;

use dyndrv_builder::spec::{Artifact, Incremental, Origin, Product, Rustc, Spec};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::World;

const SOURCE: &str = "
pub mod a {
    pub fn text(number: u32) -> String { format!(\"{number}\") }
}
pub mod b {
    pub fn twice(number: u32) -> u32 { number * 2 }
    #[inline]
    pub fn thrice(number: u32) -> u32 { number * 3 }
}
";

const OUTPUTS: [&str; 3] = ["meta", "out", "state"];
const RMETA: &str = "meta/libdemo-1.rmeta";
const RLIB: &str = "out/libdemo-1.rlib";

fn world(source: &str) -> World {
    World::new(&[("demo/src/lib.rs", source)])
}

fn edit(world: &World, source: &str) {
    let file = world.path("store/source-1/demo/src/lib.rs");
    fs::write(file, source).unwrap();
    // What is in the store under one name never changes.
    let tree = world.path("store/source-1");
    let _ = fs::remove_file(world.path("store/source-2"));
    std::os::unix::fs::symlink(tree, world.path("store/source-2")).unwrap();
}

fn unit(world: &World, base: Option<&str>, keep: bool) -> Rustc {
    let base = base.map(|name| {
        let path = |output: &str| {
            (
                output.to_string(),
                world.text(&format!("out/{name}/{output}")),
            )
        };
        OUTPUTS.iter().map(|output| path(output)).collect()
    });
    Rustc {
        incremental: Some(Incremental {
            base: base.unwrap_or_default(),
            keep,
            directory: None,
        }),
        ..world.library()
    }
}

fn run(world: &World, name: &str, rustc: Rustc) {
    let keep = rustc.incremental.as_ref().is_some_and(|how| how.keep);
    let outputs = if keep { &OUTPUTS[..] } else { &OUTPUTS[..2] };
    world
        .run(name, Spec::Rustc(Box::new(rustc)), outputs)
        .unwrap();
}

/// Builds the base, then the edited source against it.
fn edited(world: &World, source: &str) {
    run(world, "base", unit(world, None, true));
    edit(world, source);
    let mut rustc = unit(world, Some("base"), false);
    rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
    run(world, "edit", rustc);
}

fn file(world: &World, name: &str, file: &str) -> Vec<u8> {
    fs::read(world.path(&format!("out/{name}/{file}"))).unwrap()
}

/// Whether a file of two builds is the same; without its content in the message.
fn assert_same(world: &World, one: &str, two: &str, name: &str) {
    let (first, second) = (file(world, one, name), file(world, two, name));
    let place = first.iter().zip(&second).position(|(a, b)| a != b);
    let equal = first == second;
    assert!(
        equal,
        "{name} of {one} and {two} differ at {place:?} of {}",
        first.len()
    );
}

/// Files of the session that an output keeps.
fn session(world: &World, name: &str) -> BTreeMap<String, PathBuf> {
    let state = world.path(&format!("out/{name}/state"));
    let of_crate = directories(&state).pop().unwrap();
    let session = directories(&of_crate).pop().unwrap();
    let entries = fs::read_dir(session).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().display().to_string(), path)
    });
    entries.collect()
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn two_runs_make_the_same_library() {
    let world = world(SOURCE);
    run(&world, "one", unit(&world, None, true));
    run(&world, "two", unit(&world, None, true));
    assert_same(&world, "one", "two", RLIB);
    assert_same(&world, "one", "two", RMETA);
}

#[test]
fn what_other_outputs_have_is_not_kept_twice() {
    let world = world(SOURCE);
    run(&world, "base", unit(&world, None, true));
    let kept: Vec<String> = session(&world, "base").into_keys().collect();
    assert_eq!(
        kept,
        ["dep-graph.bin", "query-cache.bin", "work-products.bin"]
    );
}

#[test]
fn a_comment_at_the_end_leaves_all_outputs_as_they_are() {
    let world = world(SOURCE);
    edited(&world, &format!("{SOURCE}// a comment\n"));
    assert_same(&world, "edit", "base", RLIB);
    assert_same(&world, "edit", "base", RMETA);
    let metadata = world.path("out/edit").join(RMETA);
    assert!(!metadata.is_symlink(), "a link to the base");
}

/// Without debug information: that has the checksums of source files, and rustc does not write it again for code
/// that has not changed.
#[test]
fn a_changed_body_gives_what_a_run_from_nothing_gives() {
    let world = world(SOURCE);
    let plain = |base: Option<&str>, tree: &str| {
        let mut rustc = unit(&world, base, base.is_none());
        rustc.args.extend(["-C", "debuginfo=0"].map(String::from));
        rustc.process.sources[0].from = Origin::Store(world.text(tree));
        rustc
    };
    run(&world, "base", plain(None, "store/source-1"));
    edit(&world, &SOURCE.replace("number * 2", "number + number"));
    run(&world, "edit", plain(Some("base"), "store/source-2"));
    run(&world, "cold", plain(None, "store/source-2"));
    assert_ne!(objects(&world, "edit"), objects(&world, "base"));
    assert!(objects(&world, "edit") == objects(&world, "cold"));
}

/// What is behind the metadata in a library: a few bytes of that differ.
fn objects(world: &World, name: &str) -> Vec<u8> {
    const LIST: &[u8] = b"lib.rmeta-link";
    let library = file(world, name, RLIB);
    let end = library.windows(LIST.len()).rposition(|text| text == LIST);
    let size = fs::metadata(world.path(&format!("out/{name}/{RMETA}")))
        .unwrap()
        .len();
    library[usize::try_from(size).unwrap().max(end.unwrap_or_default())..].to_vec()
}

/// The compiler cannot be run at all, so that only a copy can be the result.
#[test]
fn what_has_the_inputs_of_the_base_is_copied() {
    let world = world(SOURCE);
    run(&world, "base", unit(&world, None, true));
    let same = unit(&world, Some("base"), true);
    fs::remove_dir_all(world.path("store")).unwrap();
    run(&world, "again", same);
    for name in [RLIB, RMETA, "state/state.json"] {
        assert_same(&world, "again", "base", name);
    }
}

#[test]
fn state_after_an_edit_is_a_base_too() {
    let world = world(SOURCE);
    run(&world, "base", unit(&world, None, true));
    edit(&world, &SOURCE.replace("number * 2", "number * 4"));
    let mut rustc = unit(&world, Some("base"), true);
    rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
    run(&world, "second", rustc);
    for (name, path) in session(&world, "second") {
        assert!(!path.is_symlink(), "{name} is a link");
    }
    edit(
        &world,
        &format!("{}// comment\n", SOURCE.replace("number * 2", "number * 4")),
    );
    let mut rustc = unit(&world, Some("second"), false);
    rustc.process.sources[0].from = Origin::Store(world.text("store/source-1"));
    run(&world, "third", rustc);
    assert_same(&world, "third", "second", RLIB);
}

/// rustc reads lengths from these files and asks for as much memory.
#[test]
fn corrupt_state_is_given_up() {
    for name in ["dep-graph.bin", "query-cache.bin", "work-products.bin"] {
        let world = world(SOURCE);
        run(&world, "base", unit(&world, None, true));
        let path = &session(&world, "base")[name];
        let mut content = fs::read(path).unwrap();
        for byte in content.iter_mut().skip(200).step_by(37) {
            *byte ^= 0x5a;
        }
        fs::write(path, content).unwrap();
        edit(&world, &format!("{SOURCE}// {name}\n"));
        let mut rustc = unit(&world, Some("base"), false);
        rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
        run(&world, "edit", rustc);
        assert!(world.path("out/edit").join(RLIB).exists());
    }
}

#[test]
fn state_with_a_part_missing_is_none() {
    for missing in ["out", "state/state.json"] {
        let world = world(SOURCE);
        run(&world, "base", unit(&world, None, true));
        let path = world.path("out/base").join(missing);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        edit(&world, &format!("{SOURCE}// comment\n"));
        let mut rustc = unit(&world, Some("base"), false);
        rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
        run(&world, "edit", rustc);
        assert!(world.path("out/edit").join(RLIB).exists());
    }
}

#[test]
fn a_directory_of_the_machine_keeps_state_between_runs() {
    let world = world(SOURCE);
    let in_directory = || Rustc {
        incremental: Some(Incremental {
            directory: Some(world.text("machine/demo")),
            ..Incremental::default()
        }),
        ..world.library()
    };
    let missing = world.run("no", Spec::Rustc(Box::new(in_directory())), &OUTPUTS[..2]);
    let message = missing.unwrap_err().to_string();
    assert!(message.contains("extra-sandbox-paths"), "{message}");

    fs::create_dir(world.path("machine")).unwrap();
    run(&world, "one", in_directory());
    assert_eq!(directories(&world.path("machine/demo")).len(), 1);
    edit(&world, &format!("{SOURCE}// comment\n"));
    run(&world, "two", in_directory());
    assert_same(&world, "one", "two", RMETA);
}

#[test]
fn errors_in_the_code_are_reported_once() {
    let world = world(SOURCE);
    run(&world, "base", unit(&world, None, true));
    edit(&world, "pub fn broken( {}\n");
    let mut rustc = unit(&world, Some("base"), false);
    rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
    let failed = world.run("edit", Spec::Rustc(Box::new(rustc)), &OUTPUTS[..2]);
    let message = failed.unwrap_err().to_string();
    assert!(
        message.contains("rustc failed (exit status: 1)"),
        "{message}"
    );
}

/// Of a program, rustc takes the path of a library as an input of all code, and an edit gives it another one in the store.
#[test]
fn code_is_reused_behind_a_library_with_another_path_in_the_store() {
    const USER: &str = "
#![feature(rustc_attrs)]
#![rustc_partition_reused(module = \"user-apart\", cfg = \"again\")]
mod apart { pub fn number() -> u32 { 3 } }
pub fn both() -> u32 { apart::number() + demo::b::twice(2) }
fn main() { println!(\"{}\", both()); }
";
    let kinds = [
        ("lib", "rlib", "libuser-2.rlib"),
        ("lib", "rmeta", "libuser-2.rlib"),
        ("bin", "rlib", "user-2"),
    ];
    for (kind, given, product) in kinds {
        let world = World::new(&[("demo/src/lib.rs", SOURCE), ("demo/src/user.rs", USER)]);
        let user = |library: &str, base: Option<&str>| {
            let file = format!("libdemo-1.{given}");
            let args = format!(
                "--crate-name user --edition=2021 demo/src/user.rs --crate-type {kind} --emit=dep-info,link \
                 -C debuginfo=2 -C metadata=2 -C extra-filename=-2 --allow=internal_features --allow=dead_code \
                 -Zquery-dep-graph --extern demo={}",
                world.text(&format!("build/deps/{file}"))
            );
            let mut args: Vec<&str> = args.split_whitespace().collect();
            if base.is_some() {
                args.extend(["--cfg", "again"]);
            }
            let mut rustc = world.rustc("user", &args, &[]);
            rustc.products = vec![Product {
                file: product.to_owned(),
                output: "out".to_owned(),
                to: product.to_owned(),
            }];
            // For what the attributes ask rustc to confirm.
            let env = &mut rustc.process.env;
            env.insert("RUSTC_BOOTSTRAP".to_owned(), "1".to_owned());
            let output = if given == "rmeta" { "meta" } else { "out" };
            rustc.crates = vec![Artifact {
                file,
                from: world.text(&format!("out/{library}/{output}")),
                incremental: true,
            }];
            let base = base.map(|name| {
                ["out", "state"].map(|output| {
                    let path = world.text(&format!("out/{name}/{output}"));
                    (output.to_owned(), path)
                })
            });
            rustc.incremental = Some(Incremental {
                keep: base.is_none(),
                base: base.into_iter().flatten().collect(),
                directory: None,
            });
            rustc
        };
        let compile = |name: &str, rustc: Rustc, outputs: &[&str]| {
            world
                .run(name, Spec::Rustc(Box::new(rustc)), outputs)
                .unwrap_or_else(|error| panic!("{kind}, given {given}: {error}"));
        };
        run(&world, "base", unit(&world, None, true));
        compile("user", user("base", None), &["out", "state"]);
        edit(&world, &SOURCE.replace("number * 2", "number + number"));
        let mut rustc = unit(&world, Some("base"), false);
        rustc.process.sources[0].from = Origin::Store(world.text("store/source-2"));
        run(&world, "edit", rustc);
        compile("again", user("edit", Some("user")), &["out"]);
    }
}
