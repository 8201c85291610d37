//! rustc's dep-info, the `.d` file: what a compilation really read.
//!
//! ```text
//! target/debug/deps/a.d: src/lib.rs src/with\ space.rs
//! src/lib.rs:
//! # env-dep:CARGO_PKG_VERSION=1.0.0
//! # env-dep:UNSET
//! # checksum:blake3=4c19… file_len:120 src/lib.rs
//! ```
//!
//! Follows `rustc_interface::passes::write_out_deps`: spaces in names are written `\ `,
//! backslashes are not escaped; in `env-dep` a backslash, line feed and carriage return
//! are written `\\`, `\n` and `\r`.

use super::model::{Error, Result};
use std::collections::BTreeMap;

/// What one `.d` file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepInfo {
    /// The files that were read, in rustc's order, each once.
    pub files: Vec<String>,
    /// The environment variables that were asked for, with their values; `None`: unset.
    pub env: BTreeMap<String, Option<String>>,
    /// Checksums by file, if rustc was asked for them.
    pub checksums: BTreeMap<String, Checksum>,
}

/// The checksum of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm, `blake3` or `sha256`.
    pub algorithm: String,
    /// The digest in hexadecimal.
    pub digest: String,
    /// The file's length in bytes.
    pub length: u64,
}

impl DepInfo {
    /// Reads the text of a `.d` file.
    ///
    /// ```
    /// let info = dyndrv::depinfo::DepInfo::parse("a.d: src/lib.rs b\\ c.rs\n\nsrc/lib.rs:\n").unwrap();
    /// assert_eq!(info.files, ["src/lib.rs", "b c.rs"]);
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let mut info = Self::default();
        for (index, line) in text.lines().enumerate() {
            let fail = |message| Error::DepInfo {
                line: index + 1,
                message,
            };
            if let Some(comment) = line.strip_prefix("# ") {
                info.comment(comment).map_err(fail)?;
            } else if !line.is_empty() && !line.starts_with('#') {
                let (_, prerequisites) =
                    split_rule(line).ok_or(fail("a rule needs `target: prerequisites`"))?;
                for file in split_names(prerequisites) {
                    if !info.files.contains(&file) {
                        info.files.push(file);
                    }
                }
            }
        }
        Ok(info)
    }

    fn comment(&mut self, comment: &str) -> Result<(), &'static str> {
        if let Some(variable) = comment.strip_prefix("env-dep:") {
            match variable.split_once('=') {
                Some((name, value)) => self
                    .env
                    .insert(unescape_env(name)?, Some(unescape_env(value)?)),
                None => self.env.insert(unescape_env(variable)?, None),
            };
        } else if let Some(checksum) = comment.strip_prefix("checksum:") {
            let mut parts = checksum.splitn(3, ' ');
            let (algorithm, digest) = parts
                .next()
                .and_then(|part| part.split_once('='))
                .ok_or("a checksum needs `algorithm=digest`")?;
            let length = parts
                .next()
                .and_then(|part| part.strip_prefix("file_len:"))
                .and_then(|length| length.parse().ok())
                .ok_or("a checksum needs `file_len:` and a number")?;
            let file = parts.next().ok_or("a checksum needs a file")?;
            self.checksums.insert(
                file.to_owned(),
                Checksum {
                    algorithm: algorithm.to_owned(),
                    digest: digest.to_owned(),
                    length,
                },
            );
        }
        Ok(())
    }
}

/// Splits at the first `:` that ends a name: one followed by a space or the line's end.
fn split_rule(line: &str) -> Option<(&str, &str)> {
    if let Some(at) = line.find(": ") {
        return Some((&line[..at], &line[at + 2..]));
    }
    line.strip_suffix(':').map(|target| (target, ""))
}

fn split_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => {
                characters.next();
                name.push(' ');
            }
            ' ' if name.is_empty() => {}
            ' ' => names.push(std::mem::take(&mut name)),
            other => name.push(other),
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    names
}

fn unescape_env(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        out.push(match characters.next() {
            Some('\\') => '\\',
            Some('n') => '\n',
            Some('r') => '\r',
            _ => return Err("unknown escape in a variable of the environment"),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn names_with_spaces_colons_and_backslashes() {
        let info = DepInfo::parse(
            "out\\ dir/a.d: src/a.rs src/b\\ c.rs src/d:e.rs src/f\\g.rs\n\nsrc/a.rs:\n",
        )
        .unwrap();
        assert_eq!(
            info.files,
            ["src/a.rs", "src/b c.rs", "src/d:e.rs", "src/f\\g.rs"]
        );
    }

    #[test]
    fn several_outputs_name_the_same_files_once() {
        let info = DepInfo::parse("a.rlib: x.rs\na.d: x.rs\nx.rs:\n").unwrap();
        assert_eq!(info.files, ["x.rs"]);
    }

    #[test]
    fn environment_and_checksums() {
        let info = DepInfo::parse(
            "a: b\n# env-dep:A=x\\ny\\\\z=\\r\n# env-dep:B\n# checksum:blake3=00ff file_len:12 b c.rs\n",
        )
        .unwrap();
        assert_eq!(info.env["A"].as_deref(), Some("x\ny\\z=\r"));
        assert_eq!(info.env["B"], None);
        assert_eq!(info.checksums["b c.rs"].length, 12);
        assert_eq!(info.checksums["b c.rs"].digest, "00ff");
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = DepInfo::parse("a: b\nnonsense\n").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(DepInfo::parse("# env-dep:A=\\q\n").is_err());
        assert!(DepInfo::parse("# checksum:blake3=1 file_len:x f\n").is_err());
    }
}
