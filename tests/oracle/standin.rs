//! The stand-in for rustc: it writes down how it is called, and touches what rustc would make.
//!
//! Called as a compiled build script (every product is this program), it
//! writes that down too, and prints instructions that show where they get to.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// Names the directory of the records; set for the stand-in only.
pub const RECORDS: &str = "DYNDRV_TEST_RECORDS";
/// Names the real rustc, which answers questions.
pub const REAL_RUSTC: &str = "DYNDRV_TEST_RUSTC";

/// One process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub program: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub cwd: String,
}

impl Record {
    pub fn is_script(&self) -> bool {
        self.args.is_empty()
    }
}

pub fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.is_empty() {
        write_record(&args);
        return build_script();
    }
    if args
        .iter()
        .any(|arg| arg.starts_with("-v") || arg.starts_with("--print"))
    {
        let status = Command::new(env::var_os(REAL_RUSTC).unwrap())
            .args(&args)
            .status()
            .unwrap();
        return ExitCode::from(status.code().unwrap_or(1) as u8);
    }
    write_record(&args);
    make_products(&args);
    ExitCode::SUCCESS
}

fn write_record(args: &[String]) {
    let record = Record {
        program: env::args().next().unwrap(),
        args: args.to_vec(),
        env: env::vars().collect(),
        cwd: env::current_dir().unwrap().to_str().unwrap().to_owned(),
    };
    let dir = PathBuf::from(env::var_os(RECORDS).unwrap());
    let file = dir.join(format!("{}.json", std::process::id()));
    assert!(!file.exists(), "two processes with one number");
    fs::write(file, serde_json::to_vec(&record).unwrap()).unwrap();
}

/// The instructions of a build script: always the same kinds, so that their way can be predicted.
///
/// A file `probe` in the package adds more.
pub fn printed_instructions(package: &str, out_dir: &str, extra: &str) -> String {
    let mut text = format!(
        "cargo:rustc-link-search=/elsewhere/{package}\n\
         cargo:rustc-link-search=native={out_dir}\n\
         cargo:rustc-link-lib=lib_{package}\n\
         cargo:rustc-link-arg=all_{package}\n\
         cargo:rustc-link-arg-cdylib=cdylib_{package}\n\
         cargo:rustc-cfg=cfg_{package}\n\
         cargo:rustc-check-cfg=cfg(cfg_{package})\n\
         cargo:rustc-env=ENV_{package}=value\n\
         cargo:probe={out_dir}\n"
    );
    text.push_str(extra);
    text
}

fn build_script() -> ExitCode {
    let package = env::var("CARGO_PKG_NAME").unwrap();
    let extra = fs::read_to_string(probe_file(&env::var("CARGO_MANIFEST_DIR").unwrap()));
    print!(
        "{}",
        printed_instructions(
            &package,
            &env::var("OUT_DIR").unwrap(),
            &extra.unwrap_or_default()
        )
    );
    ExitCode::SUCCESS
}

/// The file with a package's own instructions.
pub fn probe_file(package_dir: &str) -> PathBuf {
    Path::new(package_dir).join("probe")
}

fn make_products(args: &[String]) {
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name);
        at.map(|at| args[at + 1].clone()).unwrap_or_default()
    };
    let codegen = |key: &str| {
        let value = args.iter().find_map(|arg| arg.strip_prefix(key));
        value.unwrap_or_default().to_owned()
    };
    let out = PathBuf::from(value("--out-dir"));
    let stem = format!("{}{}", value("--crate-name"), codegen("extra-filename="));
    let emit = codegen("--emit=");
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join(format!("{stem}.d")), format!("{stem}:\n")).unwrap();
    if emit.contains("metadata") {
        let rmeta = out.join(format!("lib{stem}.rmeta"));
        fs::write(&rmeta, "").unwrap();
        let rmeta = rmeta.display();
        eprintln!(r#"{{"$message_type":"artifact","artifact":"{rmeta}","emit":"metadata"}}"#);
    }
    let mut types: Vec<&str> = args
        .windows(2)
        .filter(|pair| pair[0] == "--crate-type")
        .map(|pair| pair[1].as_str())
        .collect();
    if types.is_empty() {
        types.push("bin");
    }
    for crate_type in types.into_iter().filter(|_| emit.contains("link")) {
        match crate_type {
            "bin" => copy_of_itself(&out.join(&stem)),
            "staticlib" => fs::write(out.join(format!("lib{stem}.a")), "").unwrap(),
            "lib" | "rlib" => fs::write(out.join(format!("lib{stem}.rlib")), "").unwrap(),
            _ => fs::write(out.join(format!("lib{stem}.so")), "").unwrap(),
        }
    }
}

/// cargo makes hard links of products, so that a symbolic link would do no good.
fn copy_of_itself(to: &Path) {
    let _ = fs::remove_file(to);
    let itself = env::current_exe().unwrap();
    if fs::hard_link(&itself, to).is_err() {
        fs::copy(&itself, to).unwrap();
    }
}
