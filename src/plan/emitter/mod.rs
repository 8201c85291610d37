//! Emitters: derivations whose outputs are the derivations of a plan.
//!
//! A derivation of the Nix language has a fixed list of outputs. One that is written as a text can have as
//! many as a plan needs. So a plan does not make its derivations itself; it says what *emitters* are to write:
//!
//! ```text
//! plan ─► contents-0 ─► emitter 0 ─► unit.drv, unit.drv, large sources …
//!      ─► contents-1 ─► emitter 1 ─► unit.drv, … (mention those of emitter 0)
//!      ─► index
//! ```
//!
//! | rule | because |
//! |---|---|
//! | An emitter writes the derivations of some dozens of packages | registering an output costs more, the more siblings it has; with fewer of them, an edit runs more emitters, one after the other |
//! | An emitter is run if its own contents changed, or an output of an earlier emitter that its texts mention | contents and outputs are content-addressed, one file each |
//! | Which emitter writes what follows from the graph, never from contents ([`grouping`]) | an edit re-emits what it changes, and nothing else moves |
//! | What a text mentions comes from the same emitter, an earlier one, or one of an earlier layer | Nix finds references among the inputs and the outputs of the derivation that writes a text |
//! | All emitters have the same name, [`NAME`] | the name is part of the name of every output, and so of its path |
//! | An emitter has no input that is in the closure of another | Nix finds references in closures, and looks up each input |
//! | Sources of up to 64 KiB are in the text of the unit that reads them ([`sources`]) | a file of their own is an output more, and a mount more for the unit and for all later emitters |
//! | No source of a user is searched for references | it may hold what looks like one |
//!
//! The data's way through this module:
//!
//! | step | module |
//! |---|---|
//! | collecting derivations and sources, and predicting their paths | [`collection`] |
//! | the source files of a unit, as one file or text | [`sources`] |
//! | which emitter writes what | [`grouping`] |
//! | what one emitter writes, as a file | [`contents`] |
//! | an emitter as a derivation | [`derivation`] |
//! | an emitter at work | [`emit`] |
//!
//! Inside all files paths are the *final* ones, which decide the texts' own paths and order. While an emitter
//! runs, its own outputs are elsewhere; it puts these places into the texts, and Nix replaces them by the final paths.

pub mod collection;
pub mod contents;
pub mod derivation;
pub mod emit;
pub mod grouping;
pub mod sources;

pub use collection::{Collection, Content, Emitted, Index, Item, Plan};

use serde::Deserialize;
use std::collections::BTreeMap;

/// The store name of every emitter's derivation, and so the prefix of all its outputs.
/// It is constant: a prefix that changed would change the name of everything.
pub const NAME: &str = "crate";

/// The output of a plan that tells which emitter writes which unit.
pub const INDEX: &str = "index";

/// The output of a plan with what an emitter writes.
pub fn contents_output(emitter: usize) -> String {
    format!("contents-{emitter}")
}

/// The emitters that `nix/dyndrv.nix` has prepared for a plan.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prepared {
    /// The plan's layer, such as `workspace`. Emitter 3 of it is called `workspace-3` elsewhere.
    pub layer: String,
    /// How many emitters write what is not in [`Prepared::named`]; at least one.
    pub count: usize,
    /// Derivations that the Nix language knows by name, with the emitter that writes each. It is the last of
    /// [`Prepared::count`], or a later one.
    #[serde(default)]
    pub named: BTreeMap<String, usize>,
}

impl Prepared {
    /// How many emitters there are in all.
    pub fn total(&self) -> usize {
        let last = self.named.values().max().map_or(0, |last| last + 1);
        last.max(self.count)
    }

    /// The name of an emitter in documents of other layers.
    pub fn key(&self, emitter: usize) -> String {
        format!("{}-{emitter}", self.layer)
    }
}
