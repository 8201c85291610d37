//! A Rust file in memory.

use super::lists::Place;
use super::syntax::outline::{Node, NodeKind, Outline, outline};
use super::syntax::strings::unquote;
use std::sync::Arc;

/// A source file and its outline.
#[derive(Debug)]
pub struct SourceFile {
    /// The path relative to the source root, without symbolic links on the way.
    pub path: Arc<str>,
    pub text: String,
    pub outline: Outline,
}

impl SourceFile {
    /// The file must be shorter than 4 GiB. rustc accepts UTF-8 only; what is not is replaced.
    pub fn new(path: Arc<str>, bytes: Vec<u8>) -> Self {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        Self {
            outline: outline(&text),
            path,
            text,
        }
    }

    pub fn node(&self, at: u32) -> &Node {
        &self.outline.nodes[at as usize]
    }

    /// The place of a node.
    pub fn place(&self, node: &Node) -> Place {
        Place {
            file: self.path.to_string(),
            line: node.line,
        }
    }

    /// A node's text, short and on one line.
    pub fn snippet(&self, node: &Node) -> String {
        const LONGEST: usize = 90;
        let text = node.span.of(&self.text);
        let mut line = String::new();
        let mut length = 0;
        for word in text.split_whitespace() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            for character in word.chars() {
                if length == LONGEST {
                    line.push('…');
                    return line;
                }
                line.push(character);
                length += 1;
            }
        }
        line
    }

    /// The value of a string literal.
    pub fn literal(&self, node: &Node) -> Option<String> {
        match node.kind {
            NodeKind::Literal => unquote(node.span.of(&self.text)),
            _ => None,
        }
    }
}
