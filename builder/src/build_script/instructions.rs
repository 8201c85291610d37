//! Reads what a build script prints, by cargo's rules.
//!
//! The rules are those of `BuildOutput::parse` in cargo 0.96:
//!
//! | line | meaning |
//! |---|---|
//! | `cargo::KEY=VALUE` | the instruction `KEY`; an unknown one is an error, and so is this syntax in a package whose `rust-version` is below 1.77 |
//! | `cargo:KEY=VALUE`, `KEY` reserved | the instruction `KEY` |
//! | `cargo:KEY=VALUE` otherwise | the metadata `KEY` |
//! | not UTF-8, or anything else | ignored |
//!
//! Lines are trimmed on both sides, values at their end.

use super::earlier::Named;
use crate::error::{Error, Result};
use crate::spec::LinkArgTarget;
use serde::{Deserialize, Serialize};

/// Keys that are instructions in the old syntax. Later ones exist in the new only.
const RESERVED: [&str; 17] = [
    "rustc-flags",
    "rustc-link-lib",
    "rustc-link-search",
    "rustc-link-arg-cdylib",
    "rustc-cdylib-link-arg",
    "rustc-link-arg-bins",
    "rustc-link-arg-bin",
    "rustc-link-arg-tests",
    "rustc-link-arg-benches",
    "rustc-link-arg-examples",
    "rustc-link-arg",
    "rustc-cfg",
    "rustc-check-cfg",
    "rustc-env",
    "warning",
    "rerun-if-changed",
    "rerun-if-env-changed",
];

const DOCUMENTATION: &str = "https://doc.rust-lang.org/cargo/reference/build-scripts.html\
    #outputs-of-the-build-script tells what a build script can print";

/// The facts about the package that the rules need.
#[derive(Debug, Clone, Copy, Default)]
pub struct Package<'a> {
    /// Name and version, for messages.
    pub name: &'a str,
    /// Its `rust-version`.
    pub rust_version: Option<&'a str>,
    /// The targets that it has.
    pub targets: &'a [LinkArgTarget],
    /// Whether the user has set `RUSTC_BOOTSTRAP` for it.
    pub bootstrap: bool,
}

/// The effective instructions, in the order in which they were printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// `rustc-link-search`, and `-L` of `rustc-flags`.
    pub search: Vec<String>,
    /// `rustc-link-lib`, and `-l` of `rustc-flags`.
    pub libs: Vec<String>,
    /// `rustc-link-arg` and its kin.
    pub link_args: Vec<LinkArg>,
    /// `rustc-cfg`.
    pub cfgs: Vec<String>,
    /// `rustc-check-cfg`.
    pub check_cfgs: Vec<String>,
    /// `rustc-env`.
    pub env: Vec<(String, String)>,
    /// `metadata`, and unreserved keys of the old syntax.
    pub metadata: Vec<(String, String)>,
    /// Warnings about the instructions themselves.
    pub warnings: Vec<String>,
    /// `rerun-if-changed` and `rerun-if-env-changed`.
    pub named: Named,
}

/// An argument for the linker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkArg {
    /// Whom it is for.
    pub to: LinkArgTarget,
    /// The argument.
    pub arg: String,
}

/// A build script's messages to its user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Messages {
    /// `cargo::error`: the run has failed, whatever its exit status.
    pub errors: Vec<String>,
    /// `cargo::warning` and `cargo:warning`.
    pub warnings: Vec<String>,
}

/// Reads the messages alone, which works for a script that failed as well.
pub fn messages(stdout: &[u8]) -> Messages {
    let mut found = Messages::default();
    for line in lines(stdout) {
        if let Some(error) = line.strip_prefix("cargo::error=") {
            found.errors.push(error.to_string());
        } else if let Some(warning) = line
            .strip_prefix("cargo::warning=")
            .or_else(|| line.strip_prefix("cargo:warning="))
        {
            found.warnings.push(warning.to_string());
        }
    }
    found
}

/// Reads all instructions but the messages.
pub fn parse(stdout: &[u8], package: Package<'_>) -> Result<Instructions> {
    let mut instructions = Instructions::default();
    for line in lines(stdout) {
        if let Some(instruction) = Instruction::of(line, package)? {
            instructions.take(instruction, package)?;
        }
    }
    Ok(instructions)
}

fn lines(stdout: &[u8]) -> impl Iterator<Item = &str> {
    stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .map(str::trim)
}

/// One line, taken apart.
#[derive(Clone, Copy)]
struct Instruction<'a> {
    line: &'a str,
    key: &'a str,
    value: &'a str,
}

impl<'a> Instruction<'a> {
    fn of(line: &'a str, package: Package<'_>) -> Result<Option<Self>> {
        let (data, new_syntax) = if let Some(data) = line.strip_prefix("cargo::") {
            require_new_syntax(line, data, package)?;
            (data, true)
        } else if let Some(data) = line.strip_prefix("cargo:") {
            (data, false)
        } else {
            return Ok(None);
        };
        if !new_syntax && !is_reserved(data) {
            let (key, value) = ("metadata", data);
            return Ok(Some(Self { line, key, value }));
        }
        let (key, value) = data
            .split_once('=')
            .ok_or_else(|| invalid(line, "there is no `=` in it"))?;
        let value = value.trim_end();
        Ok(Some(Self { line, key, value }))
    }

    fn invalid(&self, why: &str) -> Error {
        invalid(self.line, why)
    }

    /// `NAME=VALUE` within the value.
    fn pair(&self, form: &str) -> Result<(String, String)> {
        self.value
            .split_once('=')
            .map(|(name, value)| (name.to_string(), value.trim_end().to_string()))
            .ok_or_else(|| self.invalid(&format!("it should have the form {form}")))
    }

    /// An argument for the linker that needs the target `to`.
    fn link_arg(&self, to: LinkArgTarget, arg: &str, package: Package<'_>) -> Result<LinkArg> {
        if package.targets.contains(&to) {
            return Ok(LinkArg {
                to,
                arg: arg.to_string(),
            });
        }
        Err(self.invalid(&format!(
            "the package {} does not have a {}",
            package.name,
            to.describe()
        )))
    }
}

impl Instructions {
    fn take(&mut self, instruction: Instruction<'_>, package: Package<'_>) -> Result<()> {
        let value = instruction.value;
        match instruction.key {
            "rustc-flags" => self.take_flags(instruction)?,
            "rustc-link-lib" => self.libs.push(value.to_string()),
            "rustc-link-search" => self.search.push(value.to_string()),
            "rustc-cfg" => self.cfgs.push(value.to_string()),
            "rustc-check-cfg" => self.check_cfgs.push(value.to_string()),
            "rustc-env" => self.take_env(instruction, package)?,
            "metadata" => self.metadata.push(instruction.pair("KEY=VALUE")?),
            key if key.starts_with("rustc-link-arg") || key == "rustc-cdylib-link-arg" => {
                self.take_link_arg(instruction, package)?;
            }
            "rerun-if-changed" => {
                self.named.any = true;
                self.named.files.push(value.to_string());
            }
            // Variables are part of the specification.
            "rerun-if-env-changed" => self.named.any = true,
            // Messages are read by `messages`.
            "error" | "warning" => {}
            key => return Err(instruction.invalid(&format!("the key `{key}` is unknown"))),
        }
        Ok(())
    }

    fn take_link_arg(&mut self, instruction: Instruction<'_>, package: Package<'_>) -> Result<()> {
        let value = instruction.value;
        let link_arg = match instruction.key {
            "rustc-link-arg" => LinkArg {
                to: LinkArgTarget::All,
                arg: value.to_string(),
            },
            "rustc-link-arg-cdylib" | "rustc-cdylib-link-arg" => {
                if !package.targets.contains(&LinkArgTarget::Cdylib) {
                    self.warnings.push(format!(
                        "`{}` is for a cdylib target, and the package {} has none",
                        instruction.line, package.name
                    ));
                }
                LinkArg {
                    to: LinkArgTarget::Cdylib,
                    arg: value.to_string(),
                }
            }
            "rustc-link-arg-bin" => {
                let (bin, arg) = instruction.pair("BIN=ARG")?;
                instruction.link_arg(LinkArgTarget::Bin(bin), &arg, package)?
            }
            "rustc-link-arg-bins" => instruction.link_arg(LinkArgTarget::Bins, value, package)?,
            "rustc-link-arg-tests" => instruction.link_arg(LinkArgTarget::Tests, value, package)?,
            "rustc-link-arg-benches" => {
                instruction.link_arg(LinkArgTarget::Benches, value, package)?
            }
            "rustc-link-arg-examples" => {
                instruction.link_arg(LinkArgTarget::Examples, value, package)?
            }
            key => return Err(instruction.invalid(&format!("the key `{key}` is unknown"))),
        };
        self.link_args.push(link_arg);
        Ok(())
    }

    /// `-l` and `-L`, with or without a space before their values.
    fn take_flags(&mut self, instruction: Instruction<'_>) -> Result<()> {
        let mut words = instruction.value.split_whitespace();
        while let Some(word) = words.next() {
            let (list, value) = if let Some(value) = word.strip_prefix("-l") {
                (&mut self.libs, value)
            } else if let Some(value) = word.strip_prefix("-L") {
                (&mut self.search, value)
            } else {
                return Err(instruction.invalid("only `-l` and `-L` are allowed in rustc-flags"));
            };
            let value = match value {
                "" => words
                    .next()
                    .ok_or_else(|| instruction.invalid("its last flag has no value"))?,
                value => value,
            };
            list.push(value.to_string());
        }
        Ok(())
    }

    fn take_env(&mut self, instruction: Instruction<'_>, package: Package<'_>) -> Result<()> {
        let (name, value) = instruction.pair("NAME=VALUE")?;
        if name != "RUSTC_BOOTSTRAP" {
            self.env.push((name, value));
            return Ok(());
        }
        let refusal = format!(
            "`{}`: a crate cannot set RUSTC_BOOTSTRAP itself",
            instruction.line
        );
        if package.bootstrap {
            self.warnings.push(refusal);
            return Ok(());
        }
        Err(Error::new(refusal).note(
            "it would subvert the stability guarantees of Rust for the whole project; \
             if you are sure, set RUSTC_BOOTSTRAP in the environment of this crate",
        ))
    }
}

fn is_reserved(data: &str) -> bool {
    data.split_once('=')
        .is_some_and(|(key, _)| RESERVED.contains(&key))
}

fn invalid(line: &str, why: &str) -> Error {
    Error::new(format!(
        "the build script printed `{line}`, which is invalid: {why}"
    ))
    .note(DOCUMENTATION)
}

/// The double colon came with Rust 1.77: an older cargo would read such a line
/// as metadata with a strange key.
fn require_new_syntax(line: &str, data: &str, package: Package<'_>) -> Result<()> {
    let Some(rust_version) = package.rust_version else {
        return Ok(());
    };
    if is_at_least_1_77(rust_version) {
        return Ok(());
    }
    let error = Error::new(format!(
        "the build script printed `{line}`: the `cargo::` syntax came with Rust 1.77, but the \
         rust-version of {} is {rust_version}",
        package.name
    ))
    .note(DOCUMENTATION);
    Err(if is_reserved(data) {
        error.note(format!("print `cargo:{data}` instead, with a single colon"))
    } else if let Some(metadata) = data.strip_prefix("metadata=") {
        error.note(format!(
            "print `cargo:{metadata}` instead, with a single colon"
        ))
    } else {
        error
    })
}

fn is_at_least_1_77(rust_version: &str) -> bool {
    let mut numbers = rust_version
        .split(['.', '-', '+'])
        .map(|number| number.parse::<u32>().unwrap_or(0));
    let major = numbers.next().unwrap_or(0);
    let minor = numbers.next().unwrap_or(0);
    (major, minor) >= (1, 77)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn target(text: &str) -> LinkArgTarget {
        text.to_string().try_into().unwrap()
    }

    fn parse_for(
        stdout: &str,
        targets: &[&str],
        rust_version: Option<&str>,
    ) -> Result<Instructions> {
        let targets: Vec<LinkArgTarget> = targets.iter().map(|&text| target(text)).collect();
        let package = Package {
            name: "a 1.0.0",
            rust_version,
            targets: &targets,
            bootstrap: false,
        };
        parse(stdout.as_bytes(), package)
    }

    fn parse_one(stdout: &str) -> Instructions {
        parse_for(stdout, &["bins", "bin:rg", "tests"], None).unwrap()
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    fn pairs(values: &[(&str, &str)]) -> Vec<(String, String)> {
        values
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    fn args(values: &[(&str, &str)]) -> Vec<LinkArg> {
        let arg = |&(to, arg): &(&str, &str)| LinkArg {
            to: target(to),
            arg: arg.to_string(),
        };
        values.iter().map(arg).collect()
    }

    #[test]
    fn each_line_means_what_cargo_says() {
        let empty = Instructions::default;
        let named = |files: &[&str]| Named {
            any: true,
            files: strings(files),
        };
        let table = [
            ("nothing", empty()),
            ("cargo-looks-like=it", empty()),
            (
                "  cargo:rustc-cfg=a b  ",
                Instructions {
                    cfgs: strings(&["a b"]),
                    ..empty()
                },
            ),
            (
                "cargo::rustc-cfg=a=\"b\"",
                Instructions {
                    cfgs: strings(&["a=\"b\""]),
                    ..empty()
                },
            ),
            (
                "cargo::rustc-check-cfg=cfg(a)",
                Instructions {
                    check_cfgs: strings(&["cfg(a)"]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-check-cfg=cfg(a)\r",
                Instructions {
                    check_cfgs: strings(&["cfg(a)"]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-link-lib=static=z",
                Instructions {
                    libs: strings(&["static=z"]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-link-search=native=/z",
                Instructions {
                    search: strings(&["native=/z"]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-flags=-lx -l y  -L /a -L/b",
                Instructions {
                    libs: strings(&["x", "y"]),
                    search: strings(&["/a", "/b"]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-env=A=b=c",
                Instructions {
                    env: pairs(&[("A", "b=c")]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-env=A=",
                Instructions {
                    env: pairs(&[("A", "")]),
                    ..empty()
                },
            ),
            (
                "cargo:include=/z",
                Instructions {
                    metadata: pairs(&[("include", "/z")]),
                    ..empty()
                },
            ),
            (
                "cargo::metadata=include=/z",
                Instructions {
                    metadata: pairs(&[("include", "/z")]),
                    ..empty()
                },
            ),
            (
                "cargo:metadata=include=/z",
                Instructions {
                    metadata: pairs(&[("metadata", "include=/z")]),
                    ..empty()
                },
            ),
            (
                "cargo:error=fine",
                Instructions {
                    metadata: pairs(&[("error", "fine")]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-link-arg=-x",
                Instructions {
                    link_args: args(&[("all", "-x")]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-link-arg-bins=-x",
                Instructions {
                    link_args: args(&[("bins", "-x")]),
                    ..empty()
                },
            ),
            (
                "cargo:rustc-link-arg-bin=rg=-x=y",
                Instructions {
                    link_args: args(&[("bin:rg", "-x=y")]),
                    ..empty()
                },
            ),
            (
                "cargo::rustc-link-arg-tests=-x",
                Instructions {
                    link_args: args(&[("tests", "-x")]),
                    ..empty()
                },
            ),
            ("cargo:warning=w\ncargo::warning=w\ncargo::error=e", empty()),
            (
                "cargo:rerun-if-changed=a\ncargo::rerun-if-changed=b",
                Instructions {
                    named: named(&["a", "b"]),
                    ..empty()
                },
            ),
            (
                "cargo::rerun-if-env-changed=A",
                Instructions {
                    named: named(&[]),
                    ..empty()
                },
            ),
        ];
        for (stdout, expected) in table {
            assert_eq!(parse_one(stdout), expected, "{stdout}");
        }
    }

    #[test]
    fn what_cargo_refuses_is_refused() {
        for (stdout, reason) in [
            ("cargo::nonsense=1", "`nonsense` is unknown"),
            (
                "cargo::rustc-link-arg-lib=1",
                "`rustc-link-arg-lib` is unknown",
            ),
            ("cargo::rustc-cfg", "no `=`"),
            ("cargo::metadata=a", "KEY=VALUE"),
            ("cargo:nonsense", "KEY=VALUE"),
            ("cargo:rustc-env=A", "NAME=VALUE"),
            ("cargo:rustc-flags=-O", "only `-l` and `-L`"),
            ("cargo:rustc-flags=-L", "no value"),
            ("cargo:rustc-link-arg-bins=-x", "does not have a bin target"),
            ("cargo:rustc-link-arg-bin=rg=-x", "bin target `rg`"),
            ("cargo:rustc-link-arg-bin=-x", "BIN=ARG"),
            ("cargo:rustc-link-arg-tests=-x", "test target"),
            ("cargo:rustc-link-arg-benches=-x", "benchmark target"),
            ("cargo:rustc-link-arg-examples=-x", "example target"),
            ("cargo:rustc-env=RUSTC_BOOTSTRAP=1", "RUSTC_BOOTSTRAP"),
        ] {
            let message = parse_for(stdout, &[], None).unwrap_err().to_string();
            assert!(message.contains(reason), "{stdout}: {message}");
        }
    }

    #[test]
    fn the_new_syntax_needs_a_new_rust_version() {
        for (rust_version, accepted) in [
            ("1.77", true),
            ("1.77.2", true),
            ("1.100.0", true),
            ("1", false),
            ("1.76.9", false),
            ("1.9", false),
        ] {
            let found = parse_for("cargo::rustc-cfg=a", &[], Some(rust_version));
            assert_eq!(found.is_ok(), accepted, "{rust_version}");
            assert!(parse_for("cargo:rustc-cfg=a", &[], Some(rust_version)).is_ok());
        }
        let message = parse_for("cargo::metadata=a=b", &[], Some("1.56"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("print `cargo:a=b` instead"), "{message}");
    }

    #[test]
    fn lines_that_are_not_text_are_skipped() {
        let instructions = parse(b"\xff\xfe\ncargo:rustc-cfg=a\n\xff", Package::default()).unwrap();
        assert_eq!(instructions.cfgs, ["a"]);
    }

    #[test]
    fn a_link_argument_without_its_cdylib_is_a_warning() {
        let instructions =
            parse_one("cargo:rustc-cdylib-link-arg=-x\ncargo:rustc-link-arg-cdylib=-y");
        assert_eq!(
            instructions.link_args,
            args(&[("cdylib", "-x"), ("cdylib", "-y")])
        );
        assert_eq!(instructions.warnings.len(), 2);
    }

    #[test]
    fn bootstrap_is_only_a_warning_for_those_who_asked_for_it() {
        let package = Package {
            bootstrap: true,
            ..Package::default()
        };
        let instructions = parse(b"cargo:rustc-env=RUSTC_BOOTSTRAP=1", package).unwrap();
        assert!(instructions.env.is_empty());
        assert_eq!(instructions.warnings.len(), 1);
    }

    #[test]
    fn messages_of_both_syntaxes() {
        let found = messages(b"cargo:warning=a\ncargo::warning=b\ncargo::error=c\ncargo:error=d\n");
        assert_eq!(found.warnings, ["a", "b"]);
        assert_eq!(found.errors, ["c"]);
    }
}
