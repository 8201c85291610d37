//! What build scripts and links have of nixpkgs: stdenv's setup with the hooks of all inputs.

use crate::project::{Build, Project, nix, package_path};
use serde_json::json;
use std::process::Command;

/// A package with a build script whose body is this, and with these files.
fn with_script(body: &str, files: &[(&str, &str)]) -> Project {
    let script = format!(
        "use std::{{env, process::Command}};\n\
         #[allow(dead_code)]\n\
         fn run(command: &mut Command) -> String {{\n\
             let output = command.output().unwrap();\n\
             let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);\n\
             assert!(output.status.success(), \"{{command:?}}: {{text}}\");\n\
             text\n\
         }}\n\
         fn main() {{\n\
             let out = env::var(\"OUT_DIR\").unwrap();\n\
             println!(\"cargo::rerun-if-changed=build.rs\");\n\
             {body}\n\
             let _ = (out, Command::new(\"true\"));\n\
         }}\n"
    );
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\nbuild = \"build.rs\"\n",
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", env!(\"FOUND\")) }\n",
        ),
        ("build.rs", &script),
    ]);
    for (path, text) in files {
        project.write(path, text);
    }
    project.locked()
}

/// What the program prints that is built with this entry of `crateEnv`, a Nix expression.
fn found(project: &Project, entry: &str) -> String {
    project.write(
        "dyndrv.nix",
        &format!(
            "{{ dyndrv, pkgs, src, settings }}:\n\
             dyndrv.build ({{ inherit src; crateEnv.app = {entry}; }} // settings)\n"
        ),
    );
    project.build().run("app", &[])
}

/// Prints variables, each with a comma behind it.
const SHOW: &str = r#"
    let shown = |name: &str| env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=FOUND={},{}", shown("FROM_HOOK"), shown("BY_NAME"));
"#;

#[test]
fn setup_hooks_of_inputs_run() {
    let project = with_script(SHOW, &[]);
    let hook = r#"_: {
        BY_NAME = "yes";
        nativeBuildInputs = [
          null
          (derivation {
            name = "hook";
            system = "x86_64-linux";
            builder = "${pkgs.bash}/bin/bash";
            PATH = "${pkgs.coreutils}/bin";
            args = [ "-euc" ''
              mkdir -p $out/nix-support
              echo 'postHook="''${postHook-}"$'"'\n'"'"export FROM_HOOK=run"' > $out/nix-support/setup-hook
              exit 0
            '' ];
          })
        ];
      }"#;
    assert_eq!(found(&project, hook), "run,yes\n");
}

/// As `mkDerivation` has them, for the whole project.
#[test]
fn inputs_of_the_project_reach_every_build_script() {
    let project = with_script(
        r#"
        let shown = |name: &str| env::var(name).unwrap_or_default();
        let printed = run(Command::new("speaker").arg(""));
        let linked = run(Command::new("pkg-config").args(["--libs", "zlib"]));
        assert!(linked.contains("-lz"), "{linked}");
        println!("cargo::rustc-env=FOUND={},{}", printed.trim(), shown("BY_NAME"));
        "#,
        &[],
    );
    project.write(
        "dyndrv.nix",
        r#"{ dyndrv, pkgs, src, settings }:
        dyndrv.build {
          inherit src;
          env.BY_NAME = "yes";
          buildInputs = [ pkgs.zlib ];
          nativeBuildInputs = [
            (derivation {
              name = "speaker";
              system = "x86_64-linux";
              builder = "${pkgs.bash}/bin/bash";
              PATH = "${pkgs.coreutils}/bin";
              args = [ "-euc" ''
                mkdir -p $out/bin
                printf '#!${pkgs.bash}/bin/bash\necho spoken\n' >$out/bin/speaker
                chmod +x $out/bin/speaker
                exit 0
              '' ];
            })
          ];
        }
        "#,
    );
    assert_eq!(project.build().run("app", &[]), "spoken,yes\n");
}

/// As nixpkgs' compiler does where it has a role, which is only in an environment of stdenv.
#[test]
fn c_code_is_compiled_as_in_stdenv() {
    let body = r#"
        let object = format!("{out}/probe.o");
        let compiled = run(Command::new("cc").args(["-O2", "-march=native", "-c", "probe.c", "-o", &object]));
        assert!(compiled.contains("Skipping impure flag -march=native"), "{compiled}");
        let symbols = run(Command::new("nm").arg(&object));
        assert!(symbols.contains("__snprintf_chk"), "{symbols}");
        assert!(symbols.contains("__stack_chk_fail"), "{symbols}");
        assert!(symbols.contains("flagged"), "{symbols}");
        println!("cargo::rustc-env=FOUND={}", env::var("SOURCE_DATE_EPOCH").unwrap());
    "#;
    let source = r#"
        #include <stdio.h>
        #include <string.h>
        int probe(const char *s, char *d) {
          char copy[64];
          strcpy(copy, s);
          return snprintf(d, 64, "%s %s", copy, __DATE__);
        }
        #ifdef FLAG
        int flagged;
        #endif
    "#;
    let project = with_script(body, &[("probe.c", source)]);
    let entry = r#"{ NIX_CFLAGS_COMPILE = "-DFLAG"; }"#;
    assert_eq!(found(&project, entry), "315532800\n");
}

/// A package that has one of these names, as a crate that nixpkgs knows.
fn with_dependency(name: &str, version: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\n{name} = {{ path = \"dep\", optional = true }}\n"
    );
    let dependency =
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n");
    Project::of(&[
        ("Cargo.toml", &manifest),
        ("src/main.rs", "fn main() { println!(\"well\") }\n"),
        ("dep/Cargo.toml", &dependency),
        ("dep/src/lib.rs", ""),
    ])
    .locked()
}

#[test]
fn a_package_that_does_not_evaluate_matters_to_units_that_need_it() {
    let mut project = with_dependency("alsa-sys", "0.3.1");
    // It is locked, and not built.
    assert_eq!(project.build().run("app", &[]), "well\n");
    project.args = json!({ "features": ["alsa-sys"] });
    let log = project.try_build().err().unwrap();
    for text in [
        "lib of `alsa-sys 0.3.1` cannot be built",
        "which nixpkgs refuses to evaluate on this platform",
        "crateEnv.alsa-sys",
    ] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    project.args = json!({ "features": ["alsa-sys"], "crateEnv": { "alsa-sys": {} } });
    assert_eq!(project.build().run("app", &[]), "well\n");
}

/// nixpkgs' own entries have keys for buildRustCrate, which does otherwise than cargo.
#[test]
fn what_nixpkgs_changes_for_its_own_builder_is_left_out() {
    for (name, version) in [("proc-macro-crate", "3.4.0"), ("rink", "0.6.0")] {
        let mut project = with_dependency(name, version);
        project.args = json!({ "features": [name] });
        assert_eq!(project.build().run("app", &[]), "well\n");
    }
}

/// The environment of a package reaches its compilation, in which its macros run.
#[test]
fn a_macro_starts_a_program_that_its_user_has() {
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
    };
    let project = Project::of(&[
        (
            "Cargo.toml",
            &manifest("app", "[dependencies]\nasks = { path = \"asks\" }\n"),
        ),
        ("src/lib.rs", "pub const SAID: &str = asks::gzip!();\n"),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", app::SAID) }\n",
        ),
        (
            "asks/Cargo.toml",
            &manifest("asks", "[lib]\nproc-macro = true\n"),
        ),
        (
            "asks/src/lib.rs",
            r#"#[proc_macro]
               pub fn gzip(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
                   let output = std::process::Command::new("gzip").arg("--version").output().unwrap();
                   let text = String::from_utf8(output.stdout).unwrap();
                   format!("{:?}", text.split(' ').next().unwrap()).parse().unwrap()
               }"#,
        ),
    ])
    .locked();
    let said = found(&project, "_: { nativeBuildInputs = [ pkgs.gzip ]; }");
    assert_eq!(said, "gzip\n");
}

/// A program with C code in it, and the properties of programs that flags for the linker decide.
#[test]
fn programs_are_linked_as_in_stdenv() {
    let project = with_script(
        r#"
        run(Command::new("cc").args(["-O2", "-c", "answer.c", "-o", &format!("{out}/answer.o")]));
        run(Command::new("ar").args(["crs", &format!("{out}/libanswer.a"), &format!("{out}/answer.o")]));
        println!("cargo::rustc-link-search=native={out}");
        println!("cargo::rustc-link-lib=static=answer");
        println!("cargo::rustc-env=FOUND=");
        "#,
        &[
            ("answer.c", "int answer(void) { return 42; }\n"),
            (
                "src/main.rs",
                "unsafe extern \"C\" { fn answer() -> i32; }\n\
                 fn main() { println!(\"{}{}\", env!(\"FOUND\"), unsafe { answer() }) }\n",
            ),
            ("program.c", "int main(void) { return 0; }\n"),
            (
                "dyndrv.nix",
                "{ dyndrv, pkgs, src, settings }:\n\
                 dyndrv.build {\n\
                   inherit src;\n\
                   passthru.program = pkgs.stdenv.mkDerivation {\n\
                     name = \"program\";\n\
                     inherit src;\n\
                     installPhase = \"mkdir -p $out/bin; cc -O2 program.c -o $out/bin/app\";\n\
                   };\n\
                 }\n",
            ),
        ],
    );
    let build = project.build();
    assert_eq!(build.run("app", &[]), "42\n");
    let expected = properties(&project.build_attribute("program").unwrap());
    // Or else the comparison would say nothing.
    for property in ["GNU_RELRO", "(FLAGS) BIND_NOW", "PIE"] {
        let has = expected.iter().any(|line| line.contains(property));
        assert!(has, "{property}: {expected:?}");
    }
    assert_eq!(properties(&build), expected);
}

/// What the headers of a build's program say of how it was linked.
fn properties(build: &Build) -> Vec<String> {
    let output = Command::new(format!("{}/bin/readelf", package_path("gcc")))
        .args(["--file-header", "--program-headers", "--dynamic", "--wide"])
        .arg(build.out.join("bin/app"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let named = ["Type:", "GNU_RELRO", "GNU_STACK", "(FLAGS", "interpreter"];
    text.lines()
        .filter(|line| named.iter().any(|name| line.contains(name)))
        .map(|line| {
            // Without addresses and sizes.
            let words = line
                .split_whitespace()
                .filter(|word| !word.starts_with("0x"));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Debug information of C names the headers that it includes.
#[test]
fn headers_do_not_stay_in_the_closure() {
    let mut project = with_script(
        r#"
        let (object, library) = (format!("{out}/hello.o"), format!("{out}/libhello.a"));
        run(Command::new("cc").args(["-g3", "-c", "hello.c", "-o", &object]));
        run(Command::new("ar").args(["crs", &library, &object]));
        println!("cargo::rustc-link-search=native={out}");
        println!("cargo::rustc-link-lib=static=hello");
        println!("cargo::rustc-env=FOUND=");
        "#,
        &[
            (
                "hello.c",
                "#include <stdio.h>\nvoid hello(FILE *file) { fputs(\"hello\\n\", file); }\nvoid greet(void) { hello(stdout); }\n",
            ),
            (
                "src/main.rs",
                "unsafe extern \"C\" { fn greet(); }\n\
                 fn main() { unsafe { greet() } print!(\"{}\", env!(\"FOUND\")) }\n",
            ),
        ],
    );
    project.args = json!({ "profile": "dev" });
    let build = project.build();
    assert_eq!(build.run("app", &[]), "hello\n");
    let text = std::fs::read(build.out.join("bin/app")).unwrap();
    assert!(has(&text, b"/input/"), "no debug information of C");
    let closure = closure(&build);
    let compiler = package_path("gcc");
    assert!(!closure.contains(&compiler), "{compiler} in {closure}");
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// All store paths that a result keeps, one a line.
fn closure(build: &Build) -> String {
    let output = nix()
        .args(["path-info", "--recursive"])
        .arg(&build.out)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A program that names the compiler would bring it along wherever it is installed.
#[test]
fn a_result_that_keeps_a_compiler_is_refused() {
    let mut project = with_script(
        r#"println!("cargo::rustc-env=FOUND={}", env::var("RUSTC").unwrap());"#,
        &[],
    );
    let log = project.try_build().err().unwrap();
    for text in ["not allowed to refer to", "rustc"] {
        assert!(log.contains(text), "no {text:?} in:\n{log}");
    }
    project.args = json!({ "guardClosure": false });
    let build = project.build();
    let named = build.run("app", &[]);
    let rustc = named.trim().strip_suffix("/bin/rustc").unwrap();
    assert!(closure(&build).contains(rustc), "{named}");
}
