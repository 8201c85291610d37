//! Units of a small package, run with the machine's own compilers.
#![allow(clippy::unwrap_used)]

mod support;

use dyndrv_builder::build_script::recorded::{self, Cfg, Dep, Link};
use dyndrv_builder::error::Result;
use dyndrv_builder::spec::{BuildScript, DepMetadata, Incremental, Spec};
use std::fs;
use support::{OUT_DIR, World, output_of};

const BUILD_RS: &str = r#"
use std::{env, fs, path::Path, process::Command};
fn main() {
    let out = env::var("OUT_DIR").unwrap();
    fs::write(format!("{out}/generated.rs"), "pub const GENERATED: u32 = 7;").unwrap();
    let cwd = env::current_dir().unwrap();
    assert!(cwd.ends_with("build/ws/demo"), "{}", cwd.display());
    assert_eq!(env::var("NUM_JOBS").as_deref(), Ok("3"));
    assert!(env::var("CARGO_MANIFEST_DIR").is_err(), "the environment leaks");
    assert!(env::var("CFLAGS").is_err(), "cargo sets no CFLAGS");
    let run = |program: &str, args: &[&str]| {
        assert!(Command::new(program).args(args).status().unwrap().success());
    };
    let source = fs::canonicalize(Path::new("c/native.c")).unwrap();
    assert_eq!(source, cwd.join("c/native.c"), "sources are links");
    let object = format!("{out}/native.o");
    run("cc", &["-g", "-c", source.to_str().unwrap(), "-o", &object]);
    run("ar", &["cq", &format!("{out}/libnative.a"), &object]);
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=native");
    println!("cargo:rustc-cfg=answered");
    println!("cargo:rustc-check-cfg=cfg(answered)");
    println!("cargo:rustc-env=ANSWER=forty-two");
    println!("cargo:include={}/c", cwd.display());
    println!("cargo:root={out}");
}
"#;

const LIB_RS: &str = r#"
include!(concat!(env!("OUT_DIR"), "/generated.rs"));
extern "C" { fn native() -> u32; }
#[cfg(answered)]
pub fn answer() -> String {
    format!("{} {GENERATED} {} {}", env!("ANSWER"), unsafe { native() }, include_str!("a b.txt"))
}
"#;

const DEMO: [(&str, &str); 5] = [
    ("demo/build.rs", BUILD_RS),
    (
        "demo/c/native.c",
        "#include <assert.h>\nunsigned native(void) { assert(sizeof(int)); return 9; }\n",
    ),
    ("demo/src/lib.rs", LIB_RS),
    ("demo/src/a b.txt", "text"),
    (
        "demo/src/main.rs",
        "fn main() { println!(\"{}\", demo::answer()); }\n",
    ),
];

fn build(world: &World) -> Result<()> {
    world.run_build_script(world.build_script())?;
    let mut library = world.library();
    library.scripts = vec![world.script_use()];
    world.run_library(library)?;
    let mut binary = world.binary();
    binary.scripts = vec![world.script_use()];
    binary.scripts[0].libs = false;
    world.run_binary(binary)
}

/// A package of one library file, without a build script.
fn library(source: &str) -> World {
    World::new(&[("demo/src/lib.rs", source)])
}

fn script(body: &str) -> World {
    World::new(&[("demo/build.rs", &format!("fn main() {{ {body} }}"))])
}

fn message(result: Result<()>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_package_with_a_build_script_and_c_builds_and_runs() {
    let world = World::new(&DEMO);
    build(&world).unwrap();
    assert_eq!(
        output_of(&world.path("out/bin/out/bin/demo")),
        "forty-two 7 9 text\n"
    );
    let outputs: Vec<String> = world
        .outputs()
        .keys()
        .map(|path| {
            path.strip_prefix(world.path("out"))
                .unwrap()
                .display()
                .to_string()
        })
        .collect();
    let out_dir = |file: &str| format!("run/out/{OUT_DIR}/{file}");
    assert_eq!(
        outputs,
        [
            "bin/out/bin/demo",
            "lib/meta/libdemo-1.rmeta",
            "lib/out/libdemo-1.rlib",
            "run/cfg/instructions.json",
            "run/dep/files/ws/demo/c/native.c",
            "run/dep/instructions.json",
            "run/link/instructions.json",
            &out_dir("generated.rs"),
            &out_dir("libnative.a"),
            &out_dir("native.o"),
            "script/out/bin/build-script-build",
        ]
    );
}

#[test]
fn outputs_do_not_depend_on_where_the_sources_lie_in_the_store() {
    let mut world = World::new(&DEMO);
    build(&world).unwrap();
    let first = world.outputs();
    world.start_again("source-2");
    build(&world).unwrap();
    let second = world.outputs();
    assert!(first.keys().eq(second.keys()));
    for (file, content) in &first {
        assert!(content == &second[file], "{} differs", file.display());
    }
}

#[test]
fn no_path_of_the_machine_shows_in_what_was_compiled() {
    let world = World::new(&DEMO);
    build(&world).unwrap();
    let root = world.text("");
    for (file, content) in world.outputs() {
        let is_instruction = ["run/link/instructions.json", "run/dep/instructions.json"]
            .iter()
            .any(|name| file.ends_with(name));
        let shows = content
            .windows(root.len())
            .any(|part| part == root.as_bytes());
        assert_eq!(shows, is_instruction, "{}", file.display());
    }
}

#[test]
fn instructions_are_split_by_their_readers() {
    let world = World::new(&DEMO);
    world.run_build_script(world.build_script()).unwrap();
    let out_dir = world.text(&format!("out/run/out/{OUT_DIR}"));
    let cfg: Cfg = recorded::read(&world.text("out/run/cfg")).unwrap();
    assert_eq!(cfg.cfg, ["answered"]);
    assert_eq!(cfg.check_cfg, ["cfg(answered)"]);
    assert_eq!(cfg.env["ANSWER"], "forty-two");
    let link: Link = recorded::read(&world.text("out/run/link")).unwrap();
    assert_eq!(link.libs, ["static=native"]);
    assert_eq!(link.search[0].path, format!("native={out_dir}"));
    assert!(link.search[0].own);
    let dep: Dep = recorded::read(&world.text("out/run/dep")).unwrap();
    assert_eq!(dep.metadata["INCLUDE"], world.text("build/ws/demo/c"));
    assert_eq!(dep.metadata["ROOT"], out_dir);
    assert_eq!(dep.out_dir.unwrap().from, out_dir);
}

#[test]
fn a_dependent_build_script_sees_the_metadata() {
    let world = script(
        r#"assert_eq!(std::env::var("DEP_Z_NG_INCLUDE_DIR").as_deref(), Ok("/z"));
           let cc = std::env::split_paths(&std::env::var_os("PATH").unwrap())
               .map(|dir| dir.join("cc")).find(|cc| cc.exists()).unwrap();
           assert!(std::fs::read_to_string(cc).unwrap().contains("-ffile-prefix-map=/z=/v"));"#,
    );
    let dep = r#"{"metadata": {"INCLUDE_DIR": "/z"}, "out-dir": {"from": "/z", "to": "/v"}}"#;
    fs::create_dir(world.path("dep")).unwrap();
    fs::write(world.path("dep/instructions.json"), dep).unwrap();
    let mut script = world.build_script();
    script.deps = vec![DepMetadata {
        links: "z-ng".to_string(),
        dep: world.text("dep"),
    }];
    world.run_build_script(script).unwrap();
}

#[test]
fn a_build_script_may_write_into_its_package() {
    let world = script(r#"std::fs::write("src/generated.rs", "").unwrap();"#);
    fs::create_dir(world.path("store/source-1/demo/src")).unwrap();
    world.run_build_script(world.build_script()).unwrap();
    assert!(!world.path("store/source-1/demo/src/generated.rs").exists());
    assert!(world.path("build/ws/demo/src/generated.rs").exists());
}

#[test]
fn replaced_instructions_are_taken_without_running_anything() {
    let world = script("std::process::exit(3);");
    let mut script = world.build_script();
    script.program = String::new();
    script.replaced = Some(vec![
        ("rustc-link-lib".to_owned(), "static=other".to_owned()),
        ("root".to_owned(), "/prefix".to_owned()),
    ]);
    world.run_build_script(script).unwrap();
    let link: Link = recorded::read(&world.text("out/run/link")).unwrap();
    assert_eq!(link.libs, ["static=other"]);
    let dep: Dep = recorded::read(&world.text("out/run/dep")).unwrap();
    assert_eq!(dep.metadata["ROOT"], "/prefix");
}

/// As cxx-build does, whose OUT_DIR then has links to what it wrote there.
#[test]
fn a_build_script_finds_the_target_directory_above_its_own() {
    let world = script(
        r#"let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
           let target = out.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists()).unwrap();
           std::fs::create_dir(target.join("shared")).unwrap();
           std::fs::write(target.join("shared/cxx.h"), "header").unwrap();
           std::os::unix::fs::symlink(target.join("shared/cxx.h"), out.join("cxx.h")).unwrap();"#,
    );
    world.run_build_script(world.build_script()).unwrap();
    let header = world.path(&format!("out/run/out/{OUT_DIR}/cxx.h"));
    assert_eq!(fs::read_to_string(header).unwrap(), "header");
    assert!(!world.path("out/run/out/CACHEDIR.TAG").exists());
}

#[test]
fn a_failing_build_script_is_named() {
    let world = script("std::process::exit(3);");
    let message = message(world.run_build_script(world.build_script()));
    assert_eq!(
        message.lines().last(),
        Some(
            "error: package demo 1.0.0, target build script: \
             the build script failed (exit status: 3) (unit crate-run)"
        )
    );
}

#[test]
fn an_error_that_a_build_script_prints_fails_it() {
    let world = script(r#"println!("cargo::error=no libfoo");"#);
    let message = message(world.run_build_script(world.build_script()));
    assert!(
        message.contains("the build script reports: no libfoo"),
        "{message}"
    );
    assert!(!world.path("out/run/cfg").exists());
}

#[test]
fn an_invalid_directive_fails_the_build_script() {
    let world = script(r#"println!("cargo::no-such-key=1");"#);
    let message = message(world.run_build_script(world.build_script()));
    assert!(message.contains("`no-such-key` is unknown"), "{message}");
}

#[test]
fn a_compile_error_ends_in_one_line_with_the_unit() {
    let world = library("fn f() { 1 + \"\" }");
    assert_eq!(
        message(world.run_library(world.library())),
        "error: package demo 1.0.0, target lib: rustc failed (exit status: 1) (unit crate-lib)"
    );
}

#[test]
fn a_missing_file_comes_with_the_setting_that_adds_it() {
    for (source, file) in [
        (r#"pub const A: &str = include_str!("a.txt");"#, "a.txt"),
        ("pub mod m;", "`m`"),
    ] {
        let world = library(source);
        let message = message(world.run_library(world.library()));
        assert!(message.contains(file), "{message}");
        assert!(message.contains("extra-sources"), "{message}");
        assert!(message.contains("unit crate-lib"), "{message}");
    }
}

#[test]
fn a_file_of_no_input_may_not_be_read() {
    let world = library("");
    fs::write(world.path("foreign.txt"), "x").unwrap();
    let foreign = world.text("foreign.txt");
    let source = format!("pub const A: &str = include_str!({foreign:?});");
    fs::write(world.path("store/source-1/demo/src/lib.rs"), source).unwrap();
    let message = message(world.run_library(world.library()));
    assert!(message.contains(&foreign), "{message}");
    assert!(message.contains("extra-sources"), "{message}");
}

#[test]
fn an_unexpected_product_is_an_error() {
    let world = library("");
    let mut rustc = world.library();
    rustc.products.pop();
    let message = message(world.run_library(rustc));
    assert!(message.contains("libdemo-1.rmeta"), "{message}");
}

#[test]
fn a_command_line_longer_than_the_limit_works() {
    let world = library("#[cfg(last)] pub fn f() {} #[cfg(not(last))] compile_error!();");
    let mut rustc = world.library();
    for number in 0..10_000 {
        rustc
            .args
            .extend(["--cfg".to_string(), format!("a_long_name_{number}")]);
    }
    rustc.args.extend(["--cfg".to_string(), "last".to_string()]);
    world.run_library(rustc).unwrap();
}

#[test]
fn recorded_environments_reach_the_linker() {
    let world = World::new(&[
        (
            "demo/src/main.rs",
            "#[link(name = \"sys\")] extern \"C\" { fn sys() -> u32; }\nfn main() { println!(\"{}\", unsafe { sys() }); }",
        ),
        ("c/sys.c", "unsigned sys(void) { return 11; }"),
    ]);
    fs::create_dir_all(world.path("store/sys/lib")).unwrap();
    let status = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(world.path("store/sys/lib/libsys.so"))
        .arg(world.path("store/source-1/c/sys.c"))
        .status()
        .unwrap();
    assert!(status.success());
    let mut rustc = world.binary();
    rustc.crates.clear();
    rustc
        .args
        .retain(|arg| arg != "--extern" && !arg.starts_with("demo="));
    // As nixpkgs' setup and an entry of `defaultCrateOverrides` leave it.
    let lib = world.text("store/sys/lib");
    let recorded = world.path("store/environment");
    let run_path = format!("-Wl,-rpath,{lib}");
    let text = format!(r#"{{"NIX_LDFLAGS": "-L{lib}", "extraLinkFlags": "{run_path}"}}"#);
    fs::write(&recorded, text).unwrap();
    rustc.process.environment = vec![recorded.display().to_string()];
    world.run_binary(rustc).unwrap();
    assert_eq!(output_of(&world.path("out/bin/out/bin/demo")), "11\n");
}

/// A run of a package whose script copies a file that it does not name, with the run `base` before it.
fn run_after(world: &World, base: Option<&str>, name: &str) -> String {
    let outputs = ["cfg", "dep", "link", "out", "state"];
    let keep = base.is_none();
    let of_base = |base: &str| {
        let path = |output: &str| world.text(&format!("out/{base}/{output}"));
        outputs.map(|output| (output.to_string(), path(output)))
    };
    let script = BuildScript {
        incremental: Some(Incremental {
            base: base.map(of_base).into_iter().flatten().collect(),
            keep,
            directory: None,
        }),
        ..world.build_script()
    };
    let made = if keep { &outputs[..] } else { &outputs[..4] };
    world
        .run(name, Spec::BuildScript(Box::new(script)), made)
        .unwrap();
    fs::read_to_string(world.path(&format!("out/{name}/out/{OUT_DIR}/copy"))).unwrap()
}

#[test]
fn a_script_runs_again_only_if_what_it_named_has_changed() {
    let world = script(
        r#"println!("cargo::rerun-if-changed=named");
           let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
           println!("cargo::metadata=root={}", out.display());
           std::fs::copy("other", out.join("copy")).unwrap();"#,
    );
    let write = |file: &str, text: &str| {
        fs::write(world.path(&format!("store/source-1/demo/{file}")), text).unwrap();
    };
    write("other", "1");
    write("named", "1");
    world.run_build_script(world.build_script()).unwrap();
    assert_eq!(run_after(&world, None, "base"), "1");

    write("other", "2");
    assert_eq!(run_after(&world, Some("base"), "same"), "1");
    // What mentions the outputs mentions its own.
    let dep: Dep = recorded::read(&world.text("out/same/dep")).unwrap();
    let own = world.text(&format!("out/same/out/{OUT_DIR}"));
    assert_eq!(dep.metadata["ROOT"], own);
    assert_eq!(dep.out_dir.unwrap().from, own);

    write("named", "2");
    assert_eq!(run_after(&world, Some("base"), "changed"), "2");
    // cargo runs a script again whose file is missing.
    fs::remove_file(world.path("store/source-1/demo/named")).unwrap();
    assert_eq!(run_after(&world, Some("base"), "missing"), "2");
}

#[test]
fn a_script_that_names_nothing_runs_again_after_any_change() {
    let world = script(
        r#"let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
           std::fs::copy("other", out.join("copy")).unwrap();"#,
    );
    let other = world.path("store/source-1/demo/other");
    fs::write(&other, "1").unwrap();
    world.run_build_script(world.build_script()).unwrap();
    assert_eq!(run_after(&world, None, "base"), "1");
    // What is in the store under one name never changes.
    fs::create_dir_all(world.path("store/source-2/demo")).unwrap();
    fs::copy(
        world.path("store/source-1/demo/build.rs"),
        world.path("store/source-2/demo/build.rs"),
    )
    .unwrap();
    fs::write(world.path("store/source-2/demo/other"), "2").unwrap();
    let mut edited = world;
    edited.tree = "source-2".to_string();
    assert_eq!(run_after(&edited, Some("base"), "edit"), "2");
}
