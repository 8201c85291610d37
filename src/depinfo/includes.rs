//! The arguments of `include!`, `include_str!` and `include_bytes!`.

use super::files::{Found, Text};
use super::macros::Environment;
use super::model::*;
use super::outline::{Node, Part};
use super::scanner::{Here, Scanner, list, place_of, reason};
use std::sync::Arc;

/// A pattern with everything known put in.
struct Name<'p> {
    /// Relative to the package and not to the file.
    manifest: bool,
    parts: Vec<Piece<'p>>,
}

enum Piece<'p> {
    Text(String),
    /// One of the candidates, or unknown.
    Hole(&'p Part),
}

/// More combinations of candidates than this are not tried.
const MAX_COMBINATIONS: usize = 1024;

impl Scanner<'_> {
    pub fn include(
        &mut self,
        text: &Arc<Text>,
        node: &Node,
        code: bool,
        pattern: u32,
        here: &Here,
        environment: Option<&Arc<Environment>>,
    ) -> Result<()> {
        let parts = &text.outline.patterns[pattern as usize].parts;
        if parts
            .iter()
            .any(|part| matches!(part, Part::Env(name) if name == "OUT_DIR"))
        {
            if code && !here.in_template() {
                self.out
                    .generated
                    .get_or_insert_with(|| place_of(text, node));
            }
            return Ok(());
        }
        let name = self.name(parts);
        let dir = if name.manifest {
            self.input.package.dir.clone()
        } else {
            self.sites[here.site].file_dir.to_string()
        };
        if name
            .parts
            .iter()
            .all(|piece| matches!(piece, Piece::Text(_)))
        {
            let path = name.candidate(&[]);
            match self.find_file(
                &dir,
                path.trim_start_matches(if name.manifest { '/' } else { '\0' }),
            )? {
                Some(found) => self.included(text, node, code, &found)?,
                None if environment.is_none() && !here.in_template() => self.absent(text, node),
                None => {}
            }
            return Ok(());
        }
        let found = self.fill(&name, &dir, environment)?;
        for found in &found {
            self.included(text, node, code, found)?;
        }
        let expected = !here.guess && !here.in_template() && name.may_be_used(environment);
        if found.is_empty() && expected {
            let to = self.width(&name, &dir)?;
            self.widen(to, text, node, code)?;
        }
        Ok(())
    }

    fn name<'p>(&self, parts: &'p [Part]) -> Name<'p> {
        let mut name = Name {
            manifest: false,
            parts: Vec::new(),
        };
        for part in parts {
            let package = self.input.package;
            match part {
                Part::Text(text) => name.parts.push(Piece::Text(text.clone())),
                Part::Env(variable) => match &**variable {
                    "CARGO_MANIFEST_DIR" => {
                        name.manifest = true;
                        name.parts.clear();
                    }
                    "CARGO_PKG_NAME" => name.parts.push(Piece::Text(package.name.clone())),
                    "CARGO_PKG_VERSION" => name.parts.push(Piece::Text(package.version.clone())),
                    _ => name.parts.push(Piece::Hole(part)),
                },
                other => name.parts.push(Piece::Hole(other)),
            }
        }
        name
    }

    /// The files that the name can mean with the candidates in its holes.
    fn fill(
        &self,
        name: &Name,
        dir: &str,
        environment: Option<&Arc<Environment>>,
    ) -> Result<Vec<Found>> {
        let holes = name.holes();
        let candidates: Vec<Vec<&str>> = holes
            .iter()
            .map(|hole| candidates(hole, environment))
            .collect();
        let combinations = candidates
            .iter()
            .try_fold(1usize, |all, some| all.checked_mul(some.len()));
        if combinations.is_none_or(|all| all > MAX_COMBINATIONS && holes.len() > 1) {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for mut number in 0..combinations.unwrap_or(0) {
            let mut chosen = Vec::new();
            for some in &candidates {
                chosen.push(some[number % some.len()]);
                number /= some.len();
            }
            let path = name.candidate(&chosen);
            let mut found = self.guess_file(dir, &path);
            if found.is_none() && matches!(name.parts[..], [Piece::Hole(_)]) {
                // The macro may have been given `concat!(env!("CARGO_MANIFEST_DIR"), "/x")`.
                found = self.guess_file(&self.input.package.dir, path.trim_start_matches('/'));
            }
            all.extend(found);
        }
        Ok(all)
    }

    fn guess_file(&self, dir: &str, path: &str) -> Option<Found> {
        self.find_file(dir, path.strip_prefix('/').unwrap_or(path))
            .ok()
            .flatten()
    }

    fn included(&mut self, text: &Arc<Text>, node: &Node, code: bool, found: &Found) -> Result<()> {
        let why = if code { Why::Include } else { Why::IncludeText };
        list(&mut self.out.files, found, reason(why, text, node));
        if !code {
            return Ok(());
        }
        self.enter_included(found)
    }

    /// How far an unresolved name widens the list: a known beginning names a directory.
    fn width(&self, name: &Name, dir: &str) -> Result<Width> {
        if let Some(Piece::Text(begin)) = name.parts.first()
            && let Some((below, _)) = begin.rsplit_once('/')
            && let Some(found) = self.input.files.find(dir, below.trim_start_matches('/'))?
            && found.directory
        {
            let suffix = match name.parts.last() {
                Some(Piece::Text(end)) => end.clone(),
                _ => String::new(),
            };
            return Ok(Width::Directory {
                dir: found.real.to_string(),
                suffix,
            });
        }
        Ok(Width::Package)
    }
}

impl<'p> Name<'p> {
    fn holes(&self) -> Vec<&'p Part> {
        let hole = |piece: &Piece<'p>| match piece {
            Piece::Hole(part) => Some(*part),
            Piece::Text(_) => None,
        };
        self.parts.iter().filter_map(hole).collect()
    }

    fn candidate(&self, chosen: &[&str]) -> String {
        let mut chosen = chosen.iter();
        let mut path = String::new();
        for piece in &self.parts {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Hole(_) => path.push_str(chosen.next().copied().unwrap_or_default()),
            }
        }
        path
    }

    /// False if a macro's variable stands in the name and the macro was given nothing that
    /// could fill it: then another of its arms is meant.
    fn may_be_used(&self, environment: Option<&Arc<Environment>>) -> bool {
        self.holes().iter().all(|hole| match (hole, environment) {
            (Part::Variable, Some(environment)) => {
                !environment.literals.is_empty() || environment.opaque
            }
            (Part::Stringified, Some(environment)) => {
                !environment.words.is_empty() || environment.opaque
            }
            _ => true,
        })
    }
}

fn candidates<'a>(hole: &'a Part, environment: Option<&'a Arc<Environment>>) -> Vec<&'a str> {
    let Some(environment) = environment else {
        return match hole {
            Part::Opaque(strings) => strings.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
    };
    match hole {
        Part::Variable => environment.literals.iter().map(String::as_str).collect(),
        Part::Stringified => environment.words.iter().map(String::as_str).collect(),
        Part::Opaque(strings) => strings
            .iter()
            .chain(&environment.literals)
            .map(String::as_str)
            .collect(),
        _ => Vec::new(),
    }
}
