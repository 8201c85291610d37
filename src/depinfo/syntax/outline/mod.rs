//! The skeleton of one source file: only what can bring another file in.
//!
//! An outline does not depend on a unit: it is made once per file, and every unit walks it
//! with its own cfg. It is a flat list in the order of the text; a node that encloses others
//! knows where its inside ends, so walking needs no recursion whatever the nesting.

mod arms;
mod attributes;
mod include_names;
mod items;

use super::predicate::{PredicateId, PredicateList, Predicates};
use super::token_tree::{Span, TokenTree};
use super::tokens::Kind;

/// A file's nodes and what they refer to.
#[derive(Debug, Default)]
pub struct Outline {
    pub nodes: Vec<Node>,
    pub predicates: Predicates,
    pub paths: Vec<PathAttribute>,
    pub patterns: Vec<Pattern>,
}

/// One construct.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub kind: NodeKind,
    /// The index behind the last node inside.
    pub end: u32,
    /// The construct's bytes (the whole, or its beginning).
    pub span: Span,
    /// The line, from 1.
    pub line: u32,
}

/// The sort of a node.
#[derive(Clone, Copy, Debug)]
pub enum NodeKind {
    /// The inside exists only if the predicate holds.
    Scope(PredicateId),
    /// `mod name;`, with the `path` attributes `paths.0..paths.1`.
    Module { name: Span, paths: (u32, u32) },
    /// `mod name { … }`.
    InlineModule { name: Span, paths: (u32, u32) },
    /// `include!` (`code`), `include_str!` or `include_bytes!`.
    Include { code: bool, pattern: u32 },
    /// A macro's definition; the inside is its body. If `passes` is given, what a caller
    /// writes into its arguments exists only if one of these predicates holds.
    Define {
        name: Span,
        passes: Option<PredicateList>,
    },
    /// A macro's use with its arguments inside. `variables`: among them are variables of an
    /// enclosing definition; `items`: it stands where items do; `makes`: a macro in it can
    /// make strings.
    Call {
        name: Span,
        variables: bool,
        items: bool,
        makes: bool,
    },
    /// An attribute that rustc does not define; what it says is inside.
    Attribute { name: Span },
    /// A string inside a call or attribute.
    Literal,
    /// The same, put together by a `concat!` that is inside.
    Joined { pattern: u32 },
    /// An identifier inside a call.
    Word,
    /// `use from as to`.
    Alias { from: Span, to: Span },
}

/// One `#[path = "value"]`, or the same in a `cfg_attr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathAttribute {
    pub condition: Option<PredicateId>,
    pub value: PathValue,
}

/// The value of a `path` attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathValue {
    /// A string.
    Text(String),
    /// A macro's variable.
    Variable,
    /// A macro's variable stands for attributes, which may set a path.
    Perhaps,
}

/// The argument of an `include…!`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    pub parts: Vec<Part>,
}

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Known text.
    Text(String),
    /// `env!("NAME")`.
    Env(String),
    /// A macro's variable.
    Variable,
    /// `stringify!` of a macro's variable.
    Stringified,
    /// Anything else, with the strings in it.
    Opaque(Vec<String>),
}

/// Makes the outline of a file shorter than 4 GiB.
pub fn outline(text: &str) -> Outline {
    let tokens = TokenTree::new(text);
    let mut builder = Builder {
        tokens: &tokens,
        out: Outline::default(),
        regions: Vec::new(),
        groups: Vec::new(),
        scheduled: Vec::new(),
        attributes_until: 0,
        use_until: 0,
        joined_until: 0,
        pending_mod: None,
        next_group: None,
        calls_open: 0,
        literals_open: 0,
        line: 1,
        line_at: 0,
        extent_steps: 16 * tokens.len() + attributes::MAX_EXTENT,
        variables: Vec::new(),
        macro_uses: Vec::new(),
    };
    builder.index();
    builder.run();
    builder.out
}

/// A bracket that is open at the current token.
#[derive(Clone, Copy)]
struct Group {
    close: usize,
    place: Place,
}

/// The place of a bracket in the syntax.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Items can stand here: a file, an inline module, or a macro's arguments at such a place.
    items: bool,
    /// A macro decides what is made of it: its arguments, or its definition.
    in_macro: bool,
    /// The inside of a `mod name { … }`, whoever has written it.
    module: bool,
}

/// Something that begins at a token still ahead.
enum Scheduled {
    Scope {
        until: usize,
        predicate: PredicateId,
    },
    Piece {
        until: usize,
    },
}

struct Builder<'s> {
    tokens: &'s TokenTree<'s>,
    out: Outline,
    /// Open nodes with the token at which they end, outermost first.
    regions: Vec<(usize, u32)>,
    groups: Vec<Group>,
    /// The nearest last.
    scheduled: Vec<(usize, Scheduled)>,
    /// Up to here the cfgs of attributes are in effect already.
    attributes_until: usize,
    use_until: usize,
    joined_until: usize,
    /// The token of a `mod` and the `path` attributes before it.
    pending_mod: Option<(usize, (u32, u32))>,
    /// The next bracket's token and what its inside is.
    next_group: Option<(usize, Place)>,
    calls_open: usize,
    literals_open: usize,
    line: u32,
    line_at: usize,
    /// How many tokens may still be looked at to find the ends of items.
    extent_steps: usize,
    /// Every `$`, in order.
    variables: Vec<u32>,
    /// Every `!` before a bracket, in order.
    macro_uses: Vec<u32>,
}

impl Builder<'_> {
    fn index(&mut self) {
        for at in 0..self.tokens.len() {
            if self.is(at, b'$') {
                self.variables.push(at as u32);
            } else if self.is(at, b'!') && self.is_open(at + 1) {
                self.macro_uses.push(at as u32);
            }
        }
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            self.close_regions(at);
            self.open_scheduled(at);
            at = match self.tokens.tokens[at].kind {
                Kind::Punct if self.is(at, b'#') => self.attribute(at),
                Kind::Ident => self.ident(at),
                Kind::RawIdent => self.word(at),
                Kind::Str | Kind::RawStr => {
                    if self.literals_open > 0 {
                        self.node(at, at + 1, NodeKind::Literal);
                    }
                    at + 1
                }
                Kind::Open => self.open(at),
                Kind::Close => {
                    while self.groups.last().is_some_and(|group| group.close <= at) {
                        self.groups.pop();
                    }
                    at + 1
                }
                _ => at + 1,
            };
        }
        self.close_regions(usize::MAX);
    }

    // Reading tokens.

    fn is(&self, at: usize, sign: u8) -> bool {
        self.tokens.is(at, sign)
    }

    fn is_open(&self, at: usize) -> bool {
        self.tokens.kind(at) == Some(Kind::Open)
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.tokens.is_word(at, word)
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens.is_name(at)
    }

    /// The closing bracket's token; the number of tokens if there is none.
    fn close(&self, open: usize) -> usize {
        self.tokens.partner(open)
    }

    fn line_of(&mut self, at: usize) -> u32 {
        let offset = self.tokens.tokens[at].start as usize;
        if offset < self.line_at {
            let back = &self.tokens.text.as_bytes()[offset..self.line_at];
            self.line -= back.iter().filter(|byte| **byte == b'\n').count() as u32;
        } else {
            let ahead = &self.tokens.text.as_bytes()[self.line_at..offset];
            self.line += ahead.iter().filter(|byte| **byte == b'\n').count() as u32;
        }
        self.line_at = offset;
        self.line
    }

    // Writing nodes.

    /// Adds a node for the tokens `at..until`, with nothing inside.
    fn node(&mut self, at: usize, until: usize, kind: NodeKind) -> u32 {
        let index = self.out.nodes.len() as u32;
        let last = until.clamp(at + 1, self.tokens.len()) - 1;
        let node = Node {
            kind,
            end: index + 1,
            span: Span {
                start: self.tokens.tokens[at].start,
                end: self.tokens.tokens[last].end,
            },
            line: self.line_of(at),
        };
        self.out.nodes.push(node);
        index
    }

    /// Adds a node that encloses all nodes of the tokens up to `until`.
    fn region(&mut self, at: usize, until: usize, kind: NodeKind) {
        match kind {
            NodeKind::Call { .. } => {
                self.calls_open += 1;
                self.literals_open += 1;
            }
            NodeKind::Attribute { .. } => self.literals_open += 1,
            _ => {}
        }
        let limit = self.regions.last().map_or(usize::MAX, |region| region.0);
        let node = self.node(at, until, kind);
        self.regions.push((until.min(limit), node));
    }

    fn close_regions(&mut self, at: usize) {
        while let Some((_, node)) = self.regions.pop_if(|region| region.0 <= at) {
            let end = self.out.nodes.len() as u32;
            let node = &mut self.out.nodes[node as usize];
            node.end = end;
            match node.kind {
                NodeKind::Call { .. } => {
                    self.calls_open -= 1;
                    self.literals_open -= 1;
                }
                NodeKind::Attribute { .. } => self.literals_open -= 1,
                _ => {}
            }
        }
    }

    fn scope(&mut self, at: usize, until: usize, predicate: PredicateId) {
        self.region(at, until, NodeKind::Scope(predicate));
    }

    fn open_scheduled(&mut self, at: usize) {
        while let Some((_, scheduled)) = self.scheduled.pop_if(|next| next.0 <= at) {
            match scheduled {
                Scheduled::Scope { until, predicate } => self.scope(at, until, predicate),
                Scheduled::Piece { until } => self.piece(at, until),
            }
        }
    }

    fn place(&self) -> Place {
        self.groups.last().map_or(
            Place {
                items: true,
                in_macro: false,
                module: true,
            },
            |group| group.place,
        )
    }

    fn open(&mut self, at: usize) -> usize {
        let outer = self.place();
        let place = match self.next_group.take() {
            Some((group, place)) if group == at => place,
            _ => Place {
                items: outer.items && outer.in_macro,
                in_macro: outer.in_macro,
                module: false,
            },
        };
        let close = self.close(at);
        self.groups.push(Group { close, place });
        at + 1
    }
}
