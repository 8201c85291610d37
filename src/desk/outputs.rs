//! Where the outputs of derivations are, asked beside a connection that builds.

use super::client::Client;
use super::state::Record;
use std::collections::BTreeMap;

/// Outputs by derivation. Connects to the store when it is first asked for one that it does not know.
#[derive(Debug, Default)]
pub struct Outputs {
    client: Option<Client>,
    known: BTreeMap<String, BTreeMap<String, String>>,
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
    pub fn of(&mut self, derivation: &str, asked: &str) -> BTreeMap<String, String> {
        if let Some(outputs) = self.known.get(derivation) {
            return outputs.clone();
        }
        if self.client.is_none() {
            self.client = Client::connect().ok();
        }
        // A derivation that is not in the store has no outputs either.
        let found = self.client.as_mut().map(|client| client.outputs(asked));
        let outputs = found.and_then(Result::ok).unwrap_or_default();
        if !outputs.is_empty() {
            self.known.insert(derivation.to_owned(), outputs.clone());
        }
        outputs
    }
}
