//! Properties of the ATerm parser and printer, over generated derivations.
#![allow(clippy::unwrap_used)]

use dyndrv::drv::{
    derivation::{Derivation, Output},
    store_path::StorePath,
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

    fn path(&mut self) -> StorePath {
        let name = format!("p{}.drv", self.below(50));
        StorePath::text(&name, self.string(), &BTreeSet::new()).unwrap()
    }

    fn output(&mut self) -> Output {
        match self.below(5) {
            0 => Output::FloatingNar,
            1 => Output::FloatingText,
            2 => Output::Deferred,
            3 => Output::InputAddressed(self.path()),
            _ => Output::Fixed {
                path: self.path(),
                algorithm: "r:sha256".into(),
                hash: "00ff".into(),
            },
        }
    }

    fn derivation(&mut self) -> Derivation {
        Derivation {
            outputs: self
                .list(|r| (r.string(), r.output()))
                .into_iter()
                .collect(),
            input_drvs: self
                .list(|r| (r.path(), r.list(Self::string).into_iter().collect()))
                .into_iter()
                .collect(),
            input_srcs: self.list(Self::path).into_iter().collect(),
            system: self.string(),
            builder: self.string(),
            args: self.list(Self::string),
            env: self
                .list(|r| (r.string(), r.string()))
                .into_iter()
                .collect(),
        }
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

#[test]
fn what_is_printed_is_parsed_to_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2_000 {
        let drv = random.derivation();
        let text = drv.to_aterm();
        assert_eq!(Derivation::parse(&text).as_ref(), Ok(&drv), "{text}");
    }
}

/// A text that differs must not give a path that Nix would not give.
#[test]
fn what_is_parsed_is_printed_to_the_same() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let text = random.derivation().to_aterm();
        let mutated = random.mutate(&text);
        if let Ok(drv) = Derivation::parse(&mutated) {
            assert_eq!(drv.to_aterm(), mutated);
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
        let text = random.derivation().to_aterm();
        for (end, _) in text.char_indices() {
            assert!(Derivation::parse(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }
}
