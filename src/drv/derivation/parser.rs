//! Reads ATerm: Nix's `parseDerivation`, but only what the printer can write.

use super::{Derivation, Output};
use crate::drv::store_path::{self, StorePath};
use std::collections::{BTreeMap, BTreeSet};

/// Why a text is not a derivation, and where (bytes from the start of the text).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The grammar wants something else here.
    #[error("derivation, byte {offset}: expected {expected}")]
    Expected {
        /// Where.
        offset: usize,
        /// What.
        expected: &'static str,
    },
    /// A string does not end.
    #[error("derivation, byte {offset}: the string that starts here does not end")]
    OpenString {
        /// Where it starts.
        offset: usize,
    },
    /// A string contains a character that is written in another way.
    #[error(
        "derivation, byte {offset}: `{found}` in a string; only \\\\ \\\" \\n \\r \\t are escaped, and always"
    )]
    Escape {
        /// Where.
        offset: usize,
        /// The character, with the backslash before it.
        found: String,
    },
    /// A list that has no order of its own is not sorted, or has an item twice.
    #[error(
        "derivation, byte {offset}: this item does not come after the one before it; {list} must be sorted"
    )]
    Order {
        /// Where the item ends.
        offset: usize,
        /// The list.
        list: &'static str,
    },
    /// Something that must be a store path is none.
    #[error("derivation, byte {offset}")]
    StorePath {
        /// Where the string ends.
        offset: usize,
        /// Why it is none.
        source: store_path::Error,
    },
    /// The kind of output has no use here, or does not exist.
    #[error(
        "derivation, output `{name}`: path `{path}`, algorithm `{algorithm}` and hash `{hash}` are no kind of output that is supported"
    )]
    Output {
        /// The output.
        name: String,
        /// The second field.
        path: String,
        /// The third field.
        algorithm: String,
        /// The fourth field.
        hash: String,
    },
    /// The derivation depends on outputs of derivations that others produce.
    #[error(
        "derivations with dynamic inputs (DrvWithVersion) are not supported; depend on the final derivation instead"
    )]
    DynamicInputs,
}

pub(super) fn parse(text: &str) -> Result<Derivation, ParseError> {
    if text.starts_with("DrvWithVersion(") {
        return Err(ParseError::DynamicInputs);
    }
    let mut parser = Parser { text, offset: 0 };
    parser.token("Derive(")?;
    let outputs = parser.map("outputs", Parser::output)?;
    parser.token(",")?;
    let input_drvs = parser.map("input derivations", Parser::input_drv)?;
    parser.token(",")?;
    let input_srcs = parser.set("input sources", Parser::store_path)?;
    parser.token(",")?;
    let system = parser.string()?;
    parser.token(",")?;
    let builder = parser.string()?;
    parser.token(",")?;
    let mut args = Vec::new();
    parser.list(|parser| {
        args.push(parser.string()?);
        Ok(())
    })?;
    parser.token(",")?;
    let env = parser.map("variables", |parser| {
        let [name, value] = parser.tuple()?;
        Ok((name, value))
    })?;
    parser.token(")")?;
    parser.end()?;
    Ok(Derivation {
        outputs,
        input_drvs,
        input_srcs,
        system,
        builder,
        args,
        env,
    })
}

struct Parser<'a> {
    text: &'a str,
    offset: usize,
}

impl Parser<'_> {
    fn output(&mut self) -> Result<(String, Output), ParseError> {
        let [name, path, algorithm, hash] = self.tuple()?;
        let output = match (path.as_str(), algorithm.as_str(), hash.as_str()) {
            ("", "r:sha256", "") => Output::FloatingNar,
            ("", "text:sha256", "") => Output::FloatingText,
            ("", "", "") => Output::Deferred,
            (path, "", "") => Output::InputAddressed(self.as_store_path(path)?),
            (given, known, hex) if !given.is_empty() && !known.is_empty() && is_hex(hex) => {
                Output::Fixed {
                    path: self.as_store_path(given)?,
                    algorithm,
                    hash,
                }
            }
            _ => {
                return Err(ParseError::Output {
                    name,
                    path,
                    algorithm,
                    hash,
                });
            }
        };
        Ok((name, output))
    }

    fn input_drv(&mut self) -> Result<(StorePath, BTreeSet<String>), ParseError> {
        self.token("(")?;
        let path = self.store_path()?;
        self.token(",")?;
        let outputs = self.set("output names", Self::string)?;
        self.token(")")?;
        Ok((path, outputs))
    }

    fn store_path(&mut self) -> Result<StorePath, ParseError> {
        let path = self.string()?;
        self.as_store_path(&path)
    }

    fn as_store_path(&self, path: &str) -> Result<StorePath, ParseError> {
        StorePath::parse(path).map_err(|source| ParseError::StorePath {
            offset: self.offset,
            source,
        })
    }

    fn map<K: Ord, V>(
        &mut self,
        list: &'static str,
        mut entry: impl FnMut(&mut Self) -> Result<(K, V), ParseError>,
    ) -> Result<BTreeMap<K, V>, ParseError> {
        let mut map = BTreeMap::new();
        self.list(|parser| {
            let (key, value) = entry(parser)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(parser.disorder(list));
            }
            map.insert(key, value);
            Ok(())
        })?;
        Ok(map)
    }

    fn set<T: Ord>(
        &mut self,
        list: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<BTreeSet<T>, ParseError> {
        let map = self.map(list, |parser| Ok((item(parser)?, ())))?;
        Ok(map.into_keys().collect())
    }

    fn list(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        self.token("[")?;
        if self.skip("]") {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.skip("]") {
                return Ok(());
            }
            self.token(",")?;
        }
    }

    fn tuple<const N: usize>(&mut self) -> Result<[String; N], ParseError> {
        let mut fields = [const { String::new() }; N];
        for (index, field) in fields.iter_mut().enumerate() {
            self.token(if index == 0 { "(" } else { "," })?;
            *field = self.string()?;
        }
        self.token(")")?;
        Ok(fields)
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let start = self.offset;
        self.token("\"")?;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.offset..];
            let plain = rest
                .find(['"', '\\', '\n', '\r', '\t'])
                .ok_or(ParseError::OpenString { offset: start })?;
            value.push_str(&rest[..plain]);
            self.offset += plain;
            if self.skip("\"") {
                return Ok(value);
            }
            value.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let rest = &self.text[self.offset..];
        let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
        let character = match escaped {
            Some(same @ ('"' | '\\')) => same,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            other => {
                return Err(ParseError::Escape {
                    offset: self.offset,
                    found: rest.chars().take(1).chain(other).collect(),
                });
            }
        };
        self.offset += "\\n".len();
        Ok(character)
    }

    fn token(&mut self, expected: &'static str) -> Result<(), ParseError> {
        if self.skip(expected) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    fn end(&self) -> Result<(), ParseError> {
        if self.offset == self.text.len() {
            Ok(())
        } else {
            Err(self.expected("the end"))
        }
    }

    fn skip(&mut self, token: &str) -> bool {
        let found = self.text[self.offset..].starts_with(token);
        if found {
            self.offset += token.len();
        }
        found
    }

    fn expected(&self, expected: &'static str) -> ParseError {
        ParseError::Expected {
            offset: self.offset,
            expected,
        }
    }

    fn disorder(&self, list: &'static str) -> ParseError {
        ParseError::Order {
            offset: self.offset,
            list,
        }
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
