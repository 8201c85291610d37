//! `cfg` predicates with three answers: true, false, and not decidable before the build.

use super::lexer::{Kind, Token};
use std::collections::{BTreeMap, BTreeSet};

/// What is known about a unit's cfgs.
///
/// ```
/// use dyndrv::depinfo::Cfg;
/// let cfg = Cfg::from_rustc("unix\ntarget_os=\"linux\"\n").with_feature("std").with_flag("test");
/// assert!(cfg.is_set("unix") && !cfg.is_set("windows"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cfg {
    flags: BTreeSet<String>,
    values: BTreeMap<String, BTreeSet<String>>,
    custom_undecided: bool,
    features_undecided: bool,
    all_undecided: bool,
}

/// The answer for one predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

impl Cfg {
    /// From the output of `rustc --print cfg`, for the unit's platform and flags.
    pub fn from_rustc(output: &str) -> Self {
        let mut cfg = Self::default();
        for line in output.lines() {
            cfg.insert(line.trim());
        }
        cfg
    }

    /// Adds one cfg as rustc's `--cfg` spells it: `name` or `name="value"`.
    pub fn insert(&mut self, cfg: &str) {
        match cfg.split_once('=') {
            Some((name, value)) => {
                let value = value.trim().trim_matches('"');
                self.values
                    .entry(name.trim().to_owned())
                    .or_default()
                    .insert(value.to_owned());
            }
            None if cfg.is_empty() => {}
            None => {
                self.flags.insert(cfg.to_owned());
            }
        }
    }

    /// With a flag such as `test`, `debug_assertions` or `proc_macro` set.
    #[must_use]
    pub fn with_flag(mut self, name: &str) -> Self {
        self.flags.insert(name.to_owned());
        self
    }

    /// Without a flag: `debug_assertions` for a profile that has them off.
    #[must_use]
    pub fn without_flag(mut self, name: &str) -> Self {
        self.flags.remove(name);
        self
    }

    /// With a feature of the package enabled. Features that are not added are false.
    #[must_use]
    pub fn with_feature(mut self, feature: &str) -> Self {
        let features = self.values.entry("feature".to_owned()).or_default();
        features.insert(feature.to_owned());
        self
    }

    /// Whether a flag is certainly set.
    pub fn is_set(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// Leaves every cfg undecided that a build script can set: all that rustc does not
    /// know itself, and `feature` too where the script's text speaks of setting it.
    pub(super) fn undecided(&mut self, features: bool) {
        self.custom_undecided = true;
        self.features_undecided |= features;
    }

    /// The cfg of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self {
            all_undecided: true,
            ..Self::default()
        }
    }

    fn missing(&self, name: &str) -> Truth {
        let undecided = match name {
            _ if self.all_undecided => true,
            "feature" => self.features_undecided,
            _ => self.custom_undecided && !is_builtin(name),
        };
        if undecided {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    pub(super) fn eval(&self, predicate: &Predicate) -> Truth {
        match predicate {
            Predicate::Known(value) => Truth::from(*value),
            Predicate::Unknown => Truth::Unknown,
            Predicate::Flag(name) if self.flags.contains(&**name) => Truth::True,
            Predicate::Flag(name) => self.missing(name),
            Predicate::Value(name, value) => {
                let values = self.values.get(&**name);
                if values.is_some_and(|values| values.contains(&**value)) {
                    Truth::True
                } else {
                    self.missing(name)
                }
            }
            Predicate::Not(inner) => match self.eval(inner) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
            },
            Predicate::All(inner) => self.fold(inner, Truth::False, Truth::True),
            Predicate::Any(inner) => self.fold(inner, Truth::True, Truth::False),
        }
    }

    /// `decisive` wins at once, `neutral` is the answer of none.
    fn fold(&self, inner: &[Predicate], decisive: Truth, neutral: Truth) -> Truth {
        let mut answer = neutral;
        for predicate in inner {
            match self.eval(predicate) {
                truth if truth == decisive => return decisive,
                Truth::Unknown => answer = Truth::Unknown,
                _ => {}
            }
        }
        answer
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Truth::True } else { Truth::False }
    }
}

/// The cfgs that rustc sets itself (`rustc_session::config::cfg`, and `cargo`'s `docsrs`
/// excepted): a build script cannot set them, rustc refuses `--cfg unix`.
fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "clippy"
            | "debug_assertions"
            | "doc"
            | "doctest"
            | "emscripten_wasm_eh"
            | "fmt_debug"
            | "miri"
            | "overflow_checks"
            | "panic"
            | "proc_macro"
            | "relocation_model"
            | "rustfmt"
            | "sanitize"
            | "sanitizer_cfi_generalize_pointers"
            | "sanitizer_cfi_normalize_integers"
            | "target_abi"
            | "target_arch"
            | "target_endian"
            | "target_env"
            | "target_family"
            | "target_feature"
            | "target_has_atomic"
            | "target_has_atomic_equal_alignment"
            | "target_has_atomic_load_store"
            | "target_has_atomic_primitive_alignment"
            | "target_object_format"
            | "target_os"
            | "target_pointer_width"
            | "target_thread_local"
            | "target_vendor"
            | "test"
            | "ub_checks"
            | "unix"
            | "windows"
    )
}

/// A parsed predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Predicate {
    Known(bool),
    Unknown,
    Flag(Box<str>),
    Value(Box<str>, Box<str>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
}

impl Predicate {
    pub fn not(self) -> Self {
        match self {
            Predicate::Known(value) => Predicate::Known(!value),
            Predicate::Not(inner) => *inner,
            other => Predicate::Not(Box::new(other)),
        }
    }

    /// The conjunction; `None` for none.
    pub fn all(mut predicates: Vec<Predicate>) -> Option<Self> {
        match predicates.len() {
            0 | 1 => predicates.pop(),
            _ => Some(Predicate::All(predicates)),
        }
    }
}

/// Deeper predicates count as undecided, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 48;

/// Parses the tokens of one predicate, which stand between brackets or commas.
///
/// `partner` gives for each opening bracket the index of the closing one. What is not a
/// predicate that rustc knows today (`version(…)`, a macro's `$meta`) is undecided.
pub(super) fn parse(
    source: &[u8],
    tokens: &[Token],
    partner: &[u32],
    range: std::ops::Range<usize>,
) -> Predicate {
    Parser {
        source,
        tokens,
        partner,
    }
    .predicate(range, 0)
}

struct Parser<'s> {
    source: &'s [u8],
    tokens: &'s [Token],
    partner: &'s [u32],
}

impl Parser<'_> {
    fn text(&self, at: usize) -> &str {
        let token = &self.tokens[at];
        let bytes = &self.source[token.start as usize..token.end as usize];
        let bytes = bytes.strip_prefix(b"r#").unwrap_or(bytes);
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn predicate(&self, range: std::ops::Range<usize>, depth: usize) -> Predicate {
        let start = range.start;
        let length = range.len();
        if depth > MAX_DEPTH
            || length == 0
            || !matches!(self.tokens[start].kind, Kind::Ident | Kind::RawIdent)
        {
            return Predicate::Unknown;
        }
        let name = self.text(start);
        if length == 1 {
            return match name {
                "true" => Predicate::Known(true),
                "false" => Predicate::Known(false),
                _ => Predicate::Flag(name.into()),
            };
        }
        if length == 3 && self.text(start + 1) == "=" {
            return match string_value(self.source, &self.tokens[start + 2]) {
                Some(value) => Predicate::Value(name.into(), value.into()),
                None => Predicate::Unknown,
            };
        }
        let closes = self.partner.get(start + 1).map(|partner| *partner as usize);
        if self.tokens[start + 1].kind != Kind::Open || closes != Some(range.end - 1) {
            return Predicate::Unknown;
        }
        let parts = split_commas(
            self.source,
            self.tokens,
            self.partner,
            start + 2..range.end - 1,
        );
        let mut inner: Vec<_> = parts
            .into_iter()
            .map(|part| self.predicate(part, depth + 1))
            .collect();
        match (name, inner.len()) {
            ("all", _) => Predicate::All(inner),
            ("any", _) => Predicate::Any(inner),
            ("not", 1) => inner.pop().map_or(Predicate::Unknown, Predicate::not),
            _ => Predicate::Unknown,
        }
    }
}

/// The ranges between the commas of one bracket level; an empty one at the end is left out.
pub(super) fn split_commas(
    source: &[u8],
    tokens: &[Token],
    partner: &[u32],
    range: std::ops::Range<usize>,
) -> Vec<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    let mut at = range.start;
    while at < range.end {
        match tokens[at].kind {
            Kind::Open => at = (partner[at] as usize).max(at),
            Kind::Punct if source[tokens[at].start as usize] == b',' => {
                parts.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if start < range.end {
        parts.push(start..range.end);
    }
    parts
}

/// The value of a string token; `None` for other tokens and malformed strings.
pub(super) fn string_value(source: &[u8], token: &Token) -> Option<String> {
    match token.kind {
        Kind::Str | Kind::RawStr => unquote(source.get(token.start as usize..token.end as usize)?),
        _ => None,
    }
}

/// The value of `"…"` or `r#"…"#`.
pub(super) fn unquote(literal: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(literal).ok()?;
    if let Some(raw) = text.strip_prefix('r') {
        let inner = raw.trim_matches('#');
        return Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut value = String::with_capacity(inner.len());
    let mut good = true;
    rustc_literal_escaper::unescape_str(inner, |_, character| match character {
        Ok(character) => value.push(character),
        Err(error) => good &= !error.is_fatal(),
    });
    good.then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::super::lexer;
    use super::*;

    fn predicate(text: &str) -> Predicate {
        let tokens = lexer::lex(text.as_bytes());
        let mut partner = vec![0; tokens.len()];
        let mut open = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Open => open.push(index),
                Kind::Close => partner[open.pop().unwrap()] = index as u32,
                _ => {}
            }
        }
        parse(text.as_bytes(), &tokens, &partner, 0..tokens.len())
    }

    #[track_caller]
    fn check(cfg: &Cfg, expected: Truth, predicates: &[&str]) {
        for text in predicates {
            assert_eq!(cfg.eval(&predicate(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_known_is_decided() {
        let cfg = Cfg::from_rustc(
            "unix\ntarget_os=\"linux\"\ntarget_has_atomic=\"8\"\ntarget_has_atomic=\"ptr\"\n",
        )
        .with_feature("std");
        check(
            &cfg,
            Truth::True,
            &[
                "unix",
                "not(windows)",
                "target_os = \"linux\"",
                "all()",
                "true",
                "r#unix",
                "feature = \"std\"",
                "target_has_atomic = \"ptr\"",
                "target_os = r#\"linux\"#",
                "target_os = \"lin\\x75x\"",
                "any(windows, all(unix, feature = \"std\",),)",
                "any(version(\"1.0\"), unix)",
            ],
        );
        check(
            &cfg,
            Truth::False,
            &[
                "windows",
                "any()",
                "false",
                "feature = \"x\"",
                "unix = \"x\"",
                "target_os",
                "custom",
                "all(windows, version(\"1.0\"))",
            ],
        );
        check(
            &cfg,
            Truth::Unknown,
            &[
                "version(\"1.0\")",
                "not(accessible(a::b))",
                "all(unix, $meta)",
                "not(a, b)",
                "a b",
            ],
        );
    }

    #[test]
    fn a_build_script_leaves_open_what_it_can_set() {
        let mut cfg = Cfg::from_rustc("unix\n");
        cfg.insert("known");
        cfg.undecided(false);
        check(
            &cfg,
            Truth::True,
            &["unix", "known", "any(custom, unix)", "not(feature = \"x\")"],
        );
        check(
            &cfg,
            Truth::False,
            &[
                "windows",
                "test",
                "feature = \"x\"",
                "target_os = \"x\"",
                "all(custom, windows)",
            ],
        );
        check(
            &cfg,
            Truth::Unknown,
            &[
                "custom",
                "custom = \"x\"",
                "not(custom)",
                "docsrs",
                "all(custom, unix)",
            ],
        );
        cfg.undecided(true);
        check(&cfg, Truth::Unknown, &["feature = \"x\""]);
    }

    #[test]
    fn strings_lose_their_quotes_and_escapes() {
        for (literal, value) in [
            ("\"a\\n\\u{e9}\"", "a\né"),
            ("r\"a\\n\"", "a\\n"),
            ("r##\"a\"#b\"##", "a\"#b"),
            ("\"a\\\n   b\"", "ab"),
        ] {
            assert_eq!(unquote(literal.as_bytes()).unwrap(), value);
        }
        assert_eq!(unquote(b"\"\\q\""), None);
        assert_eq!(unquote(b"\"open"), None);
    }
}
