//! What a compiler says of itself.

use dyndrv_builder::error::{Error, Result};
use dyndrv_builder::sandbox::Environment;
use std::path::Path;
use std::process::Command;

/// The answers to `--print` with each of these words, which have one line each.
///
/// # Errors
///
/// If the compiler cannot be run, fails, or says something else.
pub fn printed<const N: usize>(
    rustc: &str,
    words: [&str; N],
    env: &Environment,
) -> Result<[String; N]> {
    let output = Command::new(rustc)
        .args(words.map(|word| format!("--print={word}")))
        .env_clear()
        .envs(env)
        .output()
        .map_err(|e| Error::io("cannot run", Path::new(rustc), e))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.try_into().map_err(|_| {
        Error::new(format!(
            "{rustc} does not print its {}: {}",
            words.join(" and "),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn compiler(script: &str) -> (tempfile::TempDir, String) {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("rustc");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let name = file.display().to_string();
        (temp, name)
    }

    #[test]
    fn each_word_has_a_line() {
        let (_temp, rustc) = compiler("for word; do echo \"/of/${word#--print=}\"; done");
        let paths = printed(&rustc, ["sysroot", "target-libdir"], &Environment::new()).unwrap();
        assert_eq!(paths, ["/of/sysroot", "/of/target-libdir"]);
    }

    #[test]
    fn a_compiler_that_fails_is_named_with_what_it_says() {
        let (_temp, rustc) = compiler("echo no such target >&2; exit 1");
        let error = printed(&rustc, ["sysroot"], &Environment::new()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("/rustc does not print its sysroot: no such target"),
            "{text}"
        );
    }
}
