//! Properties of reading and writing derivations, over generated ones.
#![allow(clippy::unwrap_used)]

use dyndrv::drv::{
    CAHash, Derivation, DerivationBuilder, FLOATING_TEXT, FLOATING_TREE, HashAlgorithm,
    InputDerivation, Output, StorePath, StructuredAttrs, ValidatedDerivation, hash_bytes,
    text_path,
};
use std::collections::BTreeSet;

/// A small generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| item(self)).collect()
    }

    fn string(&mut self) -> String {
        const PIECES: [&str; 14] = [
            "a", "Z9", "\"", "\\", "\n", "\r", "\t", "ü", "🦀", "\0", "(", "]", ",", "\\n",
        ];
        (0..self.below(8)).map(|_| PIECES[self.below(14)]).collect()
    }

    /// The name of an output. Nix writes those without escapes.
    fn name(&mut self) -> String {
        format!("o{}", self.below(50))
    }

    fn path(&mut self) -> StorePath {
        let name = format!("p{}.drv", self.below(50));
        text_path(&name, self.string(), &BTreeSet::new()).unwrap()
    }

    fn derivation(&mut self) -> ValidatedDerivation {
        let mut drv = DerivationBuilder::new("drv", "x86_64-linux", format!("/{}", self.string()));
        if self.below(8) == 0 {
            let hash = hash_bytes(HashAlgorithm::Sha1, self.string().as_bytes());
            let ca = CAHash::Nar(hash);
            drv = drv.output("out", Output::Fixed { ca });
        } else {
            drv = drv.output("out", FLOATING_TREE);
            let outputs = self.list(|r| match r.below(2) {
                0 => (r.name(), FLOATING_TREE),
                _ => (r.name(), FLOATING_TEXT),
            });
            drv.outputs_mut().extend(outputs);
        }
        let inputs = self.list(|r| {
            let more = r.list(Self::name).into_iter();
            let outputs = more.chain([r.name()]);
            (r.path(), InputDerivation::new(outputs))
        });
        drv.input_derivations_mut().extend(inputs);
        let sources = self.list(Self::path);
        drv.input_sources_mut().extend(sources);
        *drv.arguments_mut() = self.list(Self::string);
        let variables = self.list(|r| (format!("v{}", r.string()), r.string().into_bytes()));
        drv.environment_mut().extend(variables);
        if self.below(2) == 0 {
            let attributes = serde_json::json!({ "b": self.string(), "a": [self.below(9)] });
            let attributes = StructuredAttrs::from_json_bytes(attributes.to_string());
            *drv.structured_attrs_mut() = Some(attributes.unwrap());
        }
        drv.build().unwrap()
    }

    /// Replaces, removes, inserts or repeats a few characters.
    fn mutate(&mut self, text: &str) -> String {
        const NOISE: [char; 12] = ['"', '\\', '(', ')', '[', ']', ',', 'a', '0', '/', 'ü', '\n'];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(characters.len());
            match self.below(4) {
                0 => characters[at] = NOISE[self.below(12)],
                1 => drop(characters.remove(at)),
                2 => characters.insert(at, NOISE[self.below(12)]),
                _ => characters.truncate(at + 1),
            }
        }
        characters.into_iter().collect()
    }
}

fn text(drv: &ValidatedDerivation) -> String {
    String::from_utf8(drv.to_aterm_bytes()).unwrap()
}

fn parse(text: &str) -> Result<Derivation, dyndrv::drv::Error> {
    Derivation::from_aterm_bytes(text.as_bytes(), "drv")
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2_000 {
        let drv = random.derivation();
        let text = text(&drv);
        assert_eq!(parse(&text).as_ref(), Ok(drv.as_derivation()), "{text}");
        assert_eq!(parse(&text).unwrap().drv_path().unwrap(), drv.drv_path());
    }
}

/// Nix takes other spellings too, and then has one of its own.
#[test]
fn what_is_read_has_one_spelling() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let text = text(&random.derivation());
        let mutated = random.mutate(&text);
        if let Ok(drv) = parse(&mutated) {
            let written = drv.to_aterm_bytes();
            let again = Derivation::from_aterm_bytes(&written, "drv").unwrap();
            assert_eq!(again, drv, "{mutated}");
            assert_eq!(again.to_aterm_bytes(), written, "{mutated}");
            accepted += 1;
        }
    }
    assert!(
        accepted > 500,
        "only {accepted} mutations were still derivations"
    );
}

#[test]
fn every_end_that_is_cut_off_is_missed() {
    let mut random = Random(0xd1b5_4a32_d192_ed03);
    for _ in 0..50 {
        let text = text(&random.derivation());
        for (end, _) in text.char_indices() {
            assert!(parse(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }
}
