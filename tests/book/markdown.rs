//! What the project's documents say: links, headings and blocks of code.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A document, as far as the tests ask for it.
pub struct Document {
    /// Relative to the repository.
    pub path: PathBuf,
    pub text: String,
    pub links: Vec<String>,
    pub headings: Vec<Heading>,
    pub blocks: Vec<Block>,
}

pub struct Heading {
    pub text: String,
    /// What a link behind `#` calls it.
    pub anchor: String,
    /// What stands below it, down to the next heading.
    pub body: String,
}

pub struct Block {
    /// `nix`, `sh` and so on.
    pub language: String,
    pub text: String,
    /// The line that it starts in, from 1.
    pub line: usize,
}

impl Document {
    /// Where a block stands, for a message.
    pub fn place(&self, block: &Block) -> String {
        format!("{}:{}", self.path.display(), block.line)
    }

    pub fn anchors(&self) -> BTreeSet<&str> {
        self.headings.iter().map(|h| h.anchor.as_str()).collect()
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One document.
pub fn read(path: &str) -> Document {
    let full = root().join(path);
    let text = fs::read_to_string(&full).unwrap_or_else(|error| panic!("{path}: {error}"));
    let options = Options::ENABLE_TABLES;
    let mut document = Document {
        path: path.into(),
        links: Vec::new(),
        headings: Vec::new(),
        blocks: Vec::new(),
        text: text.clone(),
    };
    let mut heading: Option<String> = None;
    let mut begins = Vec::new();
    let mut block: Option<Block> = None;
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let text = heading.take().unwrap_or_default();
                begins.push((range.start, range.end));
                document.headings.push(Heading {
                    anchor: anchor(&text, &document.headings),
                    text,
                    body: String::new(),
                });
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                block = Some(Block {
                    language: info.split(',').next().unwrap_or_default().to_owned(),
                    text: String::new(),
                    line: text[..range.start].lines().count() + 1,
                });
            }
            Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
            Event::Text(part) | Event::Code(part) => match (&mut block, &mut heading) {
                (Some(block), _) => block.text.push_str(&part),
                (None, Some(heading)) => heading.push_str(&part),
                (None, None) => {}
            },
            _ => {}
        }
    }
    let ends = begins.iter().skip(1).map(|&(start, _)| start);
    for ((heading, &(_, from)), to) in document
        .headings
        .iter_mut()
        .zip(&begins)
        .zip(ends.chain([text.len()]))
    {
        text[from..to].clone_into(&mut heading.body);
    }
    document
}

/// As mdBook and the forges make it: letters in lower case, dashes for spaces, nothing for other signs.
fn anchor(text: &str, before: &[Heading]) -> String {
    let plain: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect();
    let same = before.iter().filter(|h| h.text == text).count();
    match same {
        0 => plain,
        number => format!("{plain}-{number}"),
    }
}

/// The chapters of the book.
pub fn chapters() -> Vec<Document> {
    below("docs/src")
}

/// All documents for people.
pub fn documents() -> Vec<Document> {
    let mut documents = below("examples");
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(read));
    documents.extend(chapters());
    documents
}

fn below(dir: &str) -> Vec<Document> {
    let mut pending = vec![PathBuf::from(dir)];
    let mut paths = Vec::new();
    while let Some(path) = pending.pop() {
        if root().join(&path).is_dir() && !path.ends_with("target") {
            let entries = fs::read_dir(root().join(&path)).unwrap();
            pending.extend(entries.map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| read(path.to_str().unwrap()))
        .collect()
}
