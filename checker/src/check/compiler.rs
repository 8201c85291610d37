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
    use std::process::Command;

    /// A child writes the program: what another thread starts meanwhile would inherit this process's open file, and a file
    /// that is open for writing cannot be started ("Text file busy").
    fn compiler(script: &str) -> (tempfile::TempDir, String) {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("rustc");
        let written = Command::new("sh")
            .args(["-c", "printf '%s' \"$1\" >\"$2\" && chmod +x \"$2\"", "sh"])
            .arg(format!("#!/bin/sh\n{script}\n"))
            .arg(&file)
            .status();
        assert!(written.unwrap().success());
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
