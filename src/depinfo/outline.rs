//! The skeleton of one source file: only what can bring another file in.
//!
//! An outline does not depend on a unit: it is made once per file, and every unit walks it
//! with its own cfg. It is a flat list in the order of the text; a node that encloses others
//! knows where its inside ends, so walking needs no recursion whatever the nesting.

use super::cfg::{self, Predicate};
use super::lexer::{self, Kind, Token};
use super::policy;
use std::ops::Range;

/// A file's nodes and what they refer to.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub nodes: Vec<Node>,
    pub predicates: Vec<Predicate>,
    pub paths: Vec<PathAttribute>,
    pub patterns: Vec<Pattern>,
}

/// One construct.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub what: What,
    /// The index behind the last node inside.
    pub end: u32,
    /// The construct's bytes (the whole, or its beginning).
    pub span: Span,
    /// The line, from 1.
    pub line: u32,
}

/// A range of bytes of the file. Empty where a macro's variable stands for the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

/// The sort of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The inside exists only if the predicate holds.
    Scope(u32),
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
        passes: Option<(u32, u32)>,
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
    /// An identifier inside a call.
    Word,
    /// `use from as to`.
    Alias { from: Span, to: Span },
}

/// One `#[path = "value"]`, or the same in a `cfg_attr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathAttribute {
    pub predicate: Option<Predicate>,
    /// `None`: not a string, but a macro's variable.
    pub value: Option<String>,
}

/// The argument of an `include…!`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    pub parts: Vec<Part>,
}

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
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
pub(super) fn outline(source: &[u8]) -> Outline {
    let tokens = lexer::lex(source);
    let partner = match_brackets(source, &tokens);
    let mut builder = Builder {
        source,
        tokens: &tokens,
        partner: &partner,
        out: Outline::default(),
        regions: Vec::new(),
        groups: Vec::new(),
        scheduled: Vec::new(),
        attributes_until: 0,
        use_until: 0,
        pending_mod: None,
        next_group: None,
        calls_open: 0,
        literals_open: 0,
        line: 1,
        line_at: 0,
        extent_steps: 16 * tokens.len() + MAX_EXTENT,
        variables: Vec::new(),
        macro_uses: Vec::new(),
    };
    builder.index();
    builder.run();
    builder.out
}

/// For each opening bracket the index of its closing one (the number of tokens, if there is
/// none), for each closing one the index of its opening one (itself, if there is none).
fn match_brackets(source: &[u8], tokens: &[Token]) -> Vec<u32> {
    let mut partner = vec![0u32; tokens.len()];
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut count = [0usize; 128];
    for (index, token) in tokens.iter().enumerate() {
        let shape = source[token.start as usize];
        match token.kind {
            Kind::Open => {
                partner[index] = tokens.len() as u32;
                let closing = match shape {
                    b'(' => b')',
                    b'[' => b']',
                    _ => b'}',
                };
                count[usize::from(closing)] += 1;
                open.push((index, closing));
            }
            Kind::Close if count[usize::from(shape)] == 0 => partner[index] = index as u32,
            Kind::Close => {
                while let Some((opened, closing)) = open.pop() {
                    count[usize::from(closing)] -= 1;
                    partner[opened] = index as u32;
                    if closing == shape {
                        partner[index] = opened as u32;
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    partner
}

/// A bracket that is open at the current token.
#[derive(Clone, Copy)]
struct Group {
    close: usize,
    place: Place,
}

/// What the inside of a bracket is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Items can stand here: a file, an inline module, or a macro's arguments at such a place.
    items: bool,
    /// A macro decides what is made of it: its arguments, or its definition.
    foreign: bool,
    /// The inside of a `mod name { … }`, whoever has written it.
    module: bool,
}

/// Something that begins at a token still ahead.
enum Scheduled {
    Scope { until: usize, predicate: Predicate },
    Piece { until: usize },
}

struct Builder<'s> {
    source: &'s [u8],
    tokens: &'s [Token],
    partner: &'s [u32],
    out: Outline,
    /// Open nodes with the token at which they end, outermost first.
    regions: Vec<(usize, u32)>,
    groups: Vec<Group>,
    /// The nearest last.
    scheduled: Vec<(usize, Scheduled)>,
    /// Up to here the cfgs of attributes are in effect already.
    attributes_until: usize,
    use_until: usize,
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

/// No signature has more tokens than this before its body; a limit keeps time linear.
const MAX_EXTENT: usize = 4096;
/// Longer macro definitions pass their arguments on, for all that is known.
const MAX_DEFINITION: usize = 20_000;

impl Builder<'_> {
    fn index(&mut self) {
        for at in 0..self.tokens.len() {
            if self.is(at, b'$') {
                self.variables.push(at as u32);
            } else if self.is(at, b'!') && self.kind(at + 1) == Some(Kind::Open) {
                self.macro_uses.push(at as u32);
            }
        }
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            self.close_regions(at);
            self.open_scheduled(at);
            at = match self.tokens[at].kind {
                Kind::Punct if self.is(at, b'#') => self.attribute(at),
                Kind::Ident => self.ident(at),
                Kind::RawIdent => self.word(at),
                Kind::Str | Kind::RawStr => {
                    if self.literals_open > 0 {
                        self.node(at, at + 1, What::Literal);
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

    fn is(&self, at: usize, byte: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            self.source[token.start as usize] == byte
                && matches!(token.kind, Kind::Punct | Kind::Open | Kind::Close)
        })
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn bytes(&self, at: usize) -> &[u8] {
        self.tokens.get(at).map_or(&[], |token| {
            &self.source[token.start as usize..token.end as usize]
        })
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.kind(at) == Some(Kind::Ident) && self.bytes(at) == word.as_bytes()
    }

    fn is_name(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Ident | Kind::RawIdent))
    }

    /// The closing bracket's token; the number of tokens if there is none.
    fn close(&self, open: usize) -> usize {
        self.partner[open] as usize
    }

    fn span(&self, at: usize) -> Span {
        let token = self.tokens[at];
        let raw = u32::from(token.kind == Kind::RawIdent) * 2;
        Span {
            start: token.start + raw,
            end: token.end,
        }
    }

    fn line_of(&mut self, at: usize) -> u32 {
        let offset = self.tokens[at].start as usize;
        if offset < self.line_at {
            let back = &self.source[offset..self.line_at];
            self.line -= back.iter().filter(|byte| **byte == b'\n').count() as u32;
        } else {
            let ahead = &self.source[self.line_at..offset];
            self.line += ahead.iter().filter(|byte| **byte == b'\n').count() as u32;
        }
        self.line_at = offset;
        self.line
    }

    // Writing nodes.

    /// Adds a node for the tokens `at..until`, with nothing inside.
    fn node(&mut self, at: usize, until: usize, what: What) -> u32 {
        let index = self.out.nodes.len() as u32;
        let last = until.clamp(at + 1, self.tokens.len()) - 1;
        let node = Node {
            what,
            end: index + 1,
            span: Span {
                start: self.tokens[at].start,
                end: self.tokens[last].end,
            },
            line: self.line_of(at),
        };
        self.out.nodes.push(node);
        index
    }

    /// Adds a node that encloses all nodes of the tokens up to `until`.
    fn region(&mut self, at: usize, until: usize, what: What) {
        match what {
            What::Call { .. } => {
                self.calls_open += 1;
                self.literals_open += 1;
            }
            What::Attribute { .. } => self.literals_open += 1,
            _ => {}
        }
        let limit = self.regions.last().map_or(usize::MAX, |region| region.0);
        let node = self.node(at, until, what);
        self.regions.push((until.min(limit), node));
    }

    fn close_regions(&mut self, at: usize) {
        while let Some((_, node)) = self.regions.pop_if(|region| region.0 <= at) {
            let end = self.out.nodes.len() as u32;
            let node = &mut self.out.nodes[node as usize];
            node.end = end;
            match node.what {
                What::Call { .. } => {
                    self.calls_open -= 1;
                    self.literals_open -= 1;
                }
                What::Attribute { .. } => self.literals_open -= 1,
                _ => {}
            }
        }
    }

    fn scope(&mut self, at: usize, until: usize, predicate: Predicate) {
        let index = self.out.predicates.len() as u32;
        self.out.predicates.push(predicate);
        self.region(at, until, What::Scope(index));
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
                foreign: false,
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
                items: outer.items && outer.foreign,
                foreign: outer.foreign,
                module: false,
            },
        };
        let close = self.close(at);
        self.groups.push(Group { close, place });
        at + 1
    }

    // Attributes.

    /// At `#`: takes the cfgs of a whole run of attributes into effect, then lets the main
    /// loop look into this one.
    fn attribute(&mut self, at: usize) -> usize {
        let inner = self.is(at + 1, b'!');
        let open = at + 1 + usize::from(inner);
        if !self.is(open, b'[') || self.close(open) >= self.tokens.len() {
            return at + 1;
        }
        let close = self.close(open);
        if inner {
            let mut predicates = Vec::new();
            self.attribute_cfg(open + 1..close, None, &mut predicates, &mut Vec::new(), 0);
            let place = self.place();
            if let Some(predicate) = Predicate::all(predicates)
                && (place.module || !place.foreign)
            {
                let until = self
                    .groups
                    .last()
                    .map_or(self.tokens.len(), |group| group.close);
                self.scope(at, until, predicate);
            }
        } else if at >= self.attributes_until {
            self.attribute_run(at);
        }
        if self.is_word(open + 1, "cfg") {
            return close + 1;
        }
        self.scheduled
            .push((open + 1, Scheduled::Piece { until: close }));
        open
    }

    fn attribute_run(&mut self, at: usize) {
        let mut predicates = Vec::new();
        let mut paths = Vec::new();
        let mut item = at;
        while self.is(item, b'#')
            && self.is(item + 1, b'[')
            && self.close(item + 1) < self.tokens.len()
        {
            let close = self.close(item + 1);
            self.attribute_cfg(item + 2..close, None, &mut predicates, &mut paths, 0);
            item = close + 1;
        }
        self.attributes_until = item;
        let keyword = self.skip_visibility(item);
        if self.is_word(keyword, "mod") && !paths.is_empty() {
            let start = self.out.paths.len() as u32;
            self.out.paths.append(&mut paths);
            self.pending_mod = Some((keyword, (start, self.out.paths.len() as u32)));
        }
        let Some(predicate) = Predicate::all(predicates) else {
            return;
        };
        if let Some(until) = self.extent(item, keyword) {
            self.scope(at, until, predicate);
        }
    }

    /// Collects what one attribute says about cfg and path. `given`: the predicate of an
    /// enclosing `cfg_attr`.
    fn attribute_cfg(
        &self,
        content: Range<usize>,
        given: Option<&Predicate>,
        predicates: &mut Vec<Predicate>,
        paths: &mut Vec<PathAttribute>,
        depth: usize,
    ) {
        let at = content.start;
        if depth > 8 || content.len() < 3 {
            return;
        }
        if self.is_word(at, "path") && self.is(at + 1, b'=') {
            paths.push(PathAttribute {
                predicate: given.cloned(),
                value: cfg::string_value(self.source, &self.tokens[at + 2]),
            });
        } else if !self.is(at + 1, b'(') || self.close(at + 1) != content.end - 1 {
        } else if self.is_word(at, "cfg") {
            let range = at + 2..content.end - 1;
            let parts = cfg::split_commas(self.source, self.tokens, self.partner, range);
            let predicate = match &parts[..] {
                [one] => self.predicate(one.clone()),
                _ => Predicate::Unknown,
            };
            predicates.push(match given {
                None => predicate,
                Some(given) => Predicate::Any(vec![given.clone().not(), predicate]),
            });
        } else if self.is_word(at, "cfg_attr") {
            let range = at + 2..content.end - 1;
            let mut parts =
                cfg::split_commas(self.source, self.tokens, self.partner, range).into_iter();
            let Some(first) = parts.next() else { return };
            let mut all: Vec<_> = given.cloned().into_iter().collect();
            all.push(self.predicate(first));
            let given = Predicate::all(all);
            for part in parts {
                self.attribute_cfg(part, given.as_ref(), predicates, paths, depth + 1);
            }
        }
    }

    fn predicate(&self, range: Range<usize>) -> Predicate {
        cfg::parse(self.source, self.tokens, self.partner, range)
    }

    /// One attribute without its brackets, at the top or inside a `cfg_attr`.
    fn piece(&mut self, at: usize, until: usize) {
        let mut name = at;
        while self.is_name(name) && self.is(name + 1, b':') && self.is(name + 2, b':') {
            name += 3;
        }
        if !self.is_name(name) || name >= until {
            return;
        }
        if self.is_word(name, "cfg_attr") && self.is(name + 1, b'(') {
            let range = name + 2..self.close(name + 1).min(until);
            let parts = cfg::split_commas(self.source, self.tokens, self.partner, range.clone());
            let Some((first, rest)) = parts.split_first() else {
                return;
            };
            for part in rest.iter().rev() {
                let piece = Scheduled::Piece { until: part.end };
                self.scheduled.push((part.start, piece));
            }
            if let Some(second) = rest.first() {
                let scope = Scheduled::Scope {
                    until: range.end,
                    predicate: self.predicate(first.clone()),
                };
                self.scheduled.push((second.start, scope));
            }
        } else if name != at || !policy::is_plain_attribute(self.bytes(name)) {
            let name = self.span(name);
            self.region(at, until, What::Attribute { name });
        }
    }

    fn skip_visibility(&self, mut at: usize) -> usize {
        if self.is(at, b'$') && self.is_name(at + 1) {
            at += 2;
        }
        if self.is_word(at, "pub") {
            at += 1;
            if self.is(at, b'(') {
                at = self.close(at).saturating_add(1);
            }
        } else if self.is_word(at, "crate") && !self.is(at + 1, b':') {
            at += 1;
        }
        if self.is_word(at, "unsafe") && self.is_word(at + 1, "mod") {
            at += 1;
        }
        at
    }

    /// Where the thing ends to which the attributes before `start` belong; `keyword` is its
    /// first token behind a visibility. Rather too early than too late: what a false cfg
    /// covers is left out. `None`: it cannot be told.
    fn extent(&mut self, start: usize, keyword: usize) -> Option<usize> {
        let limit = self
            .groups
            .last()
            .map_or(self.tokens.len(), |group| group.close)
            .min(self.tokens.len());
        let item = self.item_form(keyword);
        if self.place().foreign && item == ItemForm::None {
            return None;
        }
        let mut at = if item == ItemForm::None {
            start
        } else {
            keyword
        };
        for _ in 0..MAX_EXTENT {
            self.extent_steps = self.extent_steps.checked_sub(1)?;
            if at >= limit {
                return (item == ItemForm::None).then_some(limit);
            }
            match self.kind(at) {
                Some(Kind::Open) => {
                    let close = self.close(at);
                    if close >= limit {
                        return None;
                    }
                    if self.is(at, b'{') && item != ItemForm::Semicolon {
                        return Some(close + 1);
                    }
                    at = close;
                }
                Some(Kind::Punct) if self.is(at, b';') => return Some(at + 1),
                Some(Kind::Punct) if self.is(at, b',') && item == ItemForm::None => {
                    return Some(at + 1);
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn item_form(&self, at: usize) -> ItemForm {
        if self.kind(at) != Some(Kind::Ident) {
            return ItemForm::None;
        }
        let function = |at: usize| {
            ["fn", "unsafe", "extern", "async", "safe"]
                .iter()
                .any(|word| self.is_word(at, word))
        };
        match self.bytes(at) {
            b"use" | b"static" | b"type" | b"let" => ItemForm::Semicolon,
            b"const" if function(at + 1) => ItemForm::Braces,
            b"const" if self.is(at + 1, b'{') => ItemForm::None,
            b"const" => ItemForm::Semicolon,
            b"mod" | b"fn" | b"impl" | b"trait" | b"struct" | b"enum" | b"extern" => {
                ItemForm::Braces
            }
            b"unsafe" | b"async" if function(at + 1) => ItemForm::Braces,
            b"unsafe" if self.is_word(at + 1, "impl") || self.is_word(at + 1, "trait") => {
                ItemForm::Braces
            }
            b"macro_rules" if self.is(at + 1, b'!') => ItemForm::Braces,
            _ if self.is(at + 1, b'!') && self.is(at + 2, b'{') => ItemForm::Braces,
            _ => ItemForm::None,
        }
    }

    // Items and macros.

    fn word(&mut self, at: usize) -> usize {
        if self.calls_open > 0 {
            self.node(at, at + 1, What::Word);
        }
        at + 1
    }

    fn ident(&mut self, at: usize) -> usize {
        let next_is_call = self.is(at + 1, b'!') && self.kind(at + 2) == Some(Kind::Open);
        match self.bytes(at) {
            b"mod" => return self.module(at),
            b"use" if at >= self.use_until => {
                let semicolon = (at..self.tokens.len()).find(|at| self.is(*at, b';'));
                self.use_until = semicolon.unwrap_or(self.tokens.len());
            }
            b"as"
                if at < self.use_until
                    && at > 0
                    && self.is_name(at - 1)
                    && self.is_name(at + 1) =>
            {
                let (from, to) = (self.span(at - 1), self.span(at + 1));
                self.node(at - 1, at + 2, What::Alias { from, to });
            }
            b"macro_rules" if self.is(at + 1, b'!') => {
                let variable = self.is(at + 2, b'$');
                let open = at + 3 + usize::from(variable);
                if self.kind(open) == Some(Kind::Open) && self.is_name(open - 1) {
                    return self.define(at, open, !variable);
                }
            }
            b"macro" if self.is_name(at + 1) && self.kind(at + 2) == Some(Kind::Open) => {
                return self.define(at, at + 2, true);
            }
            name if next_is_call && !policy::is_keyword(name) => return self.call(at),
            _ => {}
        }
        self.word(at)
    }

    fn module(&mut self, at: usize) -> usize {
        let variable = self.is(at + 1, b'$');
        let name_at = at + 1 + usize::from(variable);
        if !self.is_name(name_at) {
            return at + 1;
        }
        let name = if variable {
            Span { start: 0, end: 0 }
        } else {
            self.span(name_at)
        };
        let paths = match self.pending_mod.take() {
            Some((module, paths)) if module == at => paths,
            _ => (0, 0),
        };
        let next = name_at + 1;
        if self.is(next, b';') {
            self.node(at, next + 1, What::Module { name, paths });
        } else if self.is(next, b'{') {
            let outer = self.place();
            let place = Place {
                items: true,
                foreign: outer.foreign,
                module: true,
            };
            self.next_group = Some((next, place));
            let until = self.close(next).saturating_add(1);
            self.region(at, until, What::InlineModule { name, paths });
            let node = self.out.nodes.len() - 1;
            self.out.nodes[node].span.end = self.tokens[next].end;
        }
        next
    }

    fn define(&mut self, at: usize, open: usize, named: bool) -> usize {
        let name = if named {
            let name_at = if self.is(at + 1, b'!') {
                at + 2
            } else {
                at + 1
            };
            self.span(name_at)
        } else {
            Span { start: 0, end: 0 }
        };
        // A `macro name(…) {…}` has a second group.
        let mut last = open;
        if !self.is(at + 1, b'!') && self.is(self.close(open) + 1, b'{') {
            last = self.close(open) + 1;
        }
        let passes = self.passes(open + 1..self.close(open)).map(|predicates| {
            let start = self.out.predicates.len() as u32;
            self.out.predicates.extend(predicates);
            (start, self.out.predicates.len() as u32)
        });
        let until = self.close(last).saturating_add(1);
        self.region(at, until, What::Define { name, passes });
        let node = self.out.nodes.len() - 1;
        self.out.nodes[node].span.end = self.tokens[open - 1].end;
        let place = Place {
            items: true,
            foreign: true,
            module: false,
        };
        self.next_group = Some((last, place));
        last
    }

    fn call(&mut self, at: usize) -> usize {
        let open = at + 2;
        let close = self.close(open);
        let name = self.bytes(at);
        let code = name == b"include";
        if code || name == b"include_str" || name == b"include_bytes" {
            let pattern = self.out.patterns.len() as u32;
            let parsed = self.pattern(open + 1..close.min(self.tokens.len()));
            self.out.patterns.push(parsed);
            self.node(at, close.saturating_add(1), What::Include { code, pattern });
            return close.saturating_add(1);
        }
        match name {
            b"cfg_if" | b"match_cfg" => self.cfg_if_arms(open + 1..close.min(self.tokens.len())),
            b"cfg_select" | b"cfg_match" => {
                self.cfg_select_arms(open + 1..close.min(self.tokens.len()));
            }
            name if policy::is_plain_macro(name) => {}
            _ => {
                let arguments = open + 1..close.min(self.tokens.len());
                let what = What::Call {
                    name: self.span(at),
                    variables: any_in(&self.variables, &arguments),
                    items: self.place().items,
                    makes: any_in(&self.macro_uses, &arguments),
                };
                self.region(at, close.saturating_add(1), what);
            }
        }
        let place = Place {
            items: self.place().items,
            foreign: true,
            module: false,
        };
        self.next_group = Some((open, place));
        open
    }

    // The arms of macros that choose by cfg.

    /// `if #[cfg(a)] { … } else if #[cfg(b)] { … } else { … }`, and
    /// `#[cfg(a)] => { … } _ => { … }`.
    fn cfg_if_arms(&mut self, range: Range<usize>) {
        let mut arms = Vec::new();
        let mut predicate = None;
        let mut at = range.start;
        while at < range.end {
            if self.is_word(at, "if") && (at == range.start || !self.is_word(at - 1, "else")) {
                // Some crates' own `cfg_if` takes several chains.
                self.schedule_arms(std::mem::take(&mut arms));
            } else if self.is(at, b'#') && self.is(at + 1, b'[') {
                let close = self.close(at + 1);
                if self.is_word(at + 2, "cfg") && self.is(at + 3, b'(') {
                    predicate =
                        Some(self.predicate(at + 4..self.close(at + 3).min(close).min(range.end)));
                }
                at = close;
            } else if self.is(at, b'{') {
                arms.push((at, self.close(at), predicate.take()));
                at = self.close(at);
            } else if self.kind(at) == Some(Kind::Open) {
                at = self.close(at);
            }
            at = at.saturating_add(1);
        }
        self.schedule_arms(arms);
    }

    /// `a => { … } b => expression, _ => { … }`, the predicates bare or in `cfg(…)`.
    fn cfg_select_arms(&mut self, range: Range<usize>) {
        let mut arms = Vec::new();
        let mut start = range.start;
        let mut at = range.start;
        while at < range.end {
            if self.is(at, b'=') && self.is(at + 1, b'>') {
                let mut predicate = start..at;
                if self.is_word(start, "cfg")
                    && self.is(start + 1, b'(')
                    && self.close(start + 1) + 1 == at
                {
                    predicate = start + 2..at - 1;
                }
                let wildcard = self.is_word(start, "_") && at == start + 1;
                let predicate = (!wildcard).then(|| self.predicate(predicate));
                at += 2;
                let body = at;
                while at < range.end && !self.is(at, b',') {
                    let group = self.kind(at) == Some(Kind::Open);
                    at = if group { self.close(at) } else { at }.saturating_add(1);
                    if group && at == self.close(body).saturating_add(1) && self.is(body, b'{') {
                        break;
                    }
                }
                let end = at.min(range.end);
                if body < end {
                    arms.push((body, end, predicate));
                }
                at = end;
                if self.is(at, b',') {
                    at += 1;
                }
                start = at;
            } else if self.kind(at) == Some(Kind::Open) {
                at = self.close(at).saturating_add(1);
            } else {
                at += 1;
            }
        }
        self.schedule_arms(arms);
    }

    /// An arm holds if its own predicate does and none before it.
    fn schedule_arms(&mut self, arms: Vec<(usize, usize, Option<Predicate>)>) {
        let mut before: Vec<Predicate> = Vec::new();
        let mut scopes = Vec::new();
        for (at, until, predicate) in arms {
            // Long chains would take quadratic room; nobody writes them.
            let mut all = if before.len() > 64 {
                vec![Predicate::Unknown]
            } else {
                before.clone()
            };
            if let Some(predicate) = predicate {
                before.push(predicate.clone().not());
                all.push(predicate);
            }
            if let Some(predicate) = Predicate::all(all) {
                scopes.push((at, Scheduled::Scope { until, predicate }));
            }
        }
        // The nearest stands last.
        let first = scopes.first().map_or(0, |scope| scope.0);
        let later = self
            .scheduled
            .partition_point(|scheduled| scheduled.0 > first);
        self.scheduled
            .splice(later..later, scopes.into_iter().rev());
    }

    // Macro definitions.

    /// Under which predicates a macro passes the items on that it is given; `None` if it
    /// may do so always, or if it cannot be told. Knows macros in the style of
    /// `($($item:item)*) => { $( #[cfg(feature = "x")] $item )* }`.
    fn passes(&self, body: Range<usize>) -> Option<Vec<Predicate>> {
        let mut predicates = Vec::new();
        let mut at = body.start;
        if body.len() > MAX_DEFINITION {
            return None;
        }
        while at < body.end {
            if self.kind(at) != Some(Kind::Open) {
                return None;
            }
            let arrow = self.close(at).checked_add(1)?;
            let transcriber = arrow + 2;
            let shape = self.is(arrow, b'=')
                && self.is(arrow + 1, b'>')
                && self.kind(transcriber) == Some(Kind::Open)
                && self.close(transcriber) < body.end;
            if !shape {
                return None;
            }
            // A matcher that names keywords can take items apart and make new ones.
            if (at + 1..arrow - 1)
                .any(|at| self.is_word(at, "mod") || self.kind(at) == Some(Kind::Str))
            {
                return None;
            }
            let variables = self.variables(at + 1..arrow - 1);
            for variable in transcriber + 1..self.close(transcriber) {
                if !self.is(variable, b'$')
                    || !self.is_name(variable + 1)
                    || self.is_word(variable + 1, "crate")
                {
                    continue;
                }
                let name = self.bytes(variable + 1);
                match variables.iter().find(|known| known.0 == name)?.1 {
                    b"meta" | b"vis" | b"ident" | b"lifetime" | b"literal" | b"path" | b"ty"
                    | b"pat" => {}
                    b"item" => predicates.push(self.predicates_before(variable)?),
                    _ => return None,
                }
            }
            at = self.close(transcriber) + 1;
            if self.is(at, b';') {
                at += 1;
            }
        }
        Some(predicates)
    }

    /// The `$name:fragment`s of a matcher.
    fn variables(&self, matcher: Range<usize>) -> Vec<(&[u8], &[u8])> {
        matcher
            .filter(|at| self.is(*at, b'$') && self.is_name(at + 1) && self.is(at + 2, b':'))
            .map(|at| (self.bytes(at + 1), self.bytes(at + 3)))
            .collect()
    }

    /// The cfgs directly before a token; `None` if there are none.
    fn predicates_before(&self, mut at: usize) -> Option<Predicate> {
        let mut predicates = Vec::new();
        while at > 0 && self.is(at - 1, b']') {
            let open = self.close(at - 1);
            if open == 0 || !self.is(open - 1, b'#') {
                break;
            }
            self.attribute_cfg(open + 1..at - 1, None, &mut predicates, &mut Vec::new(), 0);
            at = open - 1;
        }
        Predicate::all(predicates)
    }

    // Includes.

    fn pattern(&self, range: Range<usize>) -> Pattern {
        let mut parts = Vec::new();
        self.pattern_parts(range, 0, &mut parts);
        Pattern { parts }
    }

    fn pattern_parts(&self, mut range: Range<usize>, depth: usize, parts: &mut Vec<Part>) {
        while range.end > range.start && self.is(range.end - 1, b',') {
            range.end -= 1;
        }
        // `core::concat!` is `concat!`.
        while self.is(range.start, b':')
            || self.is(range.start + 1, b':')
                && (self.is_word(range.start, "core") || self.is_word(range.start, "std"))
        {
            range.start += 1;
        }
        let at = range.start;
        let inner = at + 3..range.end.saturating_sub(1);
        let whole = self.is(at + 1, b'!')
            && self.kind(at + 2) == Some(Kind::Open)
            && self.close(at + 2) + 1 == range.end;
        if let (1, Some(text)) = (
            range.len(),
            self.tokens
                .get(at)
                .and_then(|token| cfg::string_value(self.source, token)),
        ) {
            parts.push(Part::Text(text));
        } else if range.len() == 2 && self.is(at, b'$') {
            parts.push(Part::Variable);
        } else if whole && depth < 16 && self.is_word(at, "concat") {
            for part in cfg::split_commas(self.source, self.tokens, self.partner, inner) {
                self.pattern_parts(part, depth + 1, parts);
            }
        } else if whole && self.is_word(at, "env") && !inner.is_empty() {
            match cfg::string_value(self.source, &self.tokens[inner.start]) {
                Some(name) => parts.push(Part::Env(name)),
                None => parts.push(Part::Opaque(Vec::new())),
            }
        } else if whole
            && self.is_word(at, "stringify")
            && inner.len() == 2
            && self.is(inner.start, b'$')
        {
            parts.push(Part::Stringified);
        } else if whole && self.is_word(at, "stringify") && inner.len() == 1 {
            let text = String::from_utf8_lossy(self.bytes(inner.start)).into_owned();
            parts.push(Part::Text(text));
        } else {
            let strings = range
                .filter_map(|at| cfg::string_value(self.source, &self.tokens[at]))
                .collect();
            parts.push(Part::Opaque(strings));
        }
    }
}

fn any_in(sorted: &[u32], range: &Range<usize>) -> bool {
    let first = sorted.partition_point(|at| (*at as usize) < range.start);
    sorted
        .get(first)
        .is_some_and(|at| (*at as usize) < range.end)
}

/// How the end of an item is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemForm {
    /// Not known to be an item.
    None,
    /// Ends at its first `;` or after its first `{ … }`.
    Braces,
    /// Ends at its `;`.
    Semicolon,
}
