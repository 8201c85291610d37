//! Pieces of code on their way through the walk, and where they stand.

use crate::depinfo::source_file::SourceFile;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Where a piece of code stands, as far as the names in it depend on that. Follows
/// `rustc_expand::module`: modules are looked for in `dir`, or in `dir/relative` unless
/// they have a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// `None`: a directory that does not exist.
    pub dir: Option<Arc<str>>,
    pub relative: Option<Arc<str>>,
    /// The directory of the file; includes are relative to it.
    pub file_dir: Arc<str>,
}

impl Site {
    /// The site of a file whose modules lie beside it.
    pub fn beside(dir: &Arc<str>) -> Self {
        Self {
            dir: Some(dir.clone()),
            relative: None,
            file_dir: dir.clone(),
        }
    }
}

/// The number of a [`Site`] in a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub usize);

/// Nodes of a file that are to be walked at a site.
#[derive(Clone)]
pub struct Fragment {
    pub file: Arc<SourceFile>,
    pub nodes: Range<u32>,
    pub site: SiteId,
    /// In a macro's body: what the macro was given.
    pub arguments: Option<Arc<MacroArguments>>,
    /// The nodes are the arguments of this call.
    pub arguments_of: Option<u32>,
    /// In a macro's body: the uses whose arguments the body may contain.
    pub uses: Vec<MacroUse>,
    /// Nothing says that this code is used at this site; only what is there without doubt
    /// counts.
    pub is_guess: bool,
}

impl Fragment {
    /// Code that stands in a file itself, and not in a macro's body.
    pub fn new(file: Arc<SourceFile>, nodes: Range<u32>, site: SiteId) -> Self {
        Self {
            file,
            nodes,
            site,
            arguments: None,
            arguments_of: None,
            uses: Vec::new(),
            is_guess: false,
        }
    }
}

/// The use of a macro.
#[derive(Clone)]
pub struct MacroUse {
    pub file: Arc<SourceFile>,
    pub call: u32,
    pub arguments: Option<Arc<MacroArguments>>,
}

/// The arguments of a macro, as far as names of files can be made of them: the candidates for
/// each of its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MacroArguments {
    pub literals: BTreeSet<String>,
    pub words: BTreeSet<String>,
    /// There may be strings that are not among the literals.
    pub opaque: bool,
}

impl MacroArguments {
    /// Whether there is anything that a variable for a string could stand for.
    pub fn may_hold_strings(&self) -> bool {
        self.opaque || !self.literals.is_empty()
    }
}
