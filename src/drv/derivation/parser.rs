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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const A: &str = "/nix/store/00000000000000000000000000000000-a";
    const B: &str = "/nix/store/11111111111111111111111111111111-b";

    fn with_outputs(outputs: &str) -> Result<BTreeMap<String, Output>, ParseError> {
        parse(&format!(
            r#"Derive([{outputs}],[],[],"system","builder",[],[])"#
        ))
        .map(|drv| drv.outputs)
    }

    #[test]
    fn all_kinds_of_outputs() {
        let path = StorePath::parse(A).unwrap();
        for (fields, output) in [
            (r#""","r:sha256","""#.to_owned(), Output::FloatingNar),
            (r#""","text:sha256","""#.to_owned(), Output::FloatingText),
            (r#""","","""#.to_owned(), Output::Deferred),
            (
                format!(r#""{A}","","""#),
                Output::InputAddressed(path.clone()),
            ),
            (
                format!(r#""{A}","r:sha1","0af""#),
                Output::Fixed {
                    path,
                    algorithm: "r:sha1".into(),
                    hash: "0af".into(),
                },
            ),
        ] {
            let outputs = with_outputs(&format!(r#"("out",{fields})"#)).unwrap();
            assert_eq!(outputs, [("out".to_owned(), output)].into());
        }
    }

    #[test]
    fn other_kinds_of_outputs_are_refused_by_name() {
        for fields in [
            r#""","sha256","""#,
            r#""","r:sha512","""#,
            r#""","r:sha256","impure""#,
            r#""","","00""#,
            &format!(r#""{A}","r:sha256","""#),
            &format!(r#""{A}","r:sha256","XY""#),
        ] {
            let error = with_outputs(&format!(r#"("dev",{fields})"#)).unwrap_err();
            assert!(
                matches!(&error, ParseError::Output { name, .. } if name == "dev"),
                "{error}"
            );
        }
    }

    #[test]
    fn unsorted_lists_and_repeated_items_are_refused() {
        let a = r#"("a","","r:sha256","")"#;
        let b = r#"("b","","r:sha256","")"#;
        let (drv_a, drv_b) = (format!(r#"("{A}",["out"])"#), format!(r#"("{B}",["out"])"#));
        for (drvs, srcs, env, outputs) in [
            (format!("{drv_b},{drv_a}"), String::new(), "", a.to_owned()),
            (format!("{drv_a},{drv_a}"), String::new(), "", a.to_owned()),
            (
                format!(r#"("{A}",["out","dev"])"#),
                String::new(),
                "",
                a.to_owned(),
            ),
            (String::new(), format!(r#""{B}","{A}""#), "", a.to_owned()),
            (
                String::new(),
                String::new(),
                r#"("y",""),("x","")"#,
                a.to_owned(),
            ),
            (String::new(), String::new(), "", format!("{b},{a}")),
        ] {
            let text = format!(r#"Derive([{outputs}],[{drvs}],[{srcs}],"s","b",[],[{env}])"#);
            assert!(
                matches!(parse(&text), Err(ParseError::Order { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn strings_have_one_spelling() {
        let parse_arg = |arg: &str| parse(&format!(r#"Derive([],[],[],"s","b",["{arg}"],[])"#));
        assert_eq!(
            parse_arg(r#"\\ \" \n \r \t 'ü"#).unwrap().args,
            ["\\ \" \n \r \t 'ü"]
        );
        for (bad, found) in [("\n", "\n"), ("\t", "\t"), (r"\x", r"\x"), (r"\ü", r"\ü")] {
            let error = parse_arg(bad).unwrap_err();
            assert!(
                matches!(&error, ParseError::Escape { found: character, .. } if character.starts_with(found)),
                "{error}"
            );
        }
    }

    #[test]
    fn errors_say_where() {
        for (text, message) in [
            ("", "derivation, byte 0: expected Derive("),
            ("Derive([],[],[] ,", "derivation, byte 15: expected ,"),
            (
                r#"Derive([],[],[],"s","b",[],[]) "#,
                "derivation, byte 30: expected the end",
            ),
            (
                r#"Derive([],[],[],"s"#,
                "derivation, byte 16: the string that starts here does not end",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn dynamic_inputs_are_refused_clearly() {
        let text = r#"DrvWithVersion("xp-dyn-drv",[],[],[],"s","b",[],[])"#;
        assert_eq!(parse(text), Err(ParseError::DynamicInputs));
    }
}
