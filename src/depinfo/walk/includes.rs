//! The arguments of `include!`, `include_str!` and `include_bytes!`, and other strings that
//! are put together.

use super::fragment::{Fragment, MacroArguments, SiteId};
use super::walker::{Walker, reason};
use crate::depinfo::error::Result;
use crate::depinfo::lists::{Why, Width};
use crate::depinfo::source_file::SourceFile;
use crate::depinfo::source_tree::Resolved;
use crate::depinfo::syntax::outline::{Node, Part};
use std::sync::Arc;

/// The name of a file with everything known put in.
struct FileName<'p> {
    /// The directory that it is relative to; none for that of the file that has it.
    dir: Option<String>,
    pieces: Vec<Piece<'p>>,
}

enum Piece<'p> {
    Text(String),
    /// One of the candidates, or unknown.
    Hole(&'p Part),
}

/// More combinations of candidates than this are not tried.
const MAX_COMBINATIONS: usize = 1024;

/// An `include…!`.
#[derive(Clone, Copy)]
pub struct IncludeItem {
    /// It is `include!`.
    pub code: bool,
    pub pattern: u32,
    /// Inside of `quote!`: the code is written for another crate.
    pub in_template: bool,
}

impl Walker<'_> {
    /// Follows an `include…!` of a fragment.
    pub fn include(
        &mut self,
        fragment: &Fragment,
        node: &Node,
        site: SiteId,
        item: IncludeItem,
    ) -> Result<()> {
        let (file, arguments) = (&fragment.file, fragment.arguments.as_ref());
        let parts = &file.outline.patterns[item.pattern as usize].parts;
        let from_out_dir = |part: &Part| matches!(part, Part::Env(name) if name == "OUT_DIR");
        if parts.iter().any(from_out_dir) {
            if item.code && !item.in_template {
                self.out.generated.get_or_insert_with(|| file.place(node));
            }
            return Ok(());
        }
        let name = self.file_name(parts);
        let file_dir = self.site(site).file_dir.clone();
        let dir = name.dir.as_deref().unwrap_or(&file_dir);
        if name.holes().next().is_none() {
            match self.context.tree.find_file(dir, &name.fill(&[]))? {
                Some(found) => self.included(file, node, item.code, &found)?,
                None if arguments.is_none() && !item.in_template => self.absent(file, node),
                None => {}
            }
            return Ok(());
        }
        let found = self.filled(&name, dir, arguments);
        for found in &found {
            self.included(file, node, item.code, found)?;
        }
        let expected = !fragment.is_guess && !item.in_template && name.may_be_used(arguments);
        if found.is_empty() && expected {
            let to = self.width(&name, dir)?;
            self.widen(to, file, node, item.code)?;
        }
        Ok(())
    }

    /// The paths that a string can be which a `concat!` puts together: the directory that each
    /// is relative to, where it is known, and the rest.
    pub fn joined(
        &self,
        file: &SourceFile,
        pattern: u32,
        arguments: Option<&Arc<MacroArguments>>,
    ) -> Vec<(Option<String>, String)> {
        let name = self.file_name(&file.outline.patterns[pattern as usize].parts);
        let fillings = name.fillings(arguments);
        let path = |filling: Vec<&str>| (name.dir.clone(), name.fill(&filling));
        fillings.into_iter().map(path).collect()
    }

    fn file_name<'p>(&self, parts: &'p [Part]) -> FileName<'p> {
        let mut name = FileName {
            dir: None,
            pieces: Vec::new(),
        };
        for part in parts {
            let variable = match part {
                Part::Text(text) => {
                    name.pieces.push(Piece::Text(text.clone()));
                    continue;
                }
                Part::Env(variable) => self.context.variable(variable),
                _ => None,
            };
            match variable {
                None => name.pieces.push(Piece::Hole(part)),
                Some(variable) => {
                    if variable.dir.is_some() {
                        name.dir.clone_from(&variable.dir);
                        name.pieces.clear();
                    }
                    name.pieces.push(Piece::Text(variable.text.clone()));
                }
            }
        }
        name
    }

    /// The files that the name can mean with the candidates in its holes.
    fn filled(
        &self,
        name: &FileName,
        dir: &str,
        arguments: Option<&Arc<MacroArguments>>,
    ) -> Vec<Resolved> {
        let mut all = Vec::new();
        for filling in name.fillings(arguments) {
            let path = name.fill(&filling);
            let mut found = self.guess_file(dir, &path);
            if found.is_none() && matches!(name.pieces[..], [Piece::Hole(_)]) {
                // The macro may have been given `concat!(env!("CARGO_MANIFEST_DIR"), "/x")`.
                found = self.guess_file(self.context.package_dir, &path);
            }
            all.extend(found);
        }
        all
    }

    /// A file that may be meant. What cannot be read is no error: it is only a guess.
    fn guess_file(&self, dir: &str, path: &str) -> Option<Resolved> {
        let path = path.strip_prefix('/').unwrap_or(path);
        self.context.tree.find_file(dir, path).ok().flatten()
    }

    fn included(
        &mut self,
        file: &SourceFile,
        node: &Node,
        code: bool,
        found: &Resolved,
    ) -> Result<()> {
        let why = if code { Why::Include } else { Why::IncludeText };
        self.list(found, reason(why, file, node));
        if code {
            self.enter_included(found)?;
        }
        Ok(())
    }

    /// How far an unresolved name widens the list: a known beginning names a directory.
    fn width(&self, name: &FileName, dir: &str) -> Result<Width> {
        let begin = name.beginning();
        let relative = name.dir.is_some() || !begin.starts_with('/');
        if let (true, Some((below, _))) = (relative, begin.rsplit_once('/'))
            && let Some(found) = self.context.tree.find(dir, below.trim_start_matches('/'))?
            && found.directory
        {
            let suffix = match name.pieces.last() {
                Some(Piece::Text(end)) => end.clone(),
                _ => String::new(),
            };
            return Ok(Width::Directory {
                dir: found.path.to_string(),
                suffix,
            });
        }
        Ok(Width::Package)
    }
}

impl<'p> FileName<'p> {
    fn holes(&self) -> impl Iterator<Item = &'p Part> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(part) => Some(*part),
            Piece::Text(_) => None,
        })
    }

    /// The known text up to the first hole.
    fn beginning(&self) -> String {
        let texts = self.pieces.iter().map_while(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Hole(_) => None,
        });
        texts.collect()
    }

    /// The path with one candidate in each hole.
    fn fill(&self, chosen: &[&str]) -> String {
        let mut chosen = chosen.iter();
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Hole(_) => chosen.next().copied().unwrap_or_default(),
        });
        self.below_dir(texts.collect())
    }

    /// Prefixes a path below the directory. The text begins with a slash.
    fn below_dir(&self, text: String) -> String {
        match &self.dir {
            Some(_) => text.trim_start_matches('/').to_owned(),
            None => text,
        }
    }

    /// All ways to fill the holes; none if there are too many.
    fn fillings<'a>(&'a self, arguments: Option<&'a Arc<MacroArguments>>) -> Vec<Vec<&'a str>> {
        let candidates: Vec<Vec<&str>> = self
            .holes()
            .map(|hole| candidates(hole, arguments))
            .collect();
        let number = candidates
            .iter()
            .try_fold(1usize, |all, some| all.checked_mul(some.len()))
            .filter(|all| *all <= MAX_COMBINATIONS || candidates.len() == 1);
        let filling = |mut number: usize| {
            let choose = candidates.iter().map(|some| {
                let chosen = some[number % some.len()];
                number /= some.len();
                chosen
            });
            choose.collect()
        };
        (0..number.unwrap_or(0)).map(filling).collect()
    }

    /// False if a macro's variable stands in the name and the macro was given nothing that
    /// could fill it: then another of its arms is meant.
    fn may_be_used(&self, arguments: Option<&Arc<MacroArguments>>) -> bool {
        self.holes().all(|hole| match (hole, arguments) {
            (Part::Variable, Some(arguments)) => arguments.may_hold_strings(),
            (Part::Stringified, Some(arguments)) => !arguments.words.is_empty() || arguments.opaque,
            _ => true,
        })
    }
}

fn candidates<'a>(hole: &'a Part, arguments: Option<&'a Arc<MacroArguments>>) -> Vec<&'a str> {
    let literals = || arguments.into_iter().flat_map(|given| &given.literals);
    let words = || arguments.into_iter().flat_map(|given| &given.words);
    match hole {
        Part::Variable => literals().map(String::as_str).collect(),
        Part::Stringified => words().map(String::as_str).collect(),
        Part::Opaque(strings) => strings
            .iter()
            .chain(literals())
            .map(String::as_str)
            .collect(),
        Part::Text(_) | Part::Env(_) => Vec::new(),
    }
}
