//! Path prefix maps for C compilers, by wrappers.
//!
//! C compilers write paths of sources and headers into debug information and `__FILE__`. They
//! get virtual names by `-ffile-prefix-map`, but not through `CFLAGS`: cargo sets no such
//! variable, and one that is set takes a Makefile's and configure's own defaults away. So each
//! C compiler on `PATH` is hidden by a script of the same name that adds the maps and runs it.
//!
//! | the compiler is | what finds the wrapper |
//! |---|---|
//! | on `PATH` by a usual name: `cc`, `g++`, `clang-18`, `aarch64-linux-gnu-gcc` … | the first directory of `PATH` |
//! | named by its absolute path in `CC`, `CXX`, `CC_<target>` … | that variable |
//!
//! A wrapper adds the maps where something is compiled, and not where objects are linked.

use super::Environment;
use super::Sandbox;
use super::files::{create_dir_all, entries};
use crate::build_script::recorded::Remap;
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where wrappers lie, below the sandbox's directory.
const DIRECTORY: &str = "c-compilers";
/// The names of compilers, which a target may precede and a version may follow.
const NAMES: [&str; 7] = ["cc", "c++", "gcc", "g++", "clang", "clang++", "cpp"];
/// The variables by which build scripts name a compiler, `…_<target>` and `HOST_…` as well.
const VARIABLES: [&str; 2] = ["CC", "CXX"];
/// The shell of Nix's sandbox.
const SHELL: &str = "/bin/sh";

/// Wraps the C compilers that a process with this environment finds.
///
/// # Errors
///
/// If a wrapper cannot be written, or there is no shell to run it.
pub fn wrap(env: &mut Environment, maps: &[Remap], sandbox: &Sandbox) -> Result<()> {
    let directory = sandbox.root().join(DIRECTORY);
    let shell = shell(env)?;
    let mut wrapped = BTreeSet::new();
    let path = env.get("PATH").cloned().unwrap_or_default();
    for found in path.split(':').filter(|found| !found.is_empty()) {
        for name in compilers_in(Path::new(found))? {
            if wrapped.insert(name.clone()) {
                let wrapper = Wrapper {
                    shell: &shell,
                    program: &Path::new(found).join(&name),
                    maps,
                };
                wrapper.write(&directory.join(name))?;
            }
        }
    }
    if !wrapped.is_empty() {
        let path = format!("{}:{path}", directory.display());
        env.insert("PATH".to_string(), path);
    }
    for (variable, value) in env.iter_mut().filter(|(name, _)| is_variable(name)) {
        let program = PathBuf::from(&value);
        let Some(name) = compiler_name(&program) else {
            continue;
        };
        let wrapper = Wrapper {
            shell: &shell,
            program: &program,
            maps,
        };
        // The name stays: what a compiler can do is often told from it.
        let at = directory.join("of").join(variable).join(name);
        wrapper.write(&at)?;
        *value = at.display().to_string();
    }
    Ok(())
}

/// A script in place of a compiler.
struct Wrapper<'a> {
    shell: &'a Path,
    program: &'a Path,
    maps: &'a [Remap],
}

impl Wrapper<'_> {
    fn write(&self, at: &Path) -> Result<()> {
        if let Some(parent) = at.parent() {
            create_dir_all(parent)?;
        }
        let program = quoted(&self.program.display().to_string());
        let maps: String = self
            .maps
            .iter()
            .map(|map| format!("-ffile-prefix-map={}={}", map.from, map.to))
            .map(|flag| format!(" {}", quoted(&flag)))
            .collect();
        let script = format!(
            "#!{}\nfor argument; do\n  case $argument in\n    \
             -c | -S | -E | - | @* | *.[cCmsS] | *.cc | *.cpp | *.cxx | *.c++ | *.mm)\n      \
             exec {program} \"$@\"{maps}\n      ;;\n  esac\ndone\nexec {program} \"$@\"\n",
            self.shell.display()
        );
        fs::write(at, script)
            .and_then(|()| fs::set_permissions(at, fs::Permissions::from_mode(0o755)))
            .map_err(|e| Error::io("cannot write the wrapper of a C compiler", at, e))
    }
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn shell(env: &Environment) -> Result<PathBuf> {
    let path = env.get("PATH").map(String::as_str).unwrap_or_default();
    let on_path = path
        .split(':')
        .filter(|directory| !directory.is_empty())
        .map(|directory| Path::new(directory).join("sh"));
    std::iter::once(PathBuf::from(SHELL))
        .chain(on_path)
        .find(|shell| shell.exists())
        .ok_or_else(|| {
            Error::new(format!(
                "there is neither {SHELL} nor `sh` on PATH to run the wrappers of C compilers"
            ))
            .note(format!(
                "Nix's sandbox has {SHELL} by default: see `sandbox-paths` in nix.conf"
            ))
        })
}

/// The names of the compilers in a directory of `PATH`, sorted.
fn compilers_in(directory: &Path) -> Result<Vec<String>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let names = entries(directory)?.into_iter();
    Ok(names
        .filter_map(|(name, _)| compiler_name(&directory.join(name)))
        .collect())
}

/// The name of a file, if it is a C compiler.
fn compiler_name(program: &Path) -> Option<String> {
    let name = program.file_name()?.to_str()?;
    let executable = || {
        fs::metadata(program)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    (program.is_absolute() && is_name(name) && executable()).then(|| name.to_string())
}

/// Whether `name` is one of [`NAMES`], with a target before it or a version behind it.
fn is_name(name: &str) -> bool {
    let name = match name.rsplit_once('-') {
        Some((name, version))
            if version.starts_with(|c: char| c.is_ascii_digit())
                && version.chars().all(|c| c.is_ascii_digit() || c == '.') =>
        {
            name
        }
        _ => name,
    };
    NAMES.contains(&name.rsplit_once('-').map_or(name, |(_, last)| last))
}

fn is_variable(name: &str) -> bool {
    let rest = name
        .strip_prefix("HOST_")
        .or_else(|| name.strip_prefix("TARGET_"))
        .unwrap_or(name);
    VARIABLES.iter().any(|variable| {
        rest.strip_prefix(variable)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::process::Command;
    use tempfile::TempDir;

    #[test]
    fn compilers_are_known_by_their_names() {
        for (name, expected) in [
            ("cc", true),
            ("clang++", true),
            ("gcc-13", true),
            ("clang-18.1", true),
            ("aarch64-unknown-linux-gnu-g++", true),
            ("x86_64-linux-gnu-gcc-14", true),
            ("gcc-ar", false),
            ("clang-format", false),
            ("ld", false),
            ("icc", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }

    /// A directory with programs that print how they are called. Children write them: a file that a thread has
    /// open for writing, or a child that another thread starts then, cannot be started ("Text file busy").
    fn programs(names: &[&str]) -> (TempDir, Sandbox, Environment) {
        let temp = tempfile::tempdir().unwrap();
        let bin = temp.path().join("it's/bin");
        create_dir_all(&bin).unwrap();
        for name in names {
            let text = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\"\n";
            let write = "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"";
            let mut writer = Command::new("/bin/sh");
            writer.args(["-c", write, "sh"]).arg(bin.join(name));
            assert!(writer.arg(text).status().unwrap().success());
        }
        let sandbox = Sandbox::new(temp.path().join("build"));
        let path = ("PATH".to_string(), bin.display().to_string());
        (temp, sandbox, [path].into())
    }

    fn lines(program: &str, args: &[&str], env: &Environment) -> Vec<String> {
        // A shell reads the wrapper: this process has written it.
        let output = Command::new("/bin/sh")
            .arg(program)
            .args(args)
            .env_clear()
            .env("PATH", &env["PATH"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(String::from).collect()
    }

    fn maps() -> [Remap; 1] {
        let (from, to) = ("/build/a b".to_string(), "/w".to_string());
        [Remap { from, to }]
    }

    #[test]
    fn a_compiler_on_path_gets_the_maps_when_it_compiles() {
        let (_temp, sandbox, mut env) = programs(&["cc", "ar"]);
        wrap(&mut env, &maps(), &sandbox).unwrap();
        assert!(!env.contains_key("CFLAGS"));
        let flag = "-ffile-prefix-map=/build/a b=/w";
        let wrapper = sandbox.root().join(DIRECTORY).join("cc");
        let wrapper = wrapper.display().to_string();
        assert!(env["PATH"].starts_with(sandbox.root().join(DIRECTORY).to_str().unwrap()));
        assert_eq!(
            lines(&wrapper, &["-O2", "-c", "x y.c"], &env),
            ["cc", "-O2", "-c", "x y.c", flag]
        );
        assert_eq!(lines(&wrapper, &["a.o", "-lz"], &env), ["cc", "a.o", "-lz"]);
        assert!(!sandbox.root().join(DIRECTORY).join("ar").exists());
    }

    #[test]
    fn a_compiler_that_a_variable_names_is_wrapped_under_its_name() {
        let (temp, sandbox, mut env) = programs(&["arm-gcc"]);
        let program = temp.path().join("it's/bin/arm-gcc").display().to_string();
        env.insert("CC_arm".to_string(), program.clone());
        env.insert("TARGET_CXX".to_string(), "g++".to_string());
        env.insert("CC_WRAPPER".to_string(), "/none/ccache".to_string());
        wrap(&mut env, &maps(), &sandbox).unwrap();
        assert!(env["CC_arm"].ends_with("/arm-gcc"));
        assert_ne!(env["CC_arm"], program);
        assert_eq!(lines(&env["CC_arm"], &["-E"], &env).len(), 3);
        assert_eq!(env["TARGET_CXX"], "g++");
        assert_eq!(env["CC_WRAPPER"], "/none/ccache");
    }
}
