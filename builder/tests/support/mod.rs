//! A small package, built unit by unit with the machine's own compiler.

use dyndrv_builder::error::Result;
use dyndrv_builder::sandbox::Sandbox;
use dyndrv_builder::spec::task::Task;
use dyndrv_builder::spec::{
    Artifact, BuildScript, LinkArgTarget, Origin, Process, Product, Rustc, ScriptUse, Source, Spec,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub const OUT_DIR: &str = "debug/build/demo-1/out";

/// A directory with a sandbox, a package in a store, and outputs.
pub struct World {
    _temp: TempDir,
    root: PathBuf,
    /// The package's name in the store.
    pub tree: String,
}

impl World {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(temp.path()).unwrap();
        let world = Self {
            _temp: temp,
            root,
            tree: "source-1".to_string(),
        };
        for (file, text) in files {
            let path = world.path("store/source-1").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        world
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn text(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    /// Empties the sandbox and forgets all outputs, and gives the package another
    /// name in the store.
    pub fn start_again(&mut self, tree: &str) {
        fs::remove_dir_all(self.path("out")).unwrap();
        fs::rename(
            self.path("store").join(&self.tree),
            self.path("store").join(tree),
        )
        .unwrap();
        self.tree = tree.to_string();
    }

    /// Runs one unit in an empty sandbox; its outputs are `out/NAME/OUTPUT`.
    pub fn run(&self, name: &str, unit: Spec, outputs: &[&str]) -> Result<()> {
        let _ = fs::remove_dir_all(self.path("build"));
        fs::create_dir_all(self.path("out").join(name)).unwrap();
        let outputs = outputs
            .iter()
            .map(|output| (*output, self.path(&format!("out/{name}/{output}"))))
            .collect();
        let task = Task {
            name: format!("crate-{name}"),
            unit,
            outputs,
        };
        dyndrv_builder::run(&task, &Sandbox::new(self.path("build")), Some("3"))
    }

    pub fn process(&self, target: &str) -> Process {
        let path = std::env::var("PATH").unwrap();
        Process {
            package: "demo 1.0.0".to_string(),
            target: target.to_string(),
            cwd: self.text("build/ws/demo"),
            env: BTreeMap::from([("CARGO_PKG_NAME".to_string(), "demo".to_string())]),
            path: path.split(':').map(String::from).collect(),
            sources: vec![Source {
                from: Origin::Store(self.text(&format!("store/{}", self.tree))),
                at: self.text("build/ws"),
                links: false,
            }],
            remap: vec![format!("{}=/w", self.text("build/ws"))],
            ..Process::default()
        }
    }

    pub fn rustc(&self, target: &str, args: &[&str], products: &[(&str, &str, &str)]) -> Rustc {
        let mut args: Vec<String> = args.iter().map(ToString::to_string).collect();
        args.extend([
            "-L".to_string(),
            format!("dependency={}", self.text("build/deps")),
        ]);
        // Like cargo: the compiler runs in the workspace, the script in its package.
        let process = Process {
            cwd: self.text("build/ws"),
            ..self.process(target)
        };
        Rustc {
            process,
            compiler: compiler(),
            args,
            products: products
                .iter()
                .map(|(file, output, to)| Product {
                    file: file.to_string(),
                    output: output.to_string(),
                    to: to.to_string(),
                })
                .collect(),
            ..Rustc::default()
        }
    }

    pub fn build_script(&self) -> BuildScript {
        BuildScript {
            process: self.process("build script"),
            program: self.text("out/script/out/bin/build-script-build"),
            out_dir: OUT_DIR.to_string(),
            compiler_cwd: self.text("build/ws"),
            ..BuildScript::default()
        }
    }

    /// Compiles `build.rs` and runs it.
    pub fn run_build_script(&self, script: BuildScript) -> Result<()> {
        let args = "--crate-name build_script_build --edition=2021 demo/build.rs --crate-type bin \
                    --emit=dep-info,link -C metadata=3";
        let args: Vec<&str> = args.split_whitespace().collect();
        let product = ("build_script_build", "out", "bin/build-script-build");
        let rustc = self.rustc("build script", &args, &[product]);
        self.run("script", Spec::Rustc(Box::new(rustc)), &["out"])?;
        let outputs = ["out", "cfg", "link", "dep"];
        self.run("run", Spec::BuildScript(Box::new(script)), &outputs)
    }

    pub fn script_use(&self) -> ScriptUse {
        ScriptUse {
            package: "demo 1.0.0".to_string(),
            link: Some(self.text("out/run/link")),
            cfg: Some(self.text("out/run/cfg")),
            out_dir: Some(self.text(&format!("out/run/out/{OUT_DIR}"))),
            out_dir_remap: Some("/o/demo".to_string()),
            libs: true,
            link_args: vec![LinkArgTarget::All],
        }
    }

    pub fn library(&self) -> Rustc {
        let args = "--crate-name demo --edition=2021 demo/src/lib.rs --crate-type lib \
                    --emit=dep-info,metadata,link -C debuginfo=2 -C metadata=1 \
                    -C extra-filename=-1";
        let args: Vec<&str> = args.split_whitespace().collect();
        let products = [
            ("libdemo-1.rlib", "out", "libdemo-1.rlib"),
            ("libdemo-1.rmeta", "meta", "libdemo-1.rmeta"),
        ];
        self.rustc("lib", &args, &products)
    }

    pub fn run_library(&self, rustc: Rustc) -> Result<()> {
        self.run("lib", Spec::Rustc(Box::new(rustc)), &["out", "meta"])
    }

    pub fn binary(&self) -> Rustc {
        let lib = self.text("build/deps/libdemo-1.rlib");
        let args = format!(
            "--crate-name demo --edition=2021 demo/src/main.rs --crate-type bin \
             --emit=dep-info,link -C debuginfo=2 -C metadata=2 \
             -C extra-filename=-2 --extern demo={lib}"
        );
        let args: Vec<&str> = args.split_whitespace().collect();
        let mut rustc = self.rustc("bin demo", &args, &[("demo-2", "out", "bin/demo")]);
        rustc.crates = vec![Artifact {
            file: "libdemo-1.rlib".to_string(),
            from: self.text("out/lib/out"),
            incremental: false,
        }];
        rustc
    }

    pub fn run_binary(&self, rustc: Rustc) -> Result<()> {
        self.run("bin", Spec::Rustc(Box::new(rustc)), &["out"])
    }

    /// All files of all outputs.
    pub fn outputs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.path("out")];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(
                    fs::read_dir(path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                let content = fs::read(&path).unwrap();
                files.insert(path, content);
            }
        }
        files
    }
}

/// What a program prints.
pub fn output_of(program: &Path) -> String {
    let output = Command::new(program).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn compiler() -> String {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    format!(
        "{}/bin/rustc",
        String::from_utf8(output.stdout).unwrap().trim()
    )
}
