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

/// Whether tests may start cargo: their code names it, or uses one of `packages` that does.
pub fn starts_cargo<'a, 'p>(
    code: impl IntoIterator<Item = &'a str>,
    packages: impl Iterator<Item = &'p str>,
) -> bool {
    if known_crates::starts_cargo(packages) {
        return true;
    }
    let text = ScriptText::new(code);
    let names_cargo = ["cargo", "CARGO"]
        .iter()
        .any(|name| text.strings.contains(*name));
    names_cargo && capabilities::starts_processes(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_started_by_its_name_by_its_variable_or_by_a_package() {
        for code in [
            r#"Command::new("cargo").arg("run")"#,
            r#"Command::new(env!("CARGO"))"#,
        ] {
            assert!(starts_cargo([code], [].into_iter()), "{code}");
        }
        assert!(starts_cargo([""], ["serde", "trybuild"].into_iter()));
        for code in [
            r#"Command::new(env!("CARGO_BIN_EXE_app"))"#,
            r#"assert_eq!(name, "cargo")"#,
        ] {
            assert!(!starts_cargo([code], ["serde"].into_iter()), "{code}");
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
