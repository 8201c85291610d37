//! Capabilities of tests at run time, by the names in their text.

use super::capabilities;
use super::script_text::ScriptText;
use crate::depinfo::known_crates;

/// Whether tests may list the directory of their package, or one that they do not name at the
/// very place.
pub fn lists_its_package<'a>(code: impl IntoIterator<Item = &'a str>) -> bool {
    let text = ScriptText::new(code);
    capabilities::lists_directories(&text)
        && (capabilities::knows_its_package(&text) || text.strings.contains("."))
}

/// What tests may do with cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CargoUse {
    /// They do not start it.
    Never,
    /// They start it, for their own package or one that they write.
    Starts,
    /// They may start it for all packages of the workspace.
    OverWorkspace,
}

/// Words of commands that are about the whole workspace: the tools for code, and options.
const OVER_WORKSPACE: [&str; 4] = ["fmt", "clippy", "--workspace", "--all"];

/// What tests may do with cargo: whether their code names it and starts a process, or uses one
/// of `packages` that starts it.
pub fn cargo_use<'a, 'p>(
    code: impl IntoIterator<Item = &'a str>,
    packages: impl Iterator<Item = &'p str>,
) -> CargoUse {
    let text = ScriptText::new(code);
    let words = || text.strings.iter().flat_map(|text| text.split_whitespace());
    let names = |names: &[&str]| words().any(|word| names.contains(&word));
    // `cmd` is the macro of xshell and duct.
    let processes = capabilities::starts_processes(&text) || text.idents.contains("cmd");
    match names(&["cargo", "CARGO"]) && processes {
        true if names(&OVER_WORKSPACE) => CargoUse::OverWorkspace,
        true => CargoUse::Starts,
        false if known_crates::starts_cargo(packages) => CargoUse::Starts,
        false => CargoUse::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_started_by_its_name_by_its_variable_or_by_a_package() {
        for (code, packages, expected) in [
            (
                r#"Command::new("cargo").arg("run")"#,
                &["serde"][..],
                CargoUse::Starts,
            ),
            (r#"Command::new(env!("CARGO"))"#, &[], CargoUse::Starts),
            ("", &["serde", "trybuild"], CargoUse::Starts),
            (
                r#"cmd!(sh, "cargo fmt --all -- --check")"#,
                &[],
                CargoUse::OverWorkspace,
            ),
            (
                r#"Command::new("cargo").args(["build", "--workspace"])"#,
                &[],
                CargoUse::OverWorkspace,
            ),
            (
                r#"Command::new(env!("CARGO_BIN_EXE_app"))"#,
                &["serde"],
                CargoUse::Never,
            ),
            (r#"assert_eq!(name, "cargo")"#, &["serde"], CargoUse::Never),
        ] {
            assert_eq!(
                cargo_use([code], packages.iter().copied()),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_package_is_listed_where_its_place_is_known() {
        assert!(lists_its_package([
            r#"for file in WalkDir::new(env!("CARGO_MANIFEST_DIR")) {}"#
        ]));
        assert!(lists_its_package([r#"fs::read_dir(".")"#]));
        assert!(!lists_its_package([r#"fs::read_dir(temp.path())"#]));
    }
}
