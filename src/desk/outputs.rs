//! Where the outputs of derivations are, asked beside a connection that builds, or on it when it has built.

use super::client::Client;
use super::state::Record;
use std::collections::BTreeMap;

/// The outputs of a derivation that are there, by name.
pub type OfOne = BTreeMap<String, String>;

/// Outputs by derivation. Connects to the store when it is first asked for one that it does not know.
#[derive(Debug, Default)]
pub struct Outputs {
    client: Option<Client>,
    known: BTreeMap<String, OfOne>,
}

impl Outputs {
    /// Takes note of the outputs in a record.
    pub fn know(&mut self, record: &Record) {
        for unit in record.units.iter().filter(|unit| !unit.outputs.is_empty()) {
            let outputs = unit.outputs.clone();
            self.known.insert(unit.derivation.clone(), outputs);
        }
    }

    /// The outputs of a derivation that are there; none if it is not built. `derivation` is kept as its name if it is
    /// another one than `asked`, which it was resolved to.
    pub fn of(&mut self, derivation: &str, asked: &str) -> OfOne {
        if let Some(outputs) = self.known.get(derivation) {
            return outputs.clone();
        }
        // A derivation that is not in the store has no outputs either.
        let found = own(&mut self.client).map(|client| client.outputs(asked));
        let outputs = found.and_then(Result::ok).unwrap_or_default();
        self.take_note(derivation, &outputs);
        outputs
    }

    /// The same of many derivations, in their order, asked on a connection if one is given.
    pub fn of_all(&mut self, derivations: &[&str], client: Option<&mut Client>) -> Vec<OfOne> {
        let is_unknown = |derivation: &&&str| !self.known.contains_key(**derivation);
        let unknown: Vec<&str> = derivations.iter().filter(is_unknown).copied().collect();
        if !unknown.is_empty()
            && let Some(client) = client.or_else(|| own(&mut self.client))
        {
            let found = client.outputs_of_all(&unknown).unwrap_or_default();
            for (derivation, outputs) in unknown.iter().zip(&found) {
                self.take_note(derivation, outputs);
            }
        }
        let known = |derivation: &&str| self.known.get(*derivation).cloned().unwrap_or_default();
        derivations.iter().map(known).collect()
    }

    fn take_note(&mut self, derivation: &str, outputs: &OfOne) {
        if !outputs.is_empty() {
            self.known.insert(derivation.to_owned(), outputs.clone());
        }
    }
}

/// A connection of one's own, made if there is none yet.
fn own(client: &mut Option<Client>) -> Option<&mut Client> {
    if client.is_none() {
        *client = Client::connect().ok();
    }
    client.as_mut()
}
