//! `cfg` predicates with three answers: true, false, and not decidable before the build.

use super::syntax::predicate::{Predicates, Truth};
use std::collections::{BTreeMap, BTreeSet};

/// A unit's cfgs, as far as they are known.
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

    /// The cfg of which nothing is known: code counts under any cfg.
    pub fn unknown() -> Self {
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

    /// The answers for all predicates of the file with the text `text`.
    pub(super) fn decide(&self, predicates: &Predicates, text: &str) -> Box<[Truth]> {
        predicates.decide(text, |name, value| {
            let set = match value {
                None => self.flags.contains(name),
                Some(value) => self
                    .values
                    .get(name)
                    .is_some_and(|values| values.contains(value)),
            };
            if set { Truth::True } else { self.missing(name) }
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::depinfo::syntax::token_tree::TokenTree;

    #[track_caller]
    fn check(cfg: &Cfg, expected: Truth, predicates: &[&str]) {
        for text in predicates {
            let mut predicates = Predicates::default();
            let tokens = TokenTree::new(text);
            let id = predicates.parse(&tokens, 0..tokens.len());
            let truth = cfg.decide(&predicates, text)[id.index()];
            assert_eq!(truth, expected, "{text}");
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
}
